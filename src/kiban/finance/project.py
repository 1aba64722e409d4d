"""A plan as an investor sees it: what is bought, what is sold, what is spent each year, and under which law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kiban.errors import Problem, ScenarioError
from kiban.finance.load_contract import Connected, read_contract
from kiban.planning.plan import Investment, Plan
from kiban.policy.terms import ASSETS, AssetTerms, DepreciationTerms, PolicyTerms, TaxTerms
from kiban.quantities import KW_PER_MW

SITE_ACCOUNTS = ("hazard", "downtime", "land_rent", "site", "latency", "reinforcement")
"""Yearly costs of a site in a national plan beside its programme."""
POWER_BOUGHT = ("retail_energy", "market_energy", "ppa_market")
"""What is bought by the MWh, where a plan says which way: it follows the load."""
PROCUREMENT_ACCOUNTS = (
    *POWER_BOUGHT, "retail_basic", "demand_charge", "capacity_contribution", "ppa", "balancing", "certificates",
    "generation_charge", "imbalance",
)  # fmt: skip
"""Costs of what is bought by menus, contracts and certificates."""
OPERATING_ACCOUNTS = (
    "energy", "export_revenue", "flexibility_revenue", "throughput", "fuel", "carbon", "water", "unserved",
    *PROCUREMENT_ACCOUNTS, *SITE_ACCOUNTS,
)  # fmt: skip
"""Costs of a plan that are no capital and no fixed charge; revenue from exports and from flexibility is negative."""
MEASURED_ACCOUNTS = ("energy", "fuel", "carbon", "water", *POWER_BOUGHT)
"""Operating costs that follow the load when less is used than planned."""
BASE_STREAM = "base_load"
LEAST_ENERGY_SHARE = 1e-9
"""Share of the IT energy below which what tranches leave is a rounding and no load of its own."""


@dataclass(frozen=True, slots=True)
class ProjectAsset:
    """An asset that is bought and replaced; million yen at constant prices. `asset` is its class in the law."""

    name: str
    asset: str
    capex_myen: float
    life_years: float
    fixed_om_myen_per_year: float = 0.0
    network_charge_myen_per_year: float = 0.0
    waits_years: int = 0
    """Operating years of the project that pass before the asset is there: it is ordered and bought so much later."""


@dataclass(frozen=True, slots=True)
class RevenueStream:
    """Compute that is sold: MWh of IT load a year at a constant real price; None where it is still to be found."""

    name: str
    it_energy_mwh_per_year: float
    price_myen_per_mwh: float | None
    worth_myen_per_mwh: float | None = None
    """What it is worth to its buyers, where that is not what they pay."""


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that the cash flow takes from a plan; yearly amounts at constant prices of the start year."""

    name: str
    assets: tuple[ProjectAsset, ...]
    streams: tuple[RevenueStream, ...]
    operating_costs_myen_per_year: Mapping[str, float]
    policy: PolicyTerms
    start_year: int
    clean_output_mwh_per_year: Mapping[str, float] = field(default_factory=dict)
    """By name of the asset that may earn a production credit."""
    facility_energy_mwh_per_year: float = 0.0
    gpu_hours_per_year: float | None = None
    contract: Connected | None = None
    """What is promised to the network; None without a contract."""
    years_after_base: int = 0
    """Years from the year whose prices all amounts have, and to which present values are taken, to `start_year`."""
    waiting_years: int = 0
    """First operating years in which the costs are others: until the connection is there."""
    waiting_costs_myen_per_year: Mapping[str, float] = field(default_factory=dict)
    """By account, in the place of `operating_costs_myen_per_year` in those years."""

    @property
    def it_energy_mwh_per_year(self) -> float:
        """IT energy that is sold, MWh a year."""
        return sum(stream.it_energy_mwh_per_year for stream in self.streams)

    def priced(self, price_myen_per_mwh: float, *, all_streams: bool = False) -> Project:
        """The same project where streams without a price (or all) sell at this one."""
        return replace(
            self,
            streams=tuple(
                replace(stream, price_myen_per_mwh=price_myen_per_mwh)
                if all_streams or stream.price_myen_per_mwh is None
                else stream
                for stream in self.streams
            ),
        )


UNTAXED = PolicyTerms(
    name="none",
    title_en="before tax",
    title_ja="税引前",
    tax=TaxTerms("none", 0.0, {"national_treasury": 1.0}, 1.0, None, 1.0),
    assets={asset: AssetTerms(DepreciationTerms("none", 1), DepreciationTerms("none", 1)) for asset in ASSETS},
)
"""No tax and no support: what holds for a plan that was designed before tax."""


def project_from_plan(plan: Plan) -> Project:
    """The project behind an optimal plan; the load that has no price of its own is left to be priced.

    Capital costs leave the plan's yearly costs and come back as purchases; revenue of tranches likewise.
    ScenarioError where the plan has no design.
    """
    if plan.status != "optimal":
        raise ScenarioError(Problem("finance.no_design", where=plan.scenario.name))
    streams = [
        RevenueStream(
            tranche.name,
            tranche.it_energy_mwh_per_year,
            None if tranche.sold_as_load else tranche.price_myen_per_mwh,
            tranche.price_myen_per_mwh if tranche.sold_as_load else None,
        )
        for tranche in plan.tranches
        if tranche.it_energy_mwh_per_year > 0
    ]
    it_energy, kw_per_gpu = plan.indicators["it_energy_mwh_per_year"], plan.indicators.get("it_power_kw_per_gpu")
    rest = it_energy - sum(stream.it_energy_mwh_per_year for stream in streams)
    if rest > it_energy * LEAST_ENERGY_SHARE:
        streams.insert(0, RevenueStream(BASE_STREAM, rest, None))
    return Project(
        name=plan.scenario.name,
        assets=_assets_of(plan),
        streams=tuple(streams),
        operating_costs_myen_per_year=_operating_costs(plan),
        policy=plan.policy or UNTAXED,
        start_year=plan.scenario.policy.start_year,
        clean_output_mwh_per_year=_clean_output(plan),
        facility_energy_mwh_per_year=plan.indicators["load_mwh_per_year"],
        gpu_hours_per_year=None if kw_per_gpu is None else it_energy * KW_PER_MW / kw_per_gpu,
        contract=read_contract(plan),
    )


def _clean_output(plan: Plan) -> dict[str, float]:
    """Clean output by asset; two supply options that are one asset are counted together."""
    names = {investment.capacity: name for investment, name in zip(plan.investments, _names(plan), strict=True)}
    output: dict[str, float] = {}
    for capacity, energy in plan.clean_output_mwh_per_year.items():
        if capacity in names:
            output[names[capacity]] = output.get(names[capacity], 0.0) + energy
    return output


def _names(plan: Plan) -> list[str]:
    """Name of the asset of each investment: its class, and its capacity where assets of one class have two lives."""
    keys = [(investment.asset, _life(investment)) for investment in plan.investments]
    lives: dict[str, set[float]] = {}
    for asset, life in keys:
        lives.setdefault(asset, set()).add(life)
    first: dict[tuple[str, float], str] = {}
    for key, investment in zip(keys, plan.investments, strict=True):
        first.setdefault(key, investment.capacity)
    return [asset if len(lives[asset]) == 1 else f"{asset}_{first[asset, life]}" for asset, life in keys]


def _life(investment: Investment) -> float:
    """Life that tells assets of a class apart; what is hired has none."""
    return investment.life_years if investment.capex_myen else 0.0


def _assets_of(plan: Plan) -> tuple[ProjectAsset, ...]:
    """Investments, one asset for each class and life."""
    found: dict[str, ProjectAsset] = {}
    for name, investment in zip(_names(plan), plan.investments, strict=True):
        known = found.get(name) or ProjectAsset(name, investment.asset, 0.0, investment.life_years)
        found[name] = replace(
            known,
            capex_myen=known.capex_myen + investment.capex_myen,
            fixed_om_myen_per_year=known.fixed_om_myen_per_year + investment.fixed_om_myen_per_year,
            network_charge_myen_per_year=known.network_charge_myen_per_year + investment.network_charge_myen_per_year,
        )
    return tuple(found.values())


def _operating_costs(plan: Plan) -> dict[str, float]:
    return {account: plan.costs[account] for account in OPERATING_ACCOUNTS if plan.costs.get(account)}
