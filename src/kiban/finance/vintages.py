"""What is built at one site in one phase of a national study, as a project of its own: a vintage.

Each vintage has its own dates. Its first spade is as many years after the start year of the study as its phase comes
after the first; it is acquired, comes into service, is written off and taxed under the law of those years, has a loan
of its own, and is operated for the whole horizon, as a campus that is built at once. All amounts are at the prices of
the study's start year, and so are present values.

A vintage that waits for its connection hires its power: until then its owner pays what the study counts for temporary
supply, fuel and wear, and buys the plant of the connected design when the connection comes, out of its own money. The
servers and their building are there from the first year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kiban.finance.levelised import COMPUTE_ASSETS
from kiban.finance.national_demand import Curve, by_curve, sold_at_the_load_price
from kiban.finance.project import OPERATING_ACCOUNTS, Project, project_from_plan
from kiban.national.result.design import block_design, built_blocks, waiting_design
from kiban.national.result.plan import served
from kiban.national.search.incumbent import Incumbent
from kiban.national.study.problem import NationalProblem
from kiban.planning.plan import Plan
from kiban.policy.terms import PolicyTerms

HIRED = "temporary_supply"
"""Account of what is paid for supply until the connection is there."""


@dataclass(frozen=True, slots=True, eq=False)
class Vintage:
    """One block of a national plan with its design; `waiting` is what it runs on until its connection is ready."""

    name: str
    """Its site, and where the study has phases the year."""
    site: str
    plan: Plan
    gain: float
    """Work of one of its MW in MW of the first year's chips."""
    years_after_base: int
    waiting: Plan | None = None
    waiting_years: int = 0
    waiting_site_costs: tuple[tuple[str, float], ...] = ()
    """Costs beside the programme in those years, million yen a year by account."""

    @property
    def waiting_t_per_year(self) -> float:
        """Emissions a year until the connection is ready."""
        return 0.0 if self.waiting is None else self.waiting.indicators["emissions_t_per_year"]

    @property
    def project(self) -> Project:
        """Its project, whose load is left to be priced; a MWh that it sells is one of the first year's chips."""
        project = project_from_plan(self.plan)
        streams = tuple(
            replace(stream, it_energy_mwh_per_year=self.gain * stream.it_energy_mwh_per_year)
            for stream in project.streams
        )
        project = replace(project, streams=streams, years_after_base=self.years_after_base)
        if self.waiting is None:
            return project
        assets = tuple(
            asset if asset.asset in COMPUTE_ASSETS else replace(asset, waits_years=self.waiting_years)
            for asset in project.assets
        )
        costs = {name: self.waiting.costs[name] for name in OPERATING_ACCOUNTS if self.waiting.costs.get(name)}
        costs |= dict(self.waiting_site_costs)
        costs[HIRED] = hired_cost(self.waiting)
        return replace(project, assets=assets, waiting_years=self.waiting_years, waiting_costs_myen_per_year=costs)


def hired_cost(waiting: Plan) -> float:
    """What temporary supply costs a year, million yen: capital, upkeep and charges of all but servers and hall."""
    return sum(
        built.annual_capital_myen + built.fixed_om_myen_per_year + built.network_charge_myen_per_year
        for built in waiting.investments
        if built.asset not in COMPUTE_ASSETS
    )


def list_vintages_of(
    problem: NationalProblem,
    found: Incumbent,
    terms_of: Callable[[str], PolicyTerms],
    curves: Sequence[Curve] = (),
) -> tuple[Vintage, ...]:
    """What is built at each chosen site in each phase; `curves` are those of which steps are on offer."""
    amounts = by_curve(served(problem, found))
    made = []
    for number in built_blocks(problem, found):
        vintage = make_vintage(problem, found, number, terms_of(problem.name_of(problem.blocks[number])))
        tranches = sold_at_the_load_price(vintage.plan.tranches, curves, amounts)
        made.append(replace(vintage, plan=replace(vintage.plan, tranches=tranches)) if curves else vintage)
    return tuple(made)


def plans_of(vintages: Sequence[Vintage]) -> dict[str, Plan]:
    """Their plans by name."""
    return {vintage.name: vintage.plan for vintage in vintages}


def make_vintage(problem: NationalProblem, found: Incumbent, number: int, terms: PolicyTerms) -> Vintage:
    """The vintage of a built block; `terms` are those of the problem's costs."""
    block = problem.blocks[number]
    waits = waiting_design(problem, found, number, terms)
    vintage = Vintage(
        name=problem.name_of(block),
        site=problem.places[block.site].candidate.id,
        plan=block_design(problem, found, number, terms),
        gain=block.gain,
        years_after_base=problem.years_after_first(block),
    )
    if waits is None:
        return vintage
    waiting, costs = waits
    return replace(
        vintage,
        waiting=waiting,
        waiting_years=problem.waiting_years(block),
        waiting_site_costs=tuple(costs.items()),
    )
