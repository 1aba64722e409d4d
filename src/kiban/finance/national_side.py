"""A national plan under one package: each campus with its money and its ledger, and all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kiban.finance.campus import Campus
from kiban.finance.cash_flow import joint_flow
from kiban.finance.eligibility import Check, failing
from kiban.finance.ledger import Ledger
from kiban.finance.levelised import LevelisedCost
from kiban.finance.leverage import financed_share
from kiban.finance.metrics import irr
from kiban.finance.national_demand import by_curve
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.finance.vintages import Vintage
from kiban.national.result.plan import served
from kiban.national.search.incumbent import Incumbent
from kiban.national.study.problem import NationalProblem
from kiban.policy.terms import PolicyTerms
from kiban.scenario.package import Package


@dataclass(frozen=True, eq=False)
class NationalSide:
    """The national plan under one package: what is built where, its money, and who pays."""

    packages: tuple[Package, ...]
    terms: PolicyTerms
    """Of the packages as they stand."""
    terms_of: Callable[[str], PolicyTerms]
    """Of a campus by its name: without the instruments whose conditions it does not fulfil."""
    problem: NationalProblem
    """With the sites that were kept, at the costs under the package."""
    found: Incumbent
    bound_myen: float
    """What no plan costs less than, over all candidates, million yen a year."""
    vintages: tuple[Vintage, ...]
    """What is built at each site in each phase."""
    campuses: tuple[Campus, ...]
    """Each of them with its money."""
    levelised: LevelisedCost
    """Of all campuses together: the price at which the whole just pays."""
    credit_utilisation: Mapping[str, Mapping[str, float]]
    """By campus and asset class, the share of credits that the limits let its owner use."""
    checks: Mapping[str, tuple[Check, ...]]
    """By campus, what the measures behind the packages ask for, held against its plan."""
    known_mw: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By curve of further demand, the range that holds what is served of it, given the sites."""
    unsettled: float = 0.0
    """How far the share of credits still moved in the last round; 0 where design and finance agree."""

    @cached_property
    def ledger(self) -> Ledger:
        """All entries of all campuses; present values are of the start year."""
        return join_ledgers([campus.ledger for campus in self.campuses], self.problem.study.policy.start_year)

    @cached_property
    def loads(self) -> Mapping[str, float]:
        """IT load by site, MW."""
        loads: dict[str, float] = {}
        for campus in self.campuses:
            loads[campus.site] = loads.get(campus.site, 0.0) + campus.it_mw
        return loads

    @cached_property
    def choice_mw(self) -> Mapping[str, float]:
        """Load of all tranches by site, MW, as it was chosen."""
        return choice_loads(self.problem, self.found)

    @cached_property
    def served_mw(self) -> Mapping[str, float]:
        """What is served of each tranche in the last phase, MW."""
        return {name: values[-1] for name, values in self.served_by_phase_mw.items()}

    @cached_property
    def served_by_phase_mw(self) -> Mapping[str, tuple[float, ...]]:
        """What is served of each tranche in each phase, MW of the first year's chips."""
        return by_curve(served(self.problem, self.found))

    @property
    def refused(self) -> Mapping[tuple[str, int, str], tuple[str, ...]]:
        """Sites at which an instrument (package and number) does not apply, by the kind of condition that fails."""
        found: dict[tuple[str, int, str], list[str]] = {}
        for name, checks in self.checks.items():
            for check in checks:
                if check.status == "unmet":
                    found.setdefault((*check.instrument, check.condition.kind), []).append(name.partition(" ")[0])
        return {key: tuple(dict.fromkeys(sites)) for key, sites in found.items()}

    @property
    def refused_everywhere(self) -> frozenset[tuple[str, int]]:
        """Instruments, by package and number, that apply at no campus."""
        return frozenset.intersection(*(frozenset(failing(checks)) for checks in self.checks.values()))

    @cached_property
    def mean_utilisation(self) -> Mapping[str, float]:
        """Share of credits that can be used by asset class, the mean over all campuses by their load."""
        used: dict[str, float] = {}
        weights: dict[str, float] = {}
        for campus in self.campuses:
            for asset, share in self.credit_utilisation[campus.name].items():
                used[asset] = used.get(asset, 0.0) + share * campus.it_mw
                weights[asset] = weights.get(asset, 0.0) + campus.it_mw
        return {asset: amount / weights[asset] for asset, amount in used.items()}

    @cached_property
    def financed_share(self) -> float:
        """Share of the capital in use that debt pays for, the mean over all campuses by their load."""
        load = sum(campus.it_mw for campus in self.campuses)
        return sum(campus.it_mw * financed_share(campus.cash) for campus in self.campuses) / load

    @property
    def total_mw(self) -> float:
        """All IT load that is served, MW."""
        return sum(self.served_mw.values())

    @property
    def equity_return(self) -> float | None:
        """Internal rate of return of all equity together; None where it has none."""
        return irr(joint_flow((campus.cash for campus in self.campuses), lambda cash: cash.equity_flow))

    @property
    def debt_myen(self) -> float:
        """Debt of all campuses."""
        return sum(campus.returns.debt_myen for campus in self.campuses)

    @property
    def cost_myen_per_year(self) -> float:
        """Yearly cost of all campuses."""
        return sum(campus.plan.cost_myen_per_year for campus in self.campuses)

    @property
    def clean_share(self) -> float:
        """Share of the load that clean energy meets hour by hour, over all campuses."""
        energy = [campus.plan.indicators["load_mwh_per_year"] for campus in self.campuses]
        shares = [campus.plan.indicators["clean_share"] for campus in self.campuses]
        return sum(share * mwh for share, mwh in zip(shares, energy, strict=True)) / sum(energy)

    @property
    def relative_gap(self) -> float:
        """Distance of the plan from the least cost of any plan, over its cost."""
        return (self.found.cost_myen - self.bound_myen) / max(1.0, abs(self.found.cost_myen))


def choice_loads(problem: NationalProblem, found: Incumbent) -> dict[str, float]:
    """Load of all tranches by site, MW, of a plan."""
    loads: dict[str, float] = {}
    for number, block in enumerate(problem.blocks):
        site = problem.places[block.site].candidate.id
        loads[site] = loads.get(site, 0.0) + float(found.choice.load_mw[number].sum())
    return loads


def join_ledgers(ledgers: Sequence[Ledger], base_year: int | None) -> Ledger:
    """One ledger of the entries of several."""
    entries = sorted((entry for ledger in ledgers for entry in ledger.entries), key=lambda entry: entry.year)
    return Ledger(tuple(entries), base_year)


def join_projects(projects: Mapping[str, Project]) -> Project:
    """Several campuses as one project, by site; an asset is named after its site, streams and costs add up."""
    first = next(iter(projects.values()))
    assets: list[ProjectAsset] = []
    streams: dict[str, RevenueStream] = {}
    costs: dict[str, float] = {}
    output: dict[str, float] = {}
    for site, project in projects.items():
        names = {asset.name: f"{asset.name} at {site}" if len(projects) > 1 else asset.name for asset in project.assets}
        assets += [replace(asset, name=names[asset.name]) for asset in project.assets]
        output |= {names[name]: mwh for name, mwh in project.clean_output_mwh_per_year.items() if name in names}
        for stream in project.streams:
            known = streams.get(stream.name)
            more = 0.0 if known is None else known.it_energy_mwh_per_year
            streams[stream.name] = replace(stream, it_energy_mwh_per_year=stream.it_energy_mwh_per_year + more)
        for account, amount in project.operating_costs_myen_per_year.items():
            costs[account] = costs.get(account, 0.0) + amount
    hours = [project.gpu_hours_per_year for project in projects.values()]
    known_hours = [value for value in hours if value is not None]
    return replace(
        first,
        name="all",
        assets=tuple(assets),
        streams=tuple(streams.values()),
        operating_costs_myen_per_year=costs,
        clean_output_mwh_per_year=output,
        facility_energy_mwh_per_year=sum(project.facility_energy_mwh_per_year for project in projects.values()),
        gpu_hours_per_year=sum(known_hours) if len(known_hours) == len(hours) else None,
    )
