"""One side of a package in many draws at once: priced, financed and posted as one campus is.

The same functions work as for one campus (`cash_flow`, `posting`), on columns with a value for each draw. What is left
here is what a single campus does by searching: the price at which owners earn what they ask, the rate that follows from
it, and the share of credits that can be used, each found for all draws together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from kiban.arrays import Array, powers, worth_of
from kiban.errors import SolverError
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.demand import ELASTIC
from kiban.finance.drawn_costs import Part, UnitCosts
from kiban.finance.drawn_design import YearlyCosts
from kiban.finance.drawn_model import MARKET, Built
from kiban.finance.drawn_purchases import Item
from kiban.finance.load_contract import Connected
from kiban.finance.metrics import npv
from kiban.finance.project import BASE_STREAM, Project, ProjectAsset, RevenueStream
from kiban.policy.terms import PolicyTerms

CLOSE_ROOT = 1e-11
"""Change of a price or rate, as a share of it, that is none."""
MOST_SECANTS = 60
LOGARITHMIC = 1e-9
"""Distance of an elasticity from 1 at which the sum of bids is a logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSide:
    """One side in every draw; money is million yen, each array (draws, 1) unless it says otherwise."""

    terms: PolicyTerms
    built: Built
    costs: YearlyCosts
    factors: Array
    """User costs of the parts (draws, parts)."""
    rate: Array
    """Of the design, real and before tax."""
    used: Mapping[str, Array]
    """Share of the credits of an asset class that the design takes to be usable."""
    cash: CashFlow
    price: Array
    """Of the load that has none of its own, million yen a MWh."""
    levelised: Array
    served_mw: Array
    """Beside the load."""
    worth: Array
    """Mean of the bids for what is served beside the load, million yen a MWh."""


def project_of(
    name: str,
    built: Built,
    capacities: Sequence[str],
    parts: Sequence[Part],
    units: UnitCosts,
    costs: YearlyCosts,
    policy: PolicyTerms,
    start_year: int,
    streams: tuple[RevenueStream, ...],
    contract: Connected | None = None,
    items: Sequence[Item] = (),
) -> Project:
    """The project of each draw's design at each draw's costs; as `project_from_plan`.

    A `contract` with the network is that of the design as planned; `items` are bought of others.
    """
    columns: dict[tuple[str, float], dict[str, Array]] = {}
    outputs: dict[str, Array] = {}
    names = {key: f"{key[0]}_{key[1]:g}" for key in dict.fromkeys((part.asset, part.life_years) for part in parts)}
    for place, part in enumerate(parts):
        column = capacities.index(part.capacity)
        quantity, key = built.quantities[:, [column]], (part.asset, part.life_years)
        if part.place == 0:
            output = outputs.get(names[key], np.zeros(quantity.shape))
            outputs[names[key]] = output + built.output_mwh[:, [column]]
        bought = columns.setdefault(key, dict.fromkeys(("capex", "fixed_om", "network"), np.zeros(quantity.shape)))
        for field in bought:
            bought[field] = bought[field] + quantity * getattr(units, field)[:, [place]]
    operating = {account: built.market[:, [place]] for place, account in enumerate(MARKET)}
    for place, item in enumerate(items):
        operating[item.account] = operating[item.account] + (costs.prices * built.bought)[:, [place]]
    operating["energy"] = operating["energy"] + costs.charge * built.import_mwh
    operating["carbon"] = costs.carbon * built.emissions_t
    found: Any = {
        "assets": tuple(
            ProjectAsset(names[key], key[0], cast(float, bought["capex"]), key[1], cast(float, bought["fixed_om"]),
                         cast(float, bought["network"]))
            for key, bought in columns.items()
        ),
        "operating_costs_myen_per_year": {account: cost for account, cost in operating.items() if np.any(cost)},
        "clean_output_mwh_per_year": outputs,
        "contract": contract,
    }  # fmt: skip
    return Project(name=name, streams=streams, policy=policy, start_year=start_year, **found)


def streams_of(firm_mwh: float, more_mwh: Array, worth: Array) -> tuple[RevenueStream, ...]:
    """The load, and what is served beside it at the same price; what that is worth to its users."""
    more = RevenueStream(ELASTIC, cast(float, more_mwh), None, cast(float, worth))
    return (RevenueStream(BASE_STREAM, firm_mwh, None), *((more,) if np.any(more_mwh) else ()))


def find_roots(value: Callable[[Array], Array], guess: Array) -> Array:
    """Root of a rising function in every draw (draws, 1), by secants within a bracket; SolverError where none is found.

    `value` works out all draws at once.
    """
    low, high = 0.99 * guess, guess
    at_low, at_high = value(low), value(high)
    for _ in range(MOST_SECANTS):
        slope = (at_high - at_low) / np.where(high == low, 1.0, high - low)
        step = np.where((high == low) | (slope <= 0), 0.0, -at_high / np.where(slope == 0, 1.0, slope))
        # Flat where debt changes: a step never leaves by more than half of where it is.
        step = np.clip(step, -0.5 * np.abs(high), 0.5 * np.abs(high))
        low, at_low = high, at_high
        high = high + step
        if np.all(np.abs(step) <= CLOSE_ROOT * np.abs(guess)):
            return high
        at_high = value(high)
    raise SolverError(
        f"{MOST_SECANTS} secants found no price in {int((np.abs(step) > CLOSE_ROOT * np.abs(guess)).sum())} draws"
    )


def levered_prices(project: Project, assumptions: FinanceAssumptions, guess: Array) -> Array:
    """Price of all that is sold at which equity just earns what it asks in each draw."""
    terms = replace(assumptions, insists_on_debt=False)
    return find_roots(
        lambda price: _npv(assumptions.equity_rate, priced_cash(project, price, terms).equity_flow), guess
    )


def break_even_prices(project: Project, assumptions: FinanceAssumptions, guess: Array) -> Array:
    """Price of all that is sold at which each draw's project without debt just pays after tax."""
    unlevered = replace(assumptions, debt_share=0.0)
    rate = assumptions.discount_rate_after_tax(project.policy, project.start_year)
    return find_roots(lambda price: _npv(rate, priced_cash(project, price, unlevered).project_flow), guess)


def weighted_rates(cash: CashFlow, guess: Array) -> Array:
    """Real rate before tax at which the projects without debt are worth nothing (draws, 1); `guess` likewise."""
    inflation, kept = cash.assumptions.inflation, 1.0 - cash.project.policy.tax.rate
    flow = cash.project_flow

    def less(nominal: Array) -> Array:
        return -_npv(nominal, flow)

    nominal = find_roots(less, (1.0 + guess * kept) * (1.0 + inflation) - 1.0)
    return np.asarray(((1.0 + nominal) / (1.0 + inflation) - 1.0) / kept)


def used_shares(cash: CashFlow) -> dict[str, Array]:
    """Share of the credits of each asset class that can be used in each draw (draws, 1), by present value."""
    factors = powers(1.0 + np.asarray(cash.discount_rate), -np.arange(len(cash.years), dtype=float))
    classes = {asset.name: asset.asset for asset in cash.project.assets}
    earned: dict[str, Array] = {}
    used: dict[str, Array] = {}
    for credit, use in zip(cash.credits_earned, cash.unlevered_tax.credits_used, strict=True):
        name = classes[credit.asset]
        for found, amount in ((earned, credit.amount_myen), (used, use.amount_myen)):
            found[name] = found.get(name, np.zeros(1)) + worth_of(amount, factors)
    return {
        name: np.minimum(np.divide(used[name], whole, out=np.ones(whole.shape), where=whole > 0), 1.0)[:, np.newaxis]
        for name, whole in earned.items()
    }


def mean_bid(price: Array, served_mw: Array, load_mw: float, elasticity: Array) -> Array:
    """Mean of the bids for what is served beside the load along a demand curve, as `FallingPrice` has it (draws, 1)."""
    grown = 1.0 + served_mw / load_mw
    power = 1.0 - 1.0 / elasticity
    flat = np.abs(power) < LOGARITHMIC
    area = np.where(flat, np.log(grown), (grown**power - 1.0) / np.where(flat, 1.0, power))
    some = np.where(served_mw > 0, served_mw, 1.0)
    return np.where(served_mw > 0, price * load_mw * area / some, price)


def worth_to_users(side: DrawnSide, rate: float) -> Array:
    """Present value at a real rate of what is served beside the load, at what its users bid (draws,)."""
    if ELASTIC not in side.cash.revenue:
        return np.zeros(len(side.price))
    years = np.arange(len(side.cash.years), dtype=float)
    paid = side.cash.revenue[ELASTIC] @ ((1.0 + rate) * (1.0 + side.cash.assumptions.inflation)) ** -years
    return np.asarray(paid * (side.worth / side.price)[:, 0])


def _npv(rate: float | Array, flow: Array) -> Array:
    return npv(np.asarray(rate) if np.ndim(rate) else rate, flow)[..., np.newaxis]


def priced_cash(project: Project, price: Array, assumptions: FinanceAssumptions) -> CashFlow:
    """The cash flows where all that is sold has this price."""
    return project_cash_flow(project.priced(cast(float, price), all_streams=True), assumptions)
