"""PAY for a national plan: the study under a package and without it, and who pays for the difference, where.

The sites are chosen at after-tax costs on each side, so that a package can move them. A package moves a site only if
that pays more than the gap of the search: while the sites without it are as good within the gap, they are kept, and
their sizes are then found to a tenth of the gap. Each chosen site is financed and posted as a campus of its own, by
the code for one campus. The load that must be served is sold at one price in the whole country: what it costs without
the package, less the part of any saving that competition passes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from kiban.catalogue import load_catalogue
from kiban.errors import KibanError, Problem, ScenarioError, SolverError
from kiban.finance.additionality import Support, measure_support
from kiban.finance.assumed_range import DemandAssumed
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.campus import (
    ELSEWHERE,
    NATIONAL,
    NO_SUPPORT,
    SAME_SERVED,
    Usable,
    finance_campus,
    fiscal_cost,
    load_price,
    read_campus_terms,
    serves_the_same,
    settle,
    usable_at,
)
from kiban.finance.demand import elastic_tranches
from kiban.finance.eligibility import Check, failing
from kiban.finance.levelised import levelised_cost
from kiban.finance.national_payment import NationalPayment
from kiban.finance.national_side import NationalSide, choice_loads, join_projects
from kiban.finance.participation import (
    MOST_RATE_ROUNDS,
    Participation,
    asked_return,
    at_rate,
    cost_plus_price,
    gives_rate,
    weighted_cost_of_capital,
)
from kiban.finance.project import project_from_plan
from kiban.messages import Message
from kiban.national.result.alternatives import least_moved
from kiban.national.result.common_cost import common_cost
from kiban.national.result.design import chosen_sites, nothing_built, site_design
from kiban.national.result.explanation import explain_infeasible
from kiban.national.result.plan import NationalPlan
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.cutting_planes import search
from kiban.national.search.incumbent import Incumbent
from kiban.national.search.master import write_master
from kiban.national.study.assembly import write_problem
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_cases import site_scenario, study_catalogue
from kiban.national.study.variants import energy_per_mw, offering, only, scaled, serving, under_terms
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.policy.capital import CapitalTerms
from kiban.policy.own_terms import resolve_for
from kiban.policy.package_terms import ORDINARY_PACKAGES, tax_law_of
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario, Tranche
from kiban.scenario.package import Package, load_package

SIZE_GAP_SHARE = 0.1
"""Part of the study's gap to which the sizes of chosen sites are found."""
MASTER_GAP = 1e-7
MORE_SHARE = 0.01
"""What is a little more of the load, beyond the gap to which sizes are found."""
SAME_RATE_OF_ALL = 5e-4
"""Change of the rate of the design, a year, that is none: each round is a search."""
SAME_FINANCED_OF_ALL = 1e-3
"""Change of the share that debt pays for which is none: each round is a search."""


class NationalInfeasibleError(KibanError):
    """The study has no plan; `plan` explains why."""

    def __init__(self, plan: NationalPlan) -> None:
        super().__init__("no national plan satisfies the limits of the study")
        self.plan = plan


class NationalQuestion:
    """A national study with its inputs at hand, asked under packages; what was solved is remembered."""

    def __init__(
        self,
        study: NationalScenario,
        *,
        against: Sequence[str | Package] = (NO_SUPPORT,),
        memory: CutPool | None = None,
        report: Report | None = None,
    ) -> None:
        if study.phases is not None:
            raise ScenarioError(Problem("finance.phases", key="phases"))
        self.tell = report or say_nothing
        self.study = study.changed(policy=study.policy.model_copy(update={"packages": ()}))
        self.memory = memory if memory is not None else CutPool()
        self.against = tuple(against)
        self.tell(Message("progress.national_reading"))
        catalogue = study_catalogue(self.study, load_catalogue())
        self.problem, self.excluded = write_problem(self.study, catalogue)
        """Before tax."""
        self.candidates = tuple(place.candidate for place in self.problem.places)
        first = prepare(site_scenario(self.study, self.candidates[0], self.study.assumptions))
        self.capital = first.capital
        self.prefectures = {
            candidate.id: catalogue.sites[candidate.catalogue_site].prefecture if candidate.catalogue_site else None
            for candidate in self.candidates
        }
        self.campus_terms = read_campus_terms(
            catalogue,
            discount_rate_real=self.capital.discount_rate,
            yen_per_usd=study.money.yen_per_usd,
            finance=study.finance,
        )
        self.rate_is_given = gives_rate(study)
        self.elasticity: float | None = None
        self._before: NationalSide | None = None
        self._elsewhere: dict[str, NationalQuestion] = {}

    @property
    def before(self) -> NationalSide:
        """The side without the package."""
        if self._before is None:
            self.tell(Message("progress.pay_without"))
            self._before = self._settle_rate()
            if all(tranche.must_serve for tranche in self.study.tranche):
                self._offer_elastic_demand(self._before)
        return self._before

    def _settle_rate(self) -> NationalSide:
        """The side without the package where the rate of the design is what its financing makes capital cost.

        Each round is a search, so that the rate is found to `SAME_RATE_OF_ALL`.
        """
        for _ in range(MOST_RATE_ROUNDS):
            side = self.build_side(self.against)
            known = self.campus_terms.assumptions.discount_rate_real
            found = weighted_cost_of_capital(
                [project_from_plan(campus.plan) for campus in side.campuses],
                side.campuses[0].price_myen_per_mwh,
                self.campus_terms.assumptions,
            )
            kept = self.rate_is_given or found is None or side.terms.financing.public
            settled = kept or abs((found or 0.0) - known) < SAME_RATE_OF_ALL
            rate = known if settled or found is None else found
            assumptions = at_rate(self.campus_terms.assumptions, rate, side.terms.tax.rate)
            self.campus_terms = replace(self.campus_terms, assumptions=assumptions)
            self.capital = replace(self.capital, discount_rate=rate)
            if settled:
                return side
        raise SolverError(f"{MOST_RATE_ROUNDS} plans of {self.study.national.name} did not find what capital costs")

    def pay(self, packages: Sequence[str | Package]) -> NationalPayment:
        """The answer for one package (or several that hold together).

        Unless the user says against what, it is held against the ordinary law of its own country.
        """
        question = self._about(packages)
        if question is not self:
            return question.pay(packages)
        solved = self.memory.solves
        before = self.before
        if tuple(packages) == self.against:
            # A second search may end at another plan within the gap: the same question has the same answer.
            after, forced, least = before, _plans(before.problem, before.found, before.terms_of), 0.0
        else:
            self.tell(Message("progress.pay_with"))
            after = self.build_side(packages, before)
            self.tell(Message("progress.pay_forced"))
            forced, least = self._force(before, after)
        participation = self._participation(before, after)
        return NationalPayment(
            before=before,
            after=after,
            forced_mw={site: plan.capacities["it_mw"] for site, plan in forced.items()},
            least_moved_mw=least,
            candidates=self.candidates,
            supports=self._supports(before, after, forced, participation.builds_without),
            participation=participation,
            fiscal_costs_myen={
                campus.site: fiscal_cost(campus, before.terms_of(campus.site), self.campus_terms)
                for campus in after.campuses
            },
            assumptions=self.campus_terms.assumptions,
            shares=self.campus_terms.shares,
            economy=self.campus_terms.economy,
            pass_through=self.campus_terms.pass_through,
            demand=self._demand(),
            solves=self.memory.solves - solved,
        )

    def _demand(self) -> DemandAssumed | None:
        """What is assumed of demand: its steps pay their bids, as if all of a fall in cost were passed on."""
        demand = self.campus_terms.demand_of(self.elasticity)
        return None if demand is None else replace(demand, pass_through=1.0, pass_through_range=(1.0, 1.0))

    def _about(self, packages: Sequence[str | Package]) -> NationalQuestion:
        own = self.study.finance.cost_set
        law = tax_law_of([load_package(package, self.study.folder) for package in packages], own)
        if law == own or self.against != (NO_SUPPORT,):
            return self
        if law not in self._elsewhere:
            self._elsewhere[law] = NationalQuestion(
                self.study, against=(ORDINARY_PACKAGES[law],), memory=self.memory, report=self.tell
            )
        return self._elsewhere[law]

    def build_side(self, packages: Sequence[str | Package], before: NationalSide | None = None) -> NationalSide:
        """Sites, finance and ledgers under packages; credits count as far as the owner of each campus can use them.

        An instrument whose conditions a campus does not fulfil is left out there, and the country planned anew.
        """
        loaded = tuple(load_package(package, self.study.folder) for package in packages)
        terms = self._resolve(loaded, frozenset())
        refused = {candidate.id: self._refused_by_place(terms, candidate.id) for candidate in self.candidates}
        checked: dict[str, tuple[Check, ...]] = {}

        financed: float | None = None

        def design(usable: Usable) -> tuple[NationalSide, Usable, bool]:
            nonlocal refused, financed
            terms_of = self._terms_by_site(loaded, refused)
            problem = under_terms(self.problem, terms_of, self._capital(financed), partial(usable_at, usable))
            kept, found, bound = self._choose(problem, None if before is None else tuple(before.loads))
            side = self._finance(loaded, terms, terms_of, kept, found, bound, before, financed)
            other = (
                terms.financing.relieves_debt and abs(side.financed_share - (financed or 0.0)) > SAME_FINANCED_OF_ALL
            )
            financed = side.financed_share
            failed = {site: failing(checks) for site, checks in side.checks.items()}
            more = {site: keys.keys() - refused[site] for site, keys in failed.items()}
            refused = {site: keys | more.get(site, frozenset()) for site, keys in refused.items()}
            for site, keys in more.items():
                # What failed when it was asked for is kept: without the instrument it is no more asked for.
                checked[site] = (*checked.get(site, ()), *(check for key in keys for check in failed[site][key]))
            return side, {**side.credit_utilisation, ELSEWHERE: side.mean_utilisation}, other or any(more.values())

        side, unsettled = settle(design, NATIONAL)
        checks = {
            site: (*(check for check in now if check.instrument not in refused[site]), *checked.get(site, ()))
            for site, now in side.checks.items()
        }
        return replace(side, checks=checks, unsettled=unsettled)

    def _capital(self, financed: float | None) -> CapitalTerms:
        return self.capital if financed is None else replace(self.capital, debt_share=financed)

    def _resolve(self, packages: Sequence[Package], without: frozenset[tuple[str, int]]) -> PolicyTerms:
        start_year, finance = self.study.policy.start_year, self.study.finance
        built = self.campus_terms.assumptions.construction_years
        return resolve_for(
            packages,
            finance,
            start_year=start_year,
            construction_years=built,
            catalogue=study_catalogue(self.study, load_catalogue()),
            without=without,
        )

    def _terms_by_site(
        self, packages: Sequence[Package], refused: Mapping[str, frozenset[tuple[str, int]]]
    ) -> Callable[[str], PolicyTerms]:
        known = {keys: self._resolve(packages, keys) for keys in set(refused.values())}
        return lambda site: known[refused[site]]

    def _refused_by_place(self, terms: PolicyTerms, site: str) -> frozenset[tuple[str, int]]:
        """Instruments that do not apply in the prefecture of a site, whatever is built there."""
        place = self.prefectures[site]
        return frozenset(
            (condition.package, condition.number)
            for condition in terms.conditions
            if condition.kind == "prefecture" and place in condition.names
        )

    def _choose(
        self, problem: NationalProblem, anchor: tuple[str, ...] | None
    ) -> tuple[NationalProblem, Incumbent, float]:
        """The plan of a problem with only its sites, and the lower bound over all candidates.

        The sites of `anchor` are kept where no plan is better by more than the gap.
        """
        gap, rounds = self.study.national.gap, self.study.national.max_rounds
        wide = search(problem, self.memory, gap=gap, max_rounds=rounds, report=self.tell)
        movable = self.study.national.movable_gap
        if wide is not None and wide.excess <= 0 and movable is not None:
            # The same gap once more, on the part that siting can move: what is known is kept.
            gap = movable * max(wide.cost_myen - common_cost(problem), 0.0) / max(wide.cost_myen, 1.0)
            if wide.relative_gap > gap:
                wide = search(problem, self.memory, gap=gap, max_rounds=rounds, report=self.tell)
        if wide is None or wide.excess > 0:
            relaxations = explain_infeasible(problem, self.memory, wide, self.tell)
            raise NationalInfeasibleError(
                NationalPlan("infeasible", self.study, self.candidates, tuple(self.excluded), relaxations=relaxations)
            )
        sites = chosen_sites(problem, wide)
        if anchor is not None:
            held = tuple(number for number, candidate in enumerate(self.candidates) if candidate.id in anchor)
            kept = only(problem, held)
            found = self._refine(kept)
            if found is not None and found.cost_myen - wide.bound_myen <= gap * max(1.0, abs(found.cost_myen)):
                return kept, found, wide.bound_myen
        kept = only(problem, sites)
        found = self._refine(kept)
        if found is None or found.cost_myen > wide.cost_myen:
            return problem, wide, wide.bound_myen
        return kept, found, wide.bound_myen

    def _refine(self, problem: NationalProblem) -> Incumbent | None:
        """The plan of a problem with few sites to a part of the study's gap; None where there is none."""
        self.tell(Message("progress.national_sizes"))
        gap, rounds = SIZE_GAP_SHARE * self.study.national.gap, self.study.national.max_rounds
        try:
            found = search(problem, self.memory, gap=gap, max_rounds=rounds, report=say_nothing)
        except SolverError:
            return None
        return None if found is None or found.excess > 0 else found

    def _finance(
        self,
        packages: tuple[Package, ...],
        terms: PolicyTerms,
        terms_of: Callable[[str], PolicyTerms],
        problem: NationalProblem,
        found: Incumbent,
        bound: float,
        before: NationalSide | None,
        financed: float | None,
    ) -> NationalSide:
        plans = _plans(problem, found, terms_of)
        projects = {site: project_from_plan(plan) for site, plan in plans.items()}
        assumptions = replace(self.campus_terms.assumptions, financed_share=financed)
        terms_of_campus = replace(self.campus_terms, assumptions=assumptions)
        joint = _joint(assumptions, len(projects))
        whole = join_projects(projects)
        levelised = levelised_cost(whole, joint)
        if before is None:
            price = cost_plus_price(
                tuple(projects.values()), assumptions, (whole, joint), rate_is_given=self.rate_is_given
            )
        else:
            sold_at = before.campuses[0].price_myen_per_mwh
            price = load_price(levelised, before.levelised, sold_at, self.campus_terms.pass_through)
        campuses = tuple(
            finance_campus(site, plan, projects[site], price, terms_of_campus) for site, plan in plans.items()
        )
        usable = {campus.site: campus.cash.class_utilisation() for campus in campuses}
        checks = {campus.site: campus.checks for campus in campuses}
        return NationalSide(packages, terms, terms_of, problem, found, bound, campuses, levelised, usable, checks)

    def _force(self, before: NationalSide, after: NationalSide) -> tuple[dict[str, Plan], float]:
        """The least-cost plan without the package that serves what the package's plan serves: its design by site.

        And the least load that stands elsewhere than with the package in any plan that costs as little within the gap.
        """
        if serves_the_same(after.served_mw, before.served_mw, after.total_mw):
            plans = {campus.site: campus.plan for campus in before.campuses}
            return plans, self._least_moved(before.problem, before.found, after)
        used = {**before.credit_utilisation, ELSEWHERE: before.mean_utilisation}
        capital = self._capital(before.financed_share)
        problem = under_terms(self.problem, before.terms_of, capital, partial(usable_at, used))
        problem = serving(problem, after.served_mw)
        sites = set(before.loads) | set(after.loads)
        kept = only(problem, [number for number, one in enumerate(self.candidates) if one.id in sites])
        found = self._refine(kept)
        if found is None:
            kept, found, _ = self._choose(problem, None)
        return _plans(kept, found, before.terms_of), self._least_moved(kept, found, after)

    def _least_moved(self, problem: NationalProblem, found: Incumbent, after: NationalSide) -> float:
        limit = found.bound_myen + self.study.national.gap * abs(found.cost_myen)
        loads = choice_loads(problem, found)
        real = after.choice_mw
        if all(abs(mw - real.get(site, 0.0)) <= SAME_SERVED * after.total_mw for site, mw in loads.items()):
            return 0.0
        least = least_moved(problem, self.memory.points_of(problem), real, max(limit, found.cost_myen))
        return 0.0 if least is None else least

    def _participation(self, before: NationalSide, after: NationalSide) -> Participation:
        """What owners ask together, and what they earn without the package and with it."""
        assumptions = self.campus_terms.assumptions
        projects = {campus.site: project_from_plan(campus.plan) for campus in before.campuses}
        whole = (join_projects(projects), _joint(assumptions, len(projects)))
        return Participation(
            required_return=asked_return(
                tuple(projects.values()), assumptions, whole, rate_is_given=self.rate_is_given
            ),
            return_without=before.equity_return,
            return_with=after.equity_return,
            discount_rate=assumptions.discount_rate_real,
            rate_is_given=self.rate_is_given,
        )

    def _supports(
        self, before: NationalSide, after: NationalSide, forced: Mapping[str, Plan], built_without: bool
    ) -> dict[str, Support]:
        """Support by site of the package's plan and its split."""
        without = {campus.site: campus.plan for campus in before.campuses}
        numbers = {candidate.id: number for number, candidate in enumerate(self.candidates)}
        usable = {ELSEWHERE: before.mean_utilisation}
        problem = under_terms(self.problem, before.terms_of, self.capital, partial(usable_at, usable))
        found = {}
        for campus in after.campuses:
            site = campus.site
            absent = nothing_built(problem, numbers[site], before.terms_of(site))
            found[site] = measure_support(
                without.get(site, absent),
                campus.plan,
                forced.get(site, absent),
                capital=self.capital,
                tax_rate=before.terms.tax.rate,
                marginal_rate=before.terms.tax.marginal_rate,
                built_without=built_without,
            )
        return found

    def _offer_elastic_demand(self, side: NationalSide) -> None:
        """Without optional tranches, a study is offered further demand below the marginal cost of each tranche."""
        more: list[tuple[int, Tranche]] = []
        for number, price in self._marginal_prices(side).items():
            parent, energy = self.study.tranche[number], energy_per_mw(self.problem, number)
            for step in elastic_tranches(parent.load_mw(0), price / energy, self.campus_terms.elasticity):
                assert step.it_load_mw is not None and step.price_myen_per_mwh is not None
                changes = {
                    "id": f"{parent.id}_{step.name}",
                    "it_load_mw": step.it_load_mw,
                    "must_serve": False,
                    "price_myen_per_mw_year": step.price_myen_per_mwh * energy,
                    "survival_share": 0.0,
                }
                more.append((number, parent.model_copy(update=changes)))
        if more:
            self.elasticity = self.campus_terms.elasticity
            self.problem = offering(self.problem, more)

    def _marginal_prices(self, side: NationalSide) -> dict[int, float]:
        """Cost of a little more of each tranche, million yen a year and MW, with the sites as they are."""
        problem = side.problem
        if self._refine(scaled(problem, [1.0 + MORE_SHARE] * len(problem.tranches))) is None:
            # The limits of the study leave no room for more.
            return {}
        prices = {}
        for number, tranche in enumerate(problem.tranches):
            load = tranche.load_mw(0)
            if load <= 0:
                continue
            factors = [1.0 + MORE_SHARE * (other == number) for other in range(len(problem.tranches))]
            costs = [
                choice.objective
                for kind in ("outer", "inner")
                for changed in (problem, scaled(problem, factors))
                if (
                    choice := write_master(changed, self.memory.points_of(changed), kind).solve(relative_gap=MASTER_GAP)
                )
            ]
            if len(costs) == 4:
                outer, inner = costs[1] - costs[0], costs[3] - costs[2]
                prices[number] = 0.5 * (outer + inner) / (MORE_SHARE * load)
        return prices


def pay_national(
    study: NationalScenario,
    packages: Sequence[str | Package],
    *,
    against: Sequence[str | Package] = (NO_SUPPORT,),
    memory: CutPool | None = None,
    report: Report | None = None,
) -> NationalPayment:
    """Who pays for a package in a national plan, and what it changes where, against another."""
    return NationalQuestion(study, against=against, memory=memory, report=report).pay(packages)


def _joint(assumptions: FinanceAssumptions, owners: int) -> FinanceAssumptions:
    """Of all campuses together: each has an owner of its own, whose group pays other tax of its own."""
    return replace(assumptions, group_tax_myen=assumptions.group_tax_myen * owners)


def _plans(problem: NationalProblem, found: Incumbent, terms_of: Callable[[str], PolicyTerms]) -> dict[str, Plan]:
    """The design of each chosen site, by its id."""
    names = {site: problem.places[site].candidate.id for site in chosen_sites(problem, found)}
    return {name: site_design(problem, found, site, terms_of(name)) for site, name in names.items()}
