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

from kiban.catalogue import load_catalogue
from kiban.errors import KibanError, Problem, ScenarioError, SolverError
from kiban.finance.additionality import Support, measure_support
from kiban.finance.assumptions import read_assumptions
from kiban.finance.cash_flow import project_cash_flow
from kiban.finance.demand import elastic_tranches
from kiban.finance.economy import read_economy_terms
from kiban.finance.eligibility import Check, check_conditions, failing
from kiban.finance.environment import measure_damage, read_damage_terms
from kiban.finance.ledger import TREASURIES, Ledger
from kiban.finance.levelised import levelised_cost
from kiban.finance.metrics import compute_returns
from kiban.finance.national_payment import NationalPayment
from kiban.finance.national_side import Campus, NationalSide, choice_loads, join_projects
from kiban.finance.posting import post_entries, read_shares
from kiban.finance.project import Project, project_from_plan
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
from kiban.policy.package_terms import resolve
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario.national import NationalScenario, Tranche
from kiban.scenario.package import Package, load_package

NO_SUPPORT = "none"
FINE = 0.1
"""Part of the study's gap to which the sizes of chosen sites are found."""
PROBE = 0.01
"""What is a little more of the load, whose cost is the marginal cost of compute."""
MASTER_GAP = 1e-7
SETTLED = 1e-3
MOST_ROUNDS = 8
DAMPED_FROM = 3
"""Round from which half of the last share is kept, so that a share that swings comes to rest."""
SAME_SERVED = 1e-4
ELSEWHERE = ""
"""Where a site is not chosen, its owner is taken to be as the mean of the others."""


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
            remedy = "take [phases] out and give national.year"
            raise ScenarioError(Problem("are not financed: a campus is built once", key="phases", remedy=remedy))
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
        self.assumptions = read_assumptions(catalogue, discount_rate_real=self.capital.discount_rate)
        self.shares = read_shares(catalogue)
        self.economy = read_economy_terms(catalogue)
        given = study.money.yen_per_usd
        rate = catalogue.value("money.yen_per_usd") if given is None else given
        self.damage_terms = read_damage_terms(catalogue, rate)
        self.pass_through = catalogue.value("finance.pass_through")
        self.elasticity: float | None = None
        self._given_elasticity = catalogue.value("demand.price_elasticity")
        self._before: NationalSide | None = None

    @property
    def before(self) -> NationalSide:
        """The side without the package."""
        if self._before is None:
            self.tell(Message("progress.pay_without"))
            self._before = self.build_side(self.against)
            if all(tranche.must_serve for tranche in self.study.tranche):
                self._offer_elastic_demand(self._before)
        return self._before

    def pay(self, packages: Sequence[str | Package]) -> NationalPayment:
        """The answer for one package (or several that hold together)."""
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
        return NationalPayment(
            before=before,
            after=after,
            forced_mw={site: plan.capacities["it_mw"] for site, plan in forced.items()},
            least_moved_mw=least,
            candidates=self.candidates,
            supports=self._supports(before, after, forced),
            fiscal_costs_myen={campus.candidate.id: self._fiscal_cost(campus, before) for campus in after.campuses},
            assumptions=self.assumptions,
            shares=self.shares,
            economy=self.economy,
            pass_through=self.pass_through,
            elasticity=self.elasticity,
            solves=self.memory.solves - solved,
        )

    def build_side(self, packages: Sequence[str | Package], before: NationalSide | None = None) -> NationalSide:
        """Sites, finance and ledgers under packages; credits count as far as the owner of each campus can use them.

        An instrument whose conditions a campus does not fulfil is left out there, and the country planned anew.
        """
        loaded = tuple(load_package(package, self.study.folder) for package in packages)
        terms = self._resolve(loaded, frozenset())
        refused = {candidate.id: self._refused_by_place(terms, candidate.id) for candidate in self.candidates}
        checked: dict[str, tuple[Check, ...]] = {}
        used: Mapping[str, Mapping[str, float]] = {}
        for number in range(MOST_ROUNDS):
            terms_of = self._terms_by_site(loaded, refused)
            problem = under_terms(self.problem, terms_of, self.capital, _usable(used))
            kept, found, bound = self._choose(problem, None if before is None else tuple(before.loads))
            side = self._finance(loaded, terms, terms_of, kept, found, bound, before)
            failed = {site: failing(checks) for site, checks in side.checks.items()}
            more = {site: keys.keys() - refused[site] for site, keys in failed.items()}
            refused = {site: keys | more.get(site, frozenset()) for site, keys in refused.items()}
            for site, keys in more.items():
                # What failed when it was asked for is kept: without the instrument it is no more asked for.
                checked[site] = (*checked.get(site, ()), *(check for key in keys for check in failed[site][key]))
            change = _largest_change(side.credit_utilisation, _usable(used))
            if change < SETTLED and not any(more.values()):
                break
            damp = 0.5 if number >= DAMPED_FROM else 0.0
            used = _damped(side, _usable(used), damp)
        checks = {
            site: (*(check for check in now if check.instrument not in refused[site]), *checked.get(site, ()))
            for site, now in side.checks.items()
        }
        return replace(side, checks=checks, unsettled=change if change >= SETTLED else 0.0)

    def _resolve(self, packages: Sequence[Package], without: frozenset[tuple[str, int]]) -> PolicyTerms:
        start_year, tax_law = self.study.policy.start_year, self.study.finance.cost_set
        return resolve(packages, start_year=start_year, tax_law=tax_law, without=without)

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
        gap, rounds = FINE * self.study.national.gap, self.study.national.max_rounds
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
    ) -> NationalSide:
        plans = _plans(problem, found, terms_of)
        projects = {site: project_from_plan(plan) for site, plan in plans.items()}
        # Each campus has an owner of its own, whose group pays other tax of its own.
        joint = replace(self.assumptions, group_tax_myen=self.assumptions.group_tax_myen * len(projects))
        levelised = levelised_cost(join_projects(projects), joint)
        price = levelised.myen_per_it_mwh
        if before is not None:
            price = before.levelised.myen_per_it_mwh - self.pass_through * (before.levelised.myen_per_it_mwh - price)
        known = {candidate.id: candidate for candidate in self.candidates}
        campuses = []
        for site, plan in plans.items():
            project = projects[site].priced(price)
            cash = project_cash_flow(project, self.assumptions)
            ledger = self._post(plan, project)
            prefecture = self.prefectures[site]
            damage = measure_damage(plan, cash, self.damage_terms, self.shares.party_rates["environment"])
            returns = compute_returns(cash)
            campuses.append(Campus(known[site], prefecture, plan, project, cash, returns, ledger, damage))
        usable = {campus.candidate.id: campus.cash.class_utilisation() for campus in campuses}
        checks = {
            campus.candidate.id: check_conditions(campus.project.policy.conditions, campus.plan, campus.cash)
            for campus in campuses
        }
        return NationalSide(
            packages, terms, terms_of, problem, found, bound, tuple(campuses), levelised, usable, checks
        )

    def _post(self, plan: Plan, project: Project) -> Ledger:
        return post_entries(
            project_cash_flow(project, self.assumptions),
            self.shares,
            energy_charges_myen=plan.energy_charges_myen_per_year,
            ratepayers_works_myen=plan.ratepayers_works_myen,
        )

    def _fiscal_cost(self, campus: Campus, before: NationalSide) -> float:
        """What a package costs the treasuries on a campus, against the same campus without it; million yen."""
        ordinary = before.terms_of(campus.candidate.id)
        without = self._post(campus.plan, replace(campus.project, policy=ordinary))
        rates = self.shares.party_rates
        return sum(
            without.present_value(party, rates[party]) - campus.ledger.present_value(party, rates[party])
            for party in TREASURIES
        )

    def _force(self, before: NationalSide, after: NationalSide) -> tuple[dict[str, Plan], float]:
        """The least-cost plan without the package that serves what the package's plan serves: its design by site.

        And the least load that stands elsewhere than with the package in any plan that costs as little within the gap.
        """
        close = SAME_SERVED * after.total_mw
        if all(abs(mw - before.served_mw.get(name, 0.0)) <= close for name, mw in after.served_mw.items()):
            plans = {campus.candidate.id: campus.plan for campus in before.campuses}
            return plans, self._least_moved(before.problem, before.found, after)
        used = {**before.credit_utilisation, ELSEWHERE: before.mean_utilisation}
        problem = under_terms(self.problem, before.terms_of, self.capital, _usable(used))
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

    def _supports(self, before: NationalSide, after: NationalSide, forced: Mapping[str, Plan]) -> dict[str, Support]:
        """Support by site of the package's plan and its split."""
        without = {campus.candidate.id: campus.plan for campus in before.campuses}
        numbers = {candidate.id: number for number, candidate in enumerate(self.candidates)}
        problem = under_terms(
            self.problem, before.terms_of, self.capital, _usable({ELSEWHERE: before.mean_utilisation})
        )
        tax_rate = before.terms.tax.rate
        found = {}
        for campus in after.campuses:
            site = campus.candidate.id
            absent = nothing_built(problem, numbers[site], before.terms_of(site))
            found[site] = measure_support(
                without.get(site, absent),
                campus.plan,
                forced.get(site, absent),
                after_tax_rate=self.capital.discount_rate * (1.0 - tax_rate),
                tax_rate=tax_rate,
                horizon_years=self.capital.horizon_years,
            )
        return found

    def _offer_elastic_demand(self, side: NationalSide) -> None:
        """Without optional tranches, a study is offered further demand below the marginal cost of each tranche."""
        more: list[tuple[int, Tranche]] = []
        for number, price in self._marginal_prices(side).items():
            parent, energy = self.study.tranche[number], energy_per_mw(self.problem, number)
            for step in elastic_tranches(parent.load_mw(0), price / energy, self._given_elasticity):
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
            self.elasticity = self._given_elasticity
            self.problem = offering(self.problem, more)

    def _marginal_prices(self, side: NationalSide) -> dict[int, float]:
        """Cost of a little more of each tranche, million yen a year and MW, with the sites as they are."""
        problem = side.problem
        if self._refine(scaled(problem, [1.0 + PROBE] * len(problem.tranches))) is None:
            # The limits of the study leave no room for more.
            return {}
        prices = {}
        for number, tranche in enumerate(problem.tranches):
            load = tranche.load_mw(0)
            if load <= 0:
                continue
            factors = [1.0 + PROBE * (other == number) for other in range(len(problem.tranches))]
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
                prices[number] = 0.5 * (outer + inner) / (PROBE * load)
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


def _plans(problem: NationalProblem, found: Incumbent, terms_of: Callable[[str], PolicyTerms]) -> dict[str, Plan]:
    """The design of each chosen site, by its id."""
    names = {site: problem.places[site].candidate.id for site in chosen_sites(problem, found)}
    return {name: site_design(problem, found, site, terms_of(name)) for site, name in names.items()}


def _largest_change(found: Mapping[str, Mapping[str, float]], used: Callable[[str], Mapping[str, float]]) -> float:
    """How far the share of credits that can be used is from what the design counted with."""
    return max(
        (abs(share - used(site).get(asset, 1.0)) for site, shares in found.items() for asset, share in shares.items()),
        default=0.0,
    )


def _damped(side: NationalSide, used: Callable[[str], Mapping[str, float]], kept: float) -> dict[str, dict[str, float]]:
    """The shares to design with next: those found, with a part of the last kept."""
    found = {**side.credit_utilisation, ELSEWHERE: side.mean_utilisation}
    return {
        site: {asset: kept * used(site).get(asset, 1.0) + (1.0 - kept) * share for asset, share in shares.items()}
        for site, shares in found.items()
    }


def _usable(used: Mapping[str, Mapping[str, float]]) -> Callable[[str], Mapping[str, float]]:
    """Share of credits that can be used by asset class, of a site."""
    return lambda site: used.get(site, used.get(ELSEWHERE, {}))
