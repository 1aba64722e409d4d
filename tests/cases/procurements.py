"""Random ways to buy power for a site of the tests: menus with every kind of peak charge, plants, certificates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kiban.planning.procured import CertificateResource, PlantResource, ProcurementResource, WayResource
from kiban.planning.resources import Resources

PERIODS = 4


def with_procurement(site: Resources, seed: int, *, claims: bool = True) -> Resources:
    """The site where its grid energy is bought some way; every number is drawn from a continuous range."""
    assert site.grid is not None
    rng = np.random.default_rng(1000 + seed)
    steps, weight = site.steps, site.step_weight_h
    market = site.grid.price_myen_per_mwh
    period_of_step = np.minimum(np.arange(steps) * PERIODS // steps, PERIODS - 1)
    surcharge, network = rng.uniform(0.003, 0.004), rng.uniform(0.0007, 0.001)
    ways = (
        WayResource("list", market.mean() * rng.uniform(0.7, 1.0, steps), rng.uniform(2.0, 8.0), bundled=True),
        WayResource("seasonal", market * rng.uniform(0.8, 1.0), rng.uniform(1.0, 6.0), ratchet_share=0.6),
        WayResource("monthly", market * rng.uniform(0.8, 1.0), rng.uniform(1.0, 6.0), ratchet_share=0.0),
        WayResource("market", market / 0.987 + 0.0007, max_mw=rng.uniform(0.3, 0.8) * float(site.firm_mw.max())),
    )
    plants = tuple(_draw_plant(name, way, rng, market, weight, surcharge) for name, way in PLANTS.items())
    return replace(
        site,
        grid=replace(
            site.grid,
            price_myen_per_mwh=np.full(steps, surcharge + network),
            surcharge_myen_per_mwh=surcharge,
            network_charge_myen_per_mwh=network,
        ),
        procurement=ProcurementResource(
            ways=ways,
            plants=plants,
            period_of_step=period_of_step,
            period_months=tuple(range(1, PERIODS + 1)),
            market_price_myen_per_mwh=market,
            demand_myen_per_mw=rng.uniform(0.1, 0.9, PERIODS),
            demand_ratchet_share=float(rng.choice([0.0, 0.5, 1.0])),
            capacity_myen_per_mw=np.array([rng.uniform(0.5, 2.0), 0.0, rng.uniform(0.5, 2.0), 0.0]),
            certificates=(CertificateResource("fit", 0.0004, 0.2 * 8760.0 * float(site.firm_mw.max())),
                          CertificateResource("non_fit_renewable", 0.0012, np.inf)) if claims else (),
            claim_share=float(rng.uniform(0.5, 0.95)) if claims else None,
        ),
    )  # fmt: skip


PLANTS = {"solar": "physical", "across": "physical", "swap": "virtual", "own": "self_wheeling"}


def _draw_plant(
    name: str, way: str, rng: np.random.Generator, market: np.ndarray, weight: float, surcharge: float
) -> PlantResource:
    availability = rng.uniform(0.0, 0.6, market.size)
    generated = float(availability.sum()) * weight
    there = market * rng.uniform(0.7, 1.1) if name == "across" else market
    sold = way != "self_wheeling"
    loss = rng.uniform(0.01, 0.03)
    own = way == "self_wheeling"
    return PlantResource(
        name=name,
        way=way,
        availability=availability,
        min_mw=rng.uniform(0.0, 0.3) if name == "swap" else 0.0,
        max_mw=rng.uniform(5.0, 20.0),
        loss_share=loss,
        paid_myen_per_mw=0.0 if own else generated * market.mean() * rng.uniform(0.8, 1.1),
        balancing_myen_per_mw=generated * 0.0005,
        sold_myen_per_mw=float(availability @ there) * weight if sold else 0.0,
        generation_charge_myen_per_mw=rng.uniform(0.5, 1.5),
        annual_cost_myen_per_mw=rng.uniform(10.0, 20.0) if own else 0.0,
        delivered_myen_per_mwh=market / (1.0 - loss) if sold else np.zeros(market.size),
        exempt_myen_per_mwh=surcharge if own else 0.0,
        generated_mwh_per_mw=generated,
    )
