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
from pathlib import Path

from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError, SolverError
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
from kiban.finance.eligibility import Check, failing
from kiban.finance.levelised import common_levelised_cost, levelised_cost
from kiban.finance.national_choice import SIZE_GAP_SHARE, Chosen, SiteChoice
from kiban.finance.national_demand import Curve, closest_plan, find_curves, force_curves, offer_curves
from kiban.finance.national_downside import NATIONAL_DRAWS, measure_country
from kiban.finance.national_payment import NationalPayment
from kiban.finance.national_side import NationalSide, choice_loads, join_projects
from kiban.finance.national_support import measure_supports
from kiban.finance.participation import (
    MOST_RATE_ROUNDS,
    Participation,
    Whole,
    asked_return,
    at_rate,
    cost_plus_price,
    gives_rate,
    weighted_cost_of_capital,
)
from kiban.finance.project import Project
from kiban.finance.vintages import list_vintages_of, plans_of
from kiban.messages import Message
from kiban.national.result.alternatives import least_moved
from kiban.national.search.cut_pool import CutPool
from kiban.national.search.incumbent import Incumbent
from kiban.national.study.assembly import write_problem
from kiban.national.study.problem import NationalProblem
from kiban.national.study.site_cases import site_scenario, study_catalogue
from kiban.national.study.variants import only, serving, under_terms
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.policy.capital import CapitalTerms
from kiban.policy.own_terms import resolve_for
from kiban.policy.package_terms import ORDINARY_PACKAGES, tax_law_of
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario
from kiban.scenario.package import Package, load_package

SAME_RATE_OF_ALL = 5e-4
"""Change of the rate of the design, a year, that is none: each round is a search."""
SAME_FINANCED_OF_ALL = 1e-3
"""Change of the share that debt pays for which is none: each round is a search."""


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
        self.tell = report or say_nothing
        if study.national.price_response != "none":
            raise ScenarioError(Problem("national_study.response_build", key="national.price_response"))
        self.study = study.changed(policy=study.policy.model_copy(update={"packages": ()}))
        self.memory = memory if memory is not None else CutPool()
        self.against = tuple(against)
        self.tell(Message("progress.national_reading"))
        catalogue = study_catalogue(self.study, load_catalogue())
        self._catalogue = catalogue
        self.problem, excluded = write_problem(self.study, catalogue)
        """Before tax."""
        self._without_offers = self.problem
        self.candidates = tuple(place.candidate for place in self.problem.places)
        self.curves: tuple[Curve, ...] = ()
        """Further demand that is offered; none until the side without the package is known."""
        self.names = {self.problem.name_of(block): self.candidates[block.site].id for block in self.problem.blocks}
        """Site of each block by its name."""
        self._years_after = {
            self.problem.name_of(block): self.problem.years_after_first(block) for block in self.problem.blocks
        }
        self._choice = SiteChoice(self.study, self.candidates, tuple(excluded), self.memory, self.tell)
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
        self._alone: NationalSide | None = None
        self._before: NationalSide | None = None
        self._elsewhere: dict[str, NationalQuestion] = {}

    @property
    def alone(self) -> NationalSide:
        """The side without the package, before any further demand is offered: what is built by itself."""
        if self._alone is None:
            self.tell(Message("progress.pay_without"))
            self._alone = self._settle_rate()
        return self._alone

    @property
    def before(self) -> NationalSide:
        """The same side, after further demand has been found at rest beside it."""
        if self._before is None:
            self._before = self.alone
            if all(tranche.must_serve for tranche in self.study.tranche):
                self._offer_demand(self._before)
        return self._before

    def _settle_rate(self) -> NationalSide:
        """The side without the package where the rate of the design is what its financing makes capital cost.

        Each round is a search, so that the rate is found to `SAME_RATE_OF_ALL`.
        """
        for _ in range(MOST_RATE_ROUNDS):
            side = self.build_side(self.against)
            known = self.campus_terms.assumptions.discount_rate_real
            found = weighted_cost_of_capital(
                [vintage.project for vintage in side.vintages],
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

    def with_downside(self, payment: NationalPayment, *, draws: int = NATIONAL_DRAWS) -> NationalPayment:
        """The same answer with what the treasuries may lose on its campuses under five kinds of support."""
        measured = measure_country(
            payment.after.campuses,
            payment.before,
            self.study.finance,
            payment.assumptions,
            payment.shares,
            self._catalogue,
            seed=self.study.national.seed,
            draws=draws,
        )
        return replace(payment, downside=measured.summary())

    @property
    def folder(self) -> Path:
        """In which packages of the study's own are looked for."""
        return self.study.folder

    def pay(self, packages: Sequence[str | Package], *, after: NationalSide | None = None) -> NationalPayment:
        """The answer for one package (or several that hold together); `after` is its side where that is at hand.

        Unless the user says against what, it is held against the ordinary law of its own country.
        """
        question = self.about(packages)
        if question is not self:
            return question.pay(packages, after=after)
        solved = self.memory.solves
        before = self.before
        if tuple(packages) == self.against:
            # A second search may end at another plan within the gap: the same question has the same answer.
            after, forced, least = before, plans_of(before.vintages), 0.0
        else:
            self.tell(Message("progress.pay_with"))
            after = self.build_side(packages, before) if after is None else after
            self.tell(Message("progress.pay_forced"))
            forced, least = self._force(before, after)
        participation = self._participation(before, after)
        return NationalPayment(
            before=before,
            after=after,
            forced_mw=_loads_of(forced, self.names),
            least_moved_mw=least,
            candidates=self.candidates,
            supports=measure_supports(self.problem, self.capital, before, after, forced, participation.builds_without),
            participation=participation,
            fiscal_costs_myen=self._fiscal_costs(after),
            assumptions=self.campus_terms.assumptions,
            shares=self.campus_terms.shares,
            economy=self.campus_terms.economy,
            pass_through=self.campus_terms.pass_through,
            demand=self._demand(),
            solves=self.memory.solves - solved,
        )

    def fiscal_cost(self, side: NationalSide) -> float:
        """What a package costs the treasuries on what is built, against the same campuses without it; million yen."""
        return sum(self._fiscal_costs(side).values())

    def _fiscal_costs(self, side: NationalSide) -> dict[str, float]:
        ordinary = self.before.terms_of
        return {one.name: fiscal_cost(one, ordinary(one.name), self.campus_terms) for one in side.campuses}

    def terms_by_campus(self, packages: Sequence[Package], side: NationalSide) -> Callable[[str], PolicyTerms]:
        """What packages mean for each campus of a side, without the instruments that it could not use."""
        return self._terms_by_site(
            packages, {name: frozenset(failing(side.checks.get(name, ()))) for name in self.names}
        )

    def _demand(self) -> DemandAssumed | None:
        """What is assumed of demand where it is offered along curves."""
        return self.campus_terms.demand_of(self.campus_terms.elasticity if self.curves else None)

    def about(self, packages: Sequence[str | Package]) -> NationalQuestion:
        """The question in which packages are held against what they have to be, as for one campus."""
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
        refused = {name: self._refused_by_place(terms, site) for name, site in self.names.items()}
        checked: dict[str, tuple[Check, ...]] = {}

        financed: float | None = None

        def design(usable: Usable) -> tuple[NationalSide, Usable, bool]:
            nonlocal refused, financed
            terms_of = self._terms_by_site(loaded, refused)
            problem = under_terms(self.problem, terms_of, self._capital(financed), partial(usable_at, usable))
            chosen = self._choice.choose(problem, None if before is None else tuple(before.loads), self.curves)
            side = self._finance(loaded, terms, terms_of, chosen, before, financed)
            other = (
                terms.financing.relieves_debt and abs(side.financed_share - (financed or 0.0)) > SAME_FINANCED_OF_ALL
            )
            financed = side.financed_share
            failed = {name: failing(checks) for name, checks in side.checks.items()}
            more = {name: keys.keys() - refused[name] for name, keys in failed.items()}
            refused = {name: keys | more.get(name, frozenset()) for name, keys in refused.items()}
            for name, keys in more.items():
                # What failed when it was asked for is kept: without the instrument it is no more asked for.
                checked[name] = (*checked.get(name, ()), *(check for key in keys for check in failed[name][key]))
            return side, {**side.credit_utilisation, ELSEWHERE: side.mean_utilisation}, other or any(more.values())

        side, unsettled = settle(design, NATIONAL)
        checks = {
            name: (*(check for check in now if check.instrument not in refused[name]), *checked.get(name, ()))
            for name, now in side.checks.items()
        }
        return replace(side, checks=checks, unsettled=unsettled)

    def _capital(self, financed: float | None) -> CapitalTerms:
        return self.capital if financed is None else replace(self.capital, debt_share=financed)

    def _resolve(
        self, packages: Sequence[Package], without: frozenset[tuple[str, int]], years_after: int = 0
    ) -> PolicyTerms:
        """The law of what is ordered so many years after the start year; what has lapsed by then is no part of it."""
        return resolve_for(
            packages,
            self.study.finance,
            start_year=self.study.policy.start_year + years_after,
            construction_years=self.campus_terms.assumptions.construction_years,
            catalogue=study_catalogue(self.study, load_catalogue()),
            without=without,
            lapses=years_after > 0,
        )

    def _terms_by_site(
        self, packages: Sequence[Package], refused: Mapping[str, frozenset[tuple[str, int]]]
    ) -> Callable[[str], PolicyTerms]:
        asked = {name: (keys, self._years_after[name]) for name, keys in refused.items()}
        known = {(keys, after): self._resolve(packages, keys, after) for keys, after in set(asked.values())}
        return lambda name: known[asked[name]]

    def _refused_by_place(self, terms: PolicyTerms, site: str) -> frozenset[tuple[str, int]]:
        """Instruments that do not apply in the prefecture of a site, whatever is built there."""
        place = self.prefectures[site]
        return frozenset(
            (condition.package, condition.number)
            for condition in terms.conditions
            if condition.kind == "prefecture" and place in condition.names
        )

    def _finance(
        self,
        packages: tuple[Package, ...],
        terms: PolicyTerms,
        terms_of: Callable[[str], PolicyTerms],
        chosen: Chosen,
        before: NationalSide | None,
        financed: float | None,
    ) -> NationalSide:
        vintages = list_vintages_of(chosen.problem, chosen.found, terms_of, self.curves)
        projects = {vintage.name: vintage.project for vintage in vintages}
        assumptions = replace(self.campus_terms.assumptions, financed_share=financed)
        terms_of_campus = replace(self.campus_terms, assumptions=assumptions)
        whole = _whole(projects, assumptions)
        listed = tuple(projects.values())
        levelised = common_levelised_cost(listed, assumptions) if whole is None else levelised_cost(*whole)
        if before is None:
            price = cost_plus_price(listed, assumptions, whole, rate_is_given=self.rate_is_given)
        else:
            sold_at = before.campuses[0].price_myen_per_mwh
            price = load_price(levelised, before.levelised, sold_at, self.campus_terms.pass_through)
        campuses = tuple(
            finance_campus(
                vintage.site,
                vintage.plan,
                projects[vintage.name],
                price,
                terms_of_campus,
                name=vintage.name,
                waiting_t_per_year=vintage.waiting_t_per_year,
            )
            for vintage in vintages
        )
        usable = {campus.name: campus.cash.class_utilisation() for campus in campuses}
        checks = {campus.name: campus.checks for campus in campuses}
        return NationalSide(
            packages,
            terms,
            terms_of,
            chosen.problem,
            chosen.found,
            chosen.bound_myen,
            vintages,
            campuses,
            levelised,
            usable,
            checks,
            known_mw=chosen.known_mw,
        )

    def _force(self, before: NationalSide, after: NationalSide) -> tuple[dict[str, Plan], float]:
        """The least-cost plan without the package that serves what the package's plan serves: its design by site.

        And the least load that stands elsewhere than with the package in any plan that costs as little within the gap.
        """
        if serves_the_same(_by_phase(after), _by_phase(before), after.total_mw):
            return plans_of(before.vintages), self._least_moved(before.problem, before.found, after)
        used = {**before.credit_utilisation, ELSEWHERE: before.mean_utilisation}
        capital = self._capital(before.financed_share)
        problem = under_terms(self._without_offers, before.terms_of, capital, partial(usable_at, used))
        served = after.served_by_phase_mw
        problem = force_curves(problem, self.curves, served) if self.curves else serving(problem, served)
        sites = set(before.loads) | set(after.loads)
        kept = only(problem, [number for number, one in enumerate(self.candidates) if one.id in sites])
        # As finely as what is served along curves, so that what moves is no difference of two gaps.
        found = self._closest(kept) if self.curves else self._choice.refine(kept)
        if found is None:
            chosen = self._choice.choose(problem, None)
            kept, found = chosen.problem, chosen.found
        return plans_of(list_vintages_of(kept, found, before.terms_of)), self._least_moved(kept, found, after)

    def _closest(self, problem: NationalProblem) -> Incumbent | None:
        return closest_plan(problem, self._choice.refine, SIZE_GAP_SHARE * self.study.national.gap)

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
        projects = {vintage.name: vintage.project for vintage in before.vintages}
        whole = _whole(projects, assumptions)
        return Participation(
            required_return=asked_return(
                tuple(projects.values()), assumptions, whole, rate_is_given=self.rate_is_given
            ),
            return_without=before.equity_return,
            return_with=after.equity_return,
            discount_rate=assumptions.discount_rate_real,
            rate_is_given=self.rate_is_given,
        )

    def _offer_demand(self, side: NationalSide) -> None:
        """Without optional tranches, a study is offered further demand at rest at the cost of a little more."""
        terms = self.campus_terms
        self.curves = find_curves(
            side.problem,
            self._choice.refine,
            SIZE_GAP_SHARE * self.study.national.gap,
            terms.elasticity,
            terms.pass_through,
        )
        if self.curves:
            points = [curve.points() for curve in self.curves]
            self.problem = offer_curves(self._without_offers, self.curves, points)


def pay_national(
    study: NationalScenario,
    packages: Sequence[str | Package],
    *,
    against: Sequence[str | Package] = (NO_SUPPORT,),
    memory: CutPool | None = None,
    report: Report | None = None,
) -> NationalPayment:
    """Who pays for a package in a national plan, and what it changes where, against another."""
    question = NationalQuestion(study, against=against, memory=memory, report=report)
    payment = question.pay(packages)
    question.tell(Message("progress.pay_downside"))
    return question.with_downside(payment)


def _joint(assumptions: FinanceAssumptions, owners: int) -> FinanceAssumptions:
    """Of all campuses together: each has an owner of its own, whose group pays other tax of its own."""
    return replace(assumptions, group_tax_myen=assumptions.group_tax_myen * owners)


def _whole(projects: Mapping[str, Project], assumptions: FinanceAssumptions) -> Whole:
    """All projects as one; None where they do not start together, or one of them waits for its connection."""
    if any(project.years_after_base or project.waiting_years for project in projects.values()):
        return None
    return join_projects(projects), _joint(assumptions, len(projects))


def _loads_of(plans: Mapping[str, Plan], sites: Mapping[str, str]) -> dict[str, float]:
    """IT load by site, MW."""
    loads: dict[str, float] = {}
    for name, plan in plans.items():
        loads[sites[name]] = loads.get(sites[name], 0.0) + plan.capacities["it_mw"]
    return loads


def _by_phase(side: NationalSide) -> dict[str, float]:
    return {f"{name} {phase}": mw for name, by in side.served_by_phase_mw.items() for phase, mw in enumerate(by)}
