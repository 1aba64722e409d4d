"""The market asked about one campus, or about the load of a national study: what it does to others as it is planned,
beside the same load taken flat from the grid, and in every area in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue, load_catalogue
from kiban.catalogue.sites import AREAS
from kiban.errors import Problem, ScenarioError, nearest
from kiban.market.adequacy import Adequacy, find_adequacy
from kiban.market.areas import MARKET_AREAS
from kiban.market.bid_curves import MOST_BID_LOAD_MW
from kiban.market.bills import BillEffects, share_bills
from kiban.market.customers import load_customers
from kiban.market.fuel_imports import FuelImports, find_fuel_imports
from kiban.market.hours import synthetic_hours
from kiban.market.impact import MarketImpact, VariantImpact, compare_years, find_fast_impact, find_impact
from kiban.market.long_run import LongRunImpact, find_long_run_impact
from kiban.market.placements import CampusDraw, Placement, place_everywhere
from kiban.market.year import clear_year, default_case
from kiban.messages import Message
from kiban.progress import Report, say_nothing

if TYPE_CHECKING:
    from kiban.scenario.national import NationalScenario

ALL_AREAS = "all"
UNCONNECTED_AREAS = tuple(area for area in AREAS if area not in MARKET_AREAS)
Basis = Literal["load", "plan", "connections", "sites", "national_plan"]
"""What the hours of the load come from: a number, a plan's hours, the connections or sites that a study names, or the
yearly imports of a national plan."""


@dataclass(frozen=True, slots=True, eq=False)
class CampusLoad:
    """What is asked: `load_mw` is `(areas,)` or `(hours, areas)`, MW drawn from the grid as it is planned."""

    name: str
    basis: Basis
    load_mw: Array
    draw: CampusDraw
    flat_mw: Array | None = None
    """The whole load taken flat from the grid where it stands, `(areas,)`; None where `load_mw` is just that."""
    left_out: tuple[str, ...] = ()
    """Sites in no area of the market, whose load stands at the others."""


@dataclass(frozen=True, slots=True, eq=False)
class BeyondShortRun:
    """What a year of the plants that are there does not say: what enters for the load, and how often load is lost."""

    long_run: LongRunImpact
    adequacy_before: Adequacy
    adequacy_after: Adequacy


@dataclass(frozen=True, slots=True, eq=False)
class CampusImpact:
    """The answer. `inflexible` is the same load taken flat from the grid, None where it is so already or not known.

    `average_emissions_t` is the energy drawn at the published mean factor of its area.
    """

    asked: CampusLoad
    impact: MarketImpact
    inflexible: VariantImpact | None
    placements: tuple[Placement, ...]
    average_emissions_t: float
    bills: BillEffects
    beyond: BeyondShortRun | None = None
    fuel: FuelImports | None = None
    """Fuel that is imported more, in the central variant; None where no market was cleared."""


def bare_load(load_mw: float, area: str, flexible_share: float = 0.0, delay_hours: float = 0.0) -> CampusLoad:
    """A flat load in an area, or over `all` of them as their demand is, of which a share may wait for some hours.

    Raises `ScenarioError` for an area without an exchange, or one that is not known.
    """
    load = np.zeros(len(MARKET_AREAS))
    if area == ALL_AREAS:
        demand = synthetic_hours(load_catalogue()).demand_mw.sum(axis=0)
        load += load_mw * demand / demand.sum()
    else:
        load[place_of(area, "--area")] = load_mw
    return CampusLoad("", "load", load, CampusDraw(load_mw, flexible_share, delay_hours))


def place_of(area: str | None, key: str = "site.area") -> int:
    """Where an area stands in the market; raises `ScenarioError` for one that is not of it."""
    if area in MARKET_AREAS:
        return MARKET_AREAS.index(area)
    if area in UNCONNECTED_AREAS:
        raise ScenarioError(Problem("impact.no_exchange", key=key, area=str(area), names=MARKET_AREAS))
    near = nearest(area or "", MARKET_AREAS)
    remedy = "nearest" if near else "choose"
    raise ScenarioError(Problem("no_area", key=key, remedy=remedy, name=area or "", near=near, names=MARKET_AREAS))


def load_of_study(study: NationalScenario, catalogue: Catalogue) -> CampusLoad:
    """The IT load of a study in its last phase, flat, shared over the areas of the sites that it names.

    The shares are those of the connections that it names; without any, each site counts the same. Sites in areas
    without an exchange are left out, and named.
    """
    last = len(study.years) - 1
    loads = [tranche.load_mw(last) for tranche in study.tranche]
    weights = np.zeros(len(MARKET_AREAS))
    connections = [site for site in study.site if site.enabled and site.connection_mw]
    names = [site.id for site in study.site if site.enabled] or study.national.sites or catalogue.sites
    weighed = [(site.id, site.connection_mw or 0.0) for site in connections] or [(name, 1.0) for name in names]
    own = {site.id: site.area for site in study.site}
    left_out: list[str] = []
    for name, weight in weighed:
        area = own.get(name) or (catalogue.sites[name].area if name in catalogue.sites else None)
        if area in MARKET_AREAS:
            weights[MARKET_AREAS.index(area)] += weight
        else:
            left_out.append(name)
    if not weights.any():
        raise ScenarioError(Problem("impact.no_site", key="site"))
    waits = [tranche.deferrable_share * load for tranche, load in zip(study.tranche, loads, strict=True)]
    delay = max((tranche.max_delay_hours for tranche in study.tranche if tranche.deferrable_share), default=0)
    total = sum(loads)
    draw = CampusDraw(total, sum(waits) / total if total else 0.0, delay)
    basis: Basis = "connections" if connections else "sites"
    return CampusLoad(study.national.name, basis, total * weights / weights.sum(), draw, left_out=tuple(left_out))


def ask_market(
    asked: CampusLoad,
    catalogue: Catalogue,
    *,
    fast: bool = False,
    everywhere: bool = False,
    long_run: bool = False,
    report: Report = say_nothing,
) -> CampusImpact:
    """The impact on the year of the catalogue; `fast` by bid curves alone, `everywhere` also in each area in turn.

    `long_run`: also with plants that enter, and with the load that is lost when units are out.
    """
    hours = synthetic_hours(catalogue)
    flat, placements, beyond, fuel = asked.flat_mw, tuple[Placement, ...](), None, None
    if fast:
        impact = find_fast_impact(catalogue, hours, asked.load_mw)
        # The bids may know what a campus draws, and not its whole load.
        known = None if flat is None or flat.sum() > MOST_BID_LOAD_MW else flat
        inflexible = None if known is None else find_fast_impact(catalogue, hours, known).central
    else:
        case = default_case(catalogue, hours)
        impact = find_impact(case, asked.load_mw, report=report)
        assert impact.before is not None
        assert impact.after is not None
        fuel = find_fuel_imports(impact.before, impact.after)
        inflexible = None
        if flat is not None:
            report(Message("progress.impact_flat"))
            after = clear_year(case, flat, impact.before.price_yen_per_kwh)
            inflexible = compare_years(impact.before, after, np.broadcast_to(flat, hours.demand_mw.shape))
        if everywhere:
            placements = place_everywhere(impact.before, asked.draw, UNCONNECTED_AREAS, report)
        if long_run:
            report(Message("progress.impact_adequacy"))
            adequacy = find_adequacy(case), find_adequacy(case, asked.load_mw)
            report(Message("progress.impact_long_run"))
            beyond = BeyondShortRun(find_long_run_impact(case, asked.load_mw), *adequacy)
    factors = np.array([catalogue.value(f"grid.{area}.emission_factor") for area in MARKET_AREAS])
    mean_t = float(impact.load_mwh_by_area @ factors)
    bills = share_bills(impact, load_customers(catalogue, impact.areas))
    return CampusImpact(asked, impact, inflexible, placements, mean_t, bills, beyond, fuel)
