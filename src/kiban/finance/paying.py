"""PAY: one scenario under a package and under what it is compared with, and who pays for the difference.

Each side is designed at its own after-tax costs, financed, and posted to a ledger. The load that has no price of its
own is sold at its levelised cost without the package, less the part of any saving that competition passes on;
tranches pay what they bid. Credits that the law's limits leave unused do not count in the design: utilisation is
found by going around design and finance until it settles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.errors import KibanError, Problem, ScenarioError, SolverError
from kiban.finance.additionality import measure_support
from kiban.finance.campus import (
    NO_SUPPORT,
    ONE_CAMPUS,
    Campus,
    Usable,
    construction_jobs,
    finance_campus,
    fiscal_cost,
    load_price,
    read_campus_terms,
    serves_the_same,
    settle,
    usable_at,
)
from kiban.finance.demand import offer_demand, probe_tranche
from kiban.finance.eligibility import Check, failing
from kiban.finance.large_load import read_chances
from kiban.finance.leakage import require_shares
from kiban.finance.ledger import difference, value_changes
from kiban.finance.levelised import LevelisedCost, levelised_cost, token_costs
from kiban.finance.leverage import financed_share
from kiban.finance.participation import (
    MOST_RATE_ROUNDS,
    Participation,
    asked_return,
    at_rate,
    cost_plus_price,
    gives_rate,
    weighted_cost_of_capital,
)
from kiban.finance.payment import LawChange, Payment, Side
from kiban.finance.project import project_from_plan
from kiban.finance.public_risk import DRAWS, measure_downside, under_each_kind
from kiban.messages import Message
from kiban.planning.building import build_prepared
from kiban.planning.evaluation import cost_at_prices_of
from kiban.planning.plan import Plan
from kiban.planning.preparation import Preparation, prepare
from kiban.policy.effective_rates import effective_tax_rates
from kiban.policy.own_terms import resolve_for
from kiban.policy.package_terms import ORDINARY_PACKAGES, load_packages, tax_law_of
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario import Scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.package import Package, load_package

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

TRACE = 1e-5
"""Further demand, as a share of the load, that is a solver's tolerance."""
SAME_FINANCED = 1e-4
"""Change of the share that debt pays for which is none."""
SAME_RATE = 1e-5
"""Change of the rate of the design, a year, that is none."""
Points = dict[bool, "dict[str, WarmStart]"]
"""Where designs start, by cooling system: of those that choose what to serve (False), and of those that are forced."""
SITE = "campus"
"""Name of the one site of a scenario, where a country has many."""


class Question:
    """A scenario with its inputs at hand, asked under many packages; each answer is remembered."""

    def __init__(
        self,
        scenario: Scenario | str | Path | None,
        *,
        against: Sequence[str | Package] = (NO_SUPPORT,),
        about: Sequence[str | Package] = (),
        preparation: Preparation | None = None,
    ) -> None:
        """Every answer's designs start from those of the side without a package, so that none depends on others.

        Packages that it will be asked `about` are looked for before anything is solved. `preparation` is that of the
        scenario where it is at hand.
        """
        self.scenario = load_scenario(scenario).with_packages(())
        if self.scenario.target.objective != "cost":
            name = self.scenario.target.objective
            raise ScenarioError(Problem("pay_objective", key="target.objective", name=name))
        self._load((*about, *against))
        self.preparation = prepare(self.scenario) if preparation is None else preparation
        self._elsewhere: dict[str, Question] = {}
        catalogue = self.preparation.recorder.catalogue
        read_chances(catalogue)
        require_shares(catalogue)
        self.campus_terms = read_campus_terms(
            catalogue,
            discount_rate_real=self.preparation.capital.discount_rate,
            yen_per_usd=self.scenario.money.yen_per_usd,
            finance=self.scenario.finance,
        )
        self.against = tuple(against)
        self._before: Side | None = None
        # Where designs start: those of the side without the package, until it is known those of what leads to it.
        self._points: Points = {False: {}, True: {}}
        self.elasticity: float | None = None
        self.rate_is_given = gives_rate(self.scenario)
        for system in self.preparation.cooling_systems:
            # Read once here, so that what does not depend on policy and demand is shared by all plans.
            self.preparation.resources_for(system)
        side = self._settle_rate()
        self._asked = self.preparation
        if not self.scenario.tranche:
            self._offer_elastic_demand(side)

    def _settle_rate(self) -> Side:
        """Design and financing in turn until the rate of the one is what the other makes capital cost; the last side.

        A rate that the scenario gives is kept, and so is that of the public.
        """
        for _ in range(MOST_RATE_ROUNDS):
            side = self._build_side(self.against, None, None, self._points)
            known = self.campus_terms.assumptions.discount_rate_real
            found = None
            if not self.rate_is_given:
                unpriced, price = project_from_plan(side.plan), side.campus.price_myen_per_mwh
                found = weighted_cost_of_capital((unpriced,), price, self.campus_terms.assumptions)
            settled = found is None or side.terms.financing.public or abs(found - known) < SAME_RATE
            rate = known if settled or found is None else found
            assumptions = at_rate(self.campus_terms.assumptions, rate, side.terms.tax.rate)
            self.campus_terms = replace(self.campus_terms, assumptions=assumptions)
            if settled:
                return side
            self.preparation = self.preparation.at_rate(rate)
        raise SolverError(f"{MOST_RATE_ROUNDS} designs of {self.scenario.name} did not find what their capital costs")

    def _offer_elastic_demand(self, side: Side) -> None:
        """Without tranches of its own, a scenario is offered demand of constant elasticity below its marginal cost."""
        alone = side.plan
        load_mw = alone.capacities["it_mw"]
        probed = self.preparation
        self.preparation = probed.offering((probe_tranche(load_mw),))
        more = self._plan(self._again(side), None, self._points)
        energy = more.tranches[0].it_energy_mwh_per_year
        # At the prices that are there: compute is served as long as it pays those, whatever it does to them.
        dearer = cost_at_prices_of(alone, more, probed.resources_for(more.cooling_system))
        marginal = (dearer - alone.net_cost_myen_per_year) / energy
        self.elasticity = self.campus_terms.elasticity
        curve = offer_demand(load_mw, marginal, self.campus_terms.elasticity, self.campus_terms.pass_through)
        self.preparation = probed.offering(*curve)
        self.scenario = self.preparation.scenario

    @property
    def folder(self) -> Path:
        """In which packages of the scenario's own are looked for."""
        return self.scenario.folder

    def about(self, packages: Sequence[str | Package]) -> Question:
        """The question in which packages are held against what they have to be.

        Unless the user says against what, that is the ordinary law of the packages' own country: another tax law is no
        support, and the demand is then at rest under that law.
        """
        own = self.scenario.finance.cost_set
        law = tax_law_of(self._load(packages), own)
        if law == own or self.against != (NO_SUPPORT,):
            return self
        if law not in self._elsewhere:
            self._elsewhere[law] = Question(
                self._asked.scenario,
                against=(ORDINARY_PACKAGES[law],),
                preparation=self._asked,
            )
        return self._elsewhere[law]

    @property
    def before(self) -> Side:
        """The side without the package."""
        return self._know_before()

    def _know_before(self) -> Side:
        if self._before is None:
            # Demand begins below what a little more costs here, so that nothing more is bought.
            nothing = dict.fromkeys(self.preparation.falling, 0.0)
            self._before = self._build_side(self.against, None, nothing or None, self._points)
        return self._before

    def pay(
        self,
        packages: Sequence[str | Package],
        *,
        after: Side | None = None,
        report: Report | None = None,
        draws: int | None = None,
    ) -> Payment:
        """The answer for one package (or several that hold together); `after` is its side where that is at hand.

        With `draws` it has its downside (`with_downside`), which is measured while the last design is solved.
        """
        question = self.about(packages)
        if question is not self:
            return question.pay(packages, after=after, report=report, draws=draws)
        tell = report or say_nothing
        tell(Message("progress.pay_without"))
        before = self.before
        tell(Message("progress.pay_with"))
        if after is None:
            after = before if self._load(packages) == before.packages else self.build_side(packages, before)
        with ThreadPoolExecutor(1, thread_name_prefix="kiban-downside") as pool:
            measuring = None
            if draws is not None:
                measure = partial(self._measure_downside, before, after, self.campus_terms.shares.social_rate, draws)
                measuring = pool.submit(partial(copy_context().run, measure))
            tell(Message("progress.pay_forced"))
            forced = self._force(before, after)
            downside = None
            if measuring is not None:
                tell(Message("progress.pay_downside"))
                downside = measuring.result()
        values = value_changes(after.ledger, before.ledger, self.campus_terms.shares.party_rates)
        participation = self._participation(after)
        economy = self.campus_terms.economy
        return Payment(
            before=before,
            after=after,
            forced=forced,
            support=measure_support(
                before.plan,
                after.plan,
                forced,
                capital=self.preparation.capital,
                tax_rate=before.terms.tax.rate,
                marginal_rate=before.terms.tax.marginal_rate,
                built_without=participation.builds_without,
            ),
            participation=participation,
            incidence=difference(after.ledger, before.ledger),
            party_values_myen=values,
            fiscal_cost_myen=self.fiscal_cost(after),
            assumptions=self.campus_terms.assumptions,
            shares=self.campus_terms.shares,
            pass_through=self.campus_terms.pass_through,
            demand=self.campus_terms.demand_of(self.elasticity),
            law_change=self._law_change(after),
            damage_terms=self.campus_terms.damage,
            construction_jobs=construction_jobs((after.plan,), economy) - construction_jobs((before.plan,), economy),
            downside=downside,
        )

    def _force(self, before: Side, after: Side) -> Plan:
        """The least-cost plan of the inputs of one side that serves what another one serves."""
        served = after.served_by_tranche_mw
        if serves_the_same(served, before.served_by_tranche_mw, after.plan.capacities["it_mw"]):
            return before.plan
        return self._plan(self._again(before), served, self._own_points())

    def _participation(self, after: Side) -> Participation:
        """What the owner asks, and what he earns without the package and with it."""
        before, assumptions = self.before, self.campus_terms.assumptions
        unpriced = project_from_plan(before.plan)
        return Participation(
            required_return=asked_return(
                (unpriced,), assumptions, (unpriced, assumptions), rate_is_given=self.rate_is_given
            ),
            return_without=before.returns.equity_irr,
            return_with=after.returns.equity_irr,
            discount_rate=assumptions.discount_rate_real,
            rate_is_given=self.rate_is_given,
        )

    def _law_change(self, after: Side) -> LawChange | None:
        """What the package's tax law alone, in the place of the other one, costs the treasuries on what is built."""
        own = self.scenario.finance.cost_set
        compared = self.before.terms.tax.jurisdiction
        law = after.terms.tax.jurisdiction
        other = own if compared == law else compared
        if other == law:
            return None
        ordinary, theirs = (
            resolve_for(
                [load_package(ORDINARY_PACKAGES[name])],
                self.scenario.finance,
                start_year=self.scenario.policy.start_year,
                catalogue=self.preparation.recorder.catalogue,
            )
            for name in (other, law)
        )
        cost = fiscal_cost(after.campus, ordinary, self.campus_terms, under=theirs)
        return LawChange(other, law, cost, compared != law)

    def with_downside(self, payment: Payment, *, draws: int = DRAWS) -> Payment:
        """The same answer with what the treasuries may lose on its project under five kinds of support."""
        found = self._measure_downside(payment.before, payment.after, payment.shares.social_rate, draws)
        return replace(payment, downside=found)

    def _measure_downside(self, before: Side, after: Side, social_rate: float, draws: int) -> dict[str, Any]:
        catalogue = self.preparation.recorder.catalogue
        projects = under_each_kind(
            after.project,
            self.scenario.finance,
            tax_law=before.terms.tax.jurisdiction,
            catalogue=catalogue,
        )
        measured = measure_downside(
            projects,
            before.terms,
            self.campus_terms.assumptions,
            catalogue,
            seed=self.scenario.seed,
            draws=draws,
            asked=after.project,
            social_rate=social_rate,
        )
        return measured.summary()

    def build_side(
        self, packages: Sequence[str | Package], before: Side | None, served_mw: Mapping[str, float] | None = None
    ) -> Side:
        """Design, finance and ledger under packages; credits count as far as they can be used.

        An instrument whose conditions the plan designed with it does not fulfil is left out, and the rest designed
        anew. A share of usable credits that does not settle is `unsettled` on the side. It is the same to the last bit
        whatever else was asked.
        """
        return self._build_side(packages, before, served_mw, self._own_points())

    def _own_points(self) -> Points:
        """Points for the designs of one question to start from and to hand on to one another."""
        # What they start from must not depend on whether somebody has asked for that side yet.
        self._know_before()
        return {forced: dict(points) for forced, points in self._points.items()}

    def _build_side(
        self,
        packages: Sequence[str | Package],
        before: Side | None,
        served_mw: Mapping[str, float] | None,
        points: Points,
    ) -> Side:
        loaded = self._load(packages)
        refused: dict[tuple[str, int], tuple[Check, ...]] = {}
        while True:
            side = self._settle(loaded, tuple(refused), before, served_mw, points)
            failed = failing(side.checks)
            if not failed.keys() - refused.keys():
                break
            refused |= {key: checks for key, checks in failed.items() if key not in refused}
        kept = [check for check in side.checks if check.instrument not in refused]
        return replace(side, checks=(*kept, *(check for checks in refused.values() for check in checks)))

    def _settle(
        self,
        packages: tuple[Package, ...],
        refused: Sequence[tuple[str, int]],
        before: Side | None,
        served_mw: Mapping[str, float] | None,
        points: Points,
    ) -> Side:
        """Design and finance in turn until the share of credits that can be used is the same in both.

        Where the package makes debt cheaper, so is the share of the capital that debt pays for.
        """
        financed: float | None = None

        def design(usable: Usable) -> tuple[tuple[Campus, LevelisedCost], Usable, bool]:
            nonlocal financed
            plan = self._plan(self._under(packages, usable_at(usable, SITE), refused, financed), served_mw, points)
            campus, levelised = self._finance(plan, before, financed)
            found = financed_share(campus.cash)
            other = campus.project.policy.financing.relieves_debt and abs(found - (financed or 0.0)) > SAME_FINANCED
            financed = found
            return (campus, levelised), {SITE: campus.cash.class_utilisation()}, other

        (campus, levelised), unsettled = settle(design, ONE_CAMPUS)
        used = campus.cash.class_utilisation()
        capital = campus.cash.assumptions.capital_terms(campus.project.start_year)
        bought = [(item.asset, item.capex_myen, item.life_years) for item in campus.plan.investments]
        return Side(
            packages=packages,
            campus=campus,
            levelised=levelised,
            credit_utilisation=used,
            unsettled=unsettled,
            checks=campus.checks,
            financed_share=financed_share(campus.cash),
            effective_tax_rates=effective_tax_rates(bought, campus.project.policy, capital, used),
            token_costs=token_costs(levelised, self.preparation.recorder.catalogue, self.scenario.load.chip),
        )

    def _load(self, packages: Sequence[str | Package]) -> tuple[Package, ...]:
        return load_packages(self.scenario, packages)

    def _under(
        self,
        packages: Sequence[Package],
        utilisation: Mapping[str, float],
        refused: Sequence[tuple[str, int]] = (),
        financed: float | None = None,
    ) -> Preparation:
        return self.preparation.under(
            packages, credit_utilisation=utilisation, without=refused, financed_share=financed
        )

    def _again(self, side: Side) -> Preparation:
        """The inputs of a side, as it settled."""
        return self._under(side.packages, side.credit_utilisation, side.refused, side.financed_share)

    def _plan(self, preparation: Preparation, served_mw: Mapping[str, float] | None, points: Points) -> Plan:
        own = points[served_mw is not None]
        # The first one that is forced starts where the last one that chose was.
        own.update({} if own else points[served_mw is None])
        plan = build_prepared(preparation, served_mw=served_mw, warm=own, only_best=True)
        if plan.status != "optimal":
            raise InfeasibleError(plan)
        falling = preparation.falling
        traces = [
            one for one in plan.tranches if one.name in falling and one.served_mw <= TRACE * falling[one.name].at_mw
        ]
        if served_mw is None and traces:
            # Where the curve begins, a solver's tolerance leaves a trace that nobody buys.
            return self._plan(preparation, {one.name: 0.0 for one in traces}, points)
        return plan

    def _finance(self, plan: Plan, before: Side | None, financed: float | None) -> tuple[Campus, LevelisedCost]:
        """The campus of a plan with a price for all it sells, and its levelised cost."""
        project = project_from_plan(plan)
        if not project.streams:
            raise ScenarioError(Problem("finance.serves_nothing", key="load"))
        terms = replace(self.campus_terms, assumptions=replace(self.campus_terms.assumptions, financed_share=financed))
        levelised = levelised_cost(project, terms.assumptions)
        if before is None:
            whole = (project, terms.assumptions)
            price = cost_plus_price((project,), terms.assumptions, whole, rate_is_given=self.rate_is_given)
        else:
            sold_at = before.campus.price_myen_per_mwh
            price = load_price(levelised, before.levelised, sold_at, self.campus_terms.pass_through)
        return finance_campus(SITE, plan, project, price, terms), levelised

    def law_under(self, packages: Sequence[str | Package]) -> PolicyTerms:
        """What packages mean where all that they ask for is fulfilled."""
        terms = self._under(self._load(packages), {}).terms
        assert terms is not None
        return terms

    def terms_of(self, package: Package, side: Side) -> PolicyTerms:
        """What a package means where the instruments that a side could not use are left out."""
        terms = self._under((package,), {}, side.refused).terms
        assert terms is not None
        return terms

    def fiscal_cost(self, side: Side, terms: PolicyTerms | None = None) -> float:
        """What a package costs the treasuries on what is built, against the same project without it; million yen.

        `terms` are the package's where they are not those of the side: what the same design would cost under them.
        """
        return fiscal_cost(side.campus, self.before.terms, self.campus_terms, under=terms)


class InfeasibleError(KibanError):
    """The scenario has no design; `plan` explains why."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("no design serves the load within the limits of the scenario")
        self.plan = plan


def pay(
    scenario: Scenario | str | Path | None,
    package: str | Package | Sequence[str | Package],
    *,
    against: str | Package | Sequence[str | Package] = NO_SUPPORT,
    report: Report | None = None,
) -> Payment:
    """Who pays for a package, and what it changes, against another (by default: the tax law without support)."""
    tell = report or say_nothing
    tell(Message("progress.inputs"))
    question = Question(scenario, against=_listed(against), about=_listed(package))
    return question.pay(_listed(package), report=report, draws=DRAWS)


def _listed(packages: str | Package | Sequence[str | Package]) -> tuple[str | Package, ...]:
    return (packages,) if isinstance(packages, str | Package) else tuple(packages)
