"""Levelised costs: the constant real price at which a project without debt just pays after tax.

By IT MWh, GPU-hour and million tokens for compute; by MWh of the facility for its power alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import project_cash_flow
from kiban.finance.metrics import npv_at_base
from kiban.finance.project import Project, RevenueStream
from kiban.planning.compute_load import TOKEN_ENERGY
from kiban.policy.terms import ASSET_GROUPS
from kiban.quantities import YEN_PER_MYEN

COMPUTE_ASSETS = frozenset((*ASSET_GROUPS["datacentre"], *ASSET_GROUPS["compute"]))
JOULE_PER_MWH = 3.6e9
TOKENS = 1e6
NO_CHIP = "none"
PRICE_TOLERANCE = 1e-12
"""How closely a price is found, as a share of what is spent a year on a MWh."""


@dataclass(frozen=True, slots=True)
class LevelisedCost:
    """Levelised cost of compute at prices of the start year."""

    myen_per_it_mwh: float
    yen_per_gpu_hour: float | None
    power_myen_per_mwh: float | None
    """Of the power alone, per MWh that the facility uses."""

    def yen_per_million_tokens(self, it_energy_j_per_token: float) -> float:
        """Cost of a million output tokens whose IT energy each is given, servers included."""
        return self.myen_per_it_mwh * YEN_PER_MYEN * it_energy_j_per_token * TOKENS / JOULE_PER_MWH


def token_costs(cost: LevelisedCost, catalogue: Catalogue, chip: str) -> dict[str, float]:
    """Yen per million output tokens by number format, with the catalogue's energy per token and the chip's servers.

    The energy is that of a 70-billion-parameter model served in large batches, as for tranches that count tokens.
    Nothing where the scenario leaves chips out (`none`).
    """
    if chip == NO_CHIP:
        return {}
    servers = catalogue.value(f"chip.{chip}.server_power_factor")
    return {
        precision: cost.yen_per_million_tokens(catalogue.value(fact) * servers)
        for precision, fact in TOKEN_ENERGY.items()
    }


def levelised_cost(project: Project, assumptions: FinanceAssumptions) -> LevelisedCost:
    """Levelised cost of the compute that a project sells, one price for all of its streams."""
    price = break_even_price(project, assumptions)
    hours = project.gpu_hours_per_year
    per_hour = None if not hours else price * project.it_energy_mwh_per_year / hours * YEN_PER_MYEN
    power = None
    if project.facility_energy_mwh_per_year > 0:
        power = break_even_price(power_of(project), assumptions)
    return LevelisedCost(price, per_hour, power)


def common_levelised_cost(projects: Sequence[Project], assumptions: FinanceAssumptions) -> LevelisedCost:
    """Levelised cost of the compute of several projects that need not start together, at prices of their base year."""
    price = common_break_even_price(projects, assumptions, all_streams=True)
    hours = [project.gpu_hours_per_year for project in projects]
    known = [value for value in hours if value]
    sold = sum(project.it_energy_mwh_per_year for project in projects)
    per_hour = price * sold / sum(known) * YEN_PER_MYEN if len(known) == len(hours) else None
    using = [power_of(project) for project in projects if project.facility_energy_mwh_per_year > 0]
    power = common_break_even_price(using, assumptions, all_streams=True) if using else None
    return LevelisedCost(price, per_hour, power)


def power_of(project: Project) -> Project:
    """The power supply of a project as a project of its own that sells to the facility.

    As in a plan's power cost, all but buildings, their equipment and chips is power.
    """
    return replace(
        project,
        assets=tuple(asset for asset in project.assets if asset.asset not in COMPUTE_ASSETS),
        streams=(RevenueStream("facility", project.facility_energy_mwh_per_year, None),),
    )


def break_even_price(project: Project, assumptions: FinanceAssumptions, *, all_streams: bool = True) -> float:
    """Constant real price (million yen/MWh) of all that is sold at which the project without debt just pays after tax.

    Its net present value is zero there. Without `all_streams` it is the price of what has none of its own, beside the
    prices of the rest. ScenarioError where nothing is sold.
    """
    return common_break_even_price((project,), assumptions, all_streams=all_streams)


def common_break_even_price(
    projects: Sequence[Project], assumptions: FinanceAssumptions, *, all_streams: bool
) -> float:
    """One price at which several projects without debt, each with tax of its own, together just pay after tax.

    They need not start together: each is counted at the rate of its own law, in the base year of its prices.
    """
    if not any(project.it_energy_mwh_per_year > 0 for project in projects):
        raise ScenarioError(Problem("finance.sells_nothing", key="tranche"))
    unlevered = replace(assumptions, debt_share=0.0)
    rates = [assumptions.discount_rate_after_tax(project.policy, project.start_year) for project in projects]

    def value(price: float) -> float:
        worth = 0.0
        for project, rate in zip(projects, rates, strict=True):
            flow = project_cash_flow(project.priced(price, all_streams=all_streams), unlevered).project_flow
            worth += float(npv_at_base(rate, flow, project.years_after_base))
        return worth

    return find_price(projects, assumptions, value)


def levered_price(project: Project, assumptions: FinanceAssumptions) -> float:
    """The same price where the project is financed as the assumptions say: equity just earns the return that it asks.

    Debt is sized anew at each price, so that a dearer MWh carries more of it; the price is that of the first operating
    year before its path and its growth. ScenarioError where nothing is sold.
    """
    return common_levered_price((project,), assumptions, all_streams=True)


def common_levered_price(projects: Sequence[Project], assumptions: FinanceAssumptions, *, all_streams: bool) -> float:
    """One price at which the equity of several projects, each with debt of its own, together earns what it asks.

    Without `all_streams` it is the price of what has none of its own, beside the prices of the rest.
    """
    if not any(project.it_energy_mwh_per_year > 0 for project in projects):
        raise ScenarioError(Problem("finance.sells_nothing", key="tranche"))
    # On the way to the price no cash flow may carry debt; that is no error of the user's.
    financed = replace(assumptions, insists_on_debt=False)

    def value(price: float) -> float:
        flows = (project_cash_flow(one.priced(price, all_streams=all_streams), financed) for one in projects)
        rate = assumptions.equity_rate
        return sum(float(npv_at_base(rate, flow.equity_flow, flow.project.years_after_base)) for flow in flows)

    return find_price(projects, assumptions, value)


def find_price(projects: Sequence[Project], assumptions: FinanceAssumptions, value: Callable[[float], float]) -> float:
    """Price, million yen/MWh, at which a value that rises with it is zero."""
    energy = sum(project.it_energy_mwh_per_year for project in projects)
    spent = 0.0
    for project in projects:
        spent += sum(asset.capex_myen for asset in project.assets) / assumptions.horizon_years
        spent += sum(abs(cost) for cost in project.operating_costs_myen_per_year.values())
        spent += sum(asset.fixed_om_myen_per_year + asset.network_charge_myen_per_year for asset in project.assets)
    return find_root(value, max(spent, energy * PRICE_TOLERANCE) / energy)


def find_root(value: Callable[[float], float], guess: float) -> float:
    """Root of a rising function without end, by Brent's method in a bracket that grows from 0 and the guess (above 0).

    Exact to twelve digits of the guess or of the root, whichever is the larger.
    """
    from scipy.optimize import brentq

    # Brent's method asks for the ends of its bracket again, and each is a whole cash flow.
    at = cache(value)
    low, high = 0.0, guess
    while at(high) < 0:
        low, high = high, 2.0 * high + guess
    while at(low) > 0:
        low, high = 2.0 * low - guess, low
    return brentq(at, low, high, xtol=PRICE_TOLERANCE * guess)
