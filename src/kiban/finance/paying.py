"""PAY: one scenario under a package and under what it is compared with, and who pays for the difference.

Each side is designed at its own after-tax costs, financed, and posted to a ledger. The load that has no price of its
own is sold at its levelised cost without the package, less the part of any saving that competition passes on;
tranches pay what they bid. Credits that the law's limits leave unused do not count in the design: utilisation is
found by going around design and finance until it settles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kiban.errors import KibanError, Problem, ScenarioError
from kiban.finance.additionality import measure_support
from kiban.finance.assumptions import read_assumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.demand import elastic_tranches, probe_tranche
from kiban.finance.economy import assess_impact, construction_demand, read_economy_terms
from kiban.finance.eligibility import Check, check_conditions, failing
from kiban.finance.environment import measure_damage, read_damage_terms
from kiban.finance.ledger import PARTIES, TREASURIES, Ledger, difference
from kiban.finance.levelised import LevelisedCost, levelised_cost, token_costs
from kiban.finance.metrics import compute_returns
from kiban.finance.payment import Payment, Side
from kiban.finance.posting import post_entries, read_shares
from kiban.finance.project import Project, project_from_plan
from kiban.finance.public_risk import measure_downside, under_each_kind
from kiban.messages import Message
from kiban.planning.building import build_prepared
from kiban.planning.plan import Plan
from kiban.planning.preparation import Preparation, prepare
from kiban.policy.effective_rates import effective_tax_rates
from kiban.policy.terms import PolicyTerms
from kiban.progress import Report, say_nothing
from kiban.scenario import Scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.package import Package, load_package

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

NO_SUPPORT = "none"
SETTLED = 1e-4
MOST_ROUNDS = 12
DAMPED_FROM = 4
"""Round from which half of the last share is kept, so that a share that swings comes to rest."""
SAME_SERVED = 1e-4
"""Difference of served MW, as a share of the load, that a solver's tolerance explains."""
DRAWS = 10_000


class Question:
    """A scenario with its inputs at hand, asked under many packages; each answer is remembered."""

    def __init__(
        self,
        scenario: Scenario | str | Path | None,
        *,
        against: Sequence[str | Package] = (NO_SUPPORT,),
        warm: bool = False,
    ) -> None:
        """With `warm`, designs under a package start from the last one: quicker, proven alike, other last digits."""
        self.scenario = load_scenario(scenario).with_packages(())
        self.preparation = prepare(self.scenario)
        catalogue = self.preparation.recorder.catalogue
        self.assumptions = read_assumptions(catalogue, discount_rate_real=self.preparation.capital.discount_rate)
        self.shares = read_shares(catalogue)
        self.pass_through = catalogue.value("finance.pass_through")
        given = self.scenario.money.yen_per_usd
        self.damage_terms = read_damage_terms(
            catalogue, catalogue.value("money.yen_per_usd") if given is None else given
        )
        self.against = tuple(against)
        self._before: Side | None = None
        # Points to start from, for designs that choose what to serve and for those that are forced.
        self._points: dict[bool, dict[str, WarmStart]] = {False: {}, True: {}} if warm else {}
        self.elasticity: float | None = None
        for system in self.preparation.cooling_systems:
            # Read once here, so that what does not depend on policy and demand is shared by all plans.
            self.preparation.resources_for(system)
        if not self.scenario.tranche:
            self._offer_elastic_demand(catalogue.value("demand.price_elasticity"))

    def _offer_elastic_demand(self, elasticity: float) -> None:
        """Without tranches of its own, a scenario is offered demand of constant elasticity below its marginal cost."""
        side = self.build_side(self.against, None)
        alone = side.plan
        load_mw = alone.capacities["it_mw"]
        probed = self.preparation
        self.preparation = probed.offering((probe_tranche(load_mw),))
        more = self._plan(self._under(side.packages, side.credit_utilisation, side.refused), None)
        energy = more.tranches[0].it_energy_mwh_per_year
        marginal = (more.net_cost_myen_per_year - alone.net_cost_myen_per_year) / energy
        self.elasticity = elasticity
        self.preparation = probed.offering(elastic_tranches(load_mw, marginal, elasticity))
        self.scenario = self.preparation.scenario

    @property
    def before(self) -> Side:
        """The side without the package."""
        if self._before is None:
            self._before = self.build_side(self.against, None)
        return self._before

    def pay(
        self,
        packages: Sequence[str | Package],
        *,
        after: Side | None = None,
        report: Report | None = None,
    ) -> Payment:
        """The answer for one package (or several that hold together); `after` is its side where that is at hand."""
        tell = report or say_nothing
        tell(Message("progress.pay_without"))
        before = self.before
        tell(Message("progress.pay_with"))
        if after is None:
            after = before if self._load(packages) == before.packages else self.build_side(packages, before)
        served = {tranche.name: tranche.served_mw for tranche in after.plan.tranches}
        tell(Message("progress.pay_forced"))
        if _serve_the_same(before, after):
            forced = before.plan
        else:
            forced = self._plan(self._under(before.packages, before.credit_utilisation, before.refused), served)
        capital = self.preparation.capital
        tax_rate = before.terms.tax.rate
        support = measure_support(
            before.plan,
            after.plan,
            forced,
            after_tax_rate=capital.discount_rate * (1.0 - tax_rate),
            tax_rate=tax_rate,
            horizon_years=capital.horizon_years,
        )
        incidence = difference(after.ledger, before.ledger)
        rates = self.shares.party_rates
        values = _change(after.ledger, before.ledger, rates)
        return Payment(
            before=before,
            after=after,
            forced=forced,
            support=support,
            incidence=incidence,
            party_values_myen=values,
            fiscal_cost_myen=self.fiscal_cost(after),
            treasury_value_myen=sum(values[party] for party in TREASURIES),
            assumptions=self.assumptions,
            shares=self.shares,
            pass_through=self.pass_through,
            elasticity=self.elasticity,
            damage_terms=self.damage_terms,
            construction_jobs=self._construction_jobs(after.plan) - self._construction_jobs(before.plan),
        )

    def _construction_jobs(self, plan: Plan) -> float:
        terms = read_economy_terms(self.preparation.recorder.catalogue)
        spent: dict[str, float] = {}
        for investment in plan.investments:
            spent[investment.asset] = spent.get(investment.asset, 0.0) + investment.capex_myen
        return assess_impact(construction_demand(spent, terms), terms).national.headline.jobs

    def with_downside(self, payment: Payment, *, draws: int = DRAWS) -> Payment:
        """The same answer with what the treasuries may lose on its project under five kinds of support."""
        catalogue = self.preparation.recorder.catalogue
        projects = under_each_kind(payment.after.project, tax_law=self.scenario.finance.cost_set)
        measured = measure_downside(
            projects, payment.before.terms, self.assumptions, catalogue, seed=self.scenario.seed, draws=draws
        )
        return replace(payment, downside=measured.summary())

    def build_side(
        self, packages: Sequence[str | Package], before: Side | None, served_mw: Mapping[str, float] | None = None
    ) -> Side:
        """Design, finance and ledger under packages; credits count as far as they can be used.

        An instrument whose conditions the plan designed with it does not fulfil is left out, and the rest designed
        anew. A share of usable credits that does not settle is `unsettled` on the side.
        """
        loaded = self._load(packages)
        refused: dict[tuple[str, int], tuple[Check, ...]] = {}
        while True:
            side = self._settle(loaded, tuple(refused), before, served_mw)
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
    ) -> Side:
        """Design and finance in turn until the share of credits that can be used is the same in both."""
        utilisation: Mapping[str, float] = {}
        for number in range(MOST_ROUNDS):
            preparation = self._under(packages, utilisation, refused)
            plan = self._plan(preparation, served_mw)
            project, levelised = self._price(plan, before)
            cash = project_cash_flow(project, self.assumptions)
            found = cash.class_utilisation()
            change = max((abs(found[name] - utilisation.get(name, 1.0)) for name in found), default=0.0)
            kept = 0.5 if change >= SETTLED and number >= DAMPED_FROM else 0.0
            utilisation = {name: kept * utilisation.get(name, 1.0) + (1.0 - kept) * found[name] for name in found}
            if change < SETTLED:
                break
        terms = project.policy
        return Side(
            packages,
            plan,
            project,
            cash,
            compute_returns(cash),
            levelised,
            self._post(plan, cash),
            found,
            unsettled=change if change >= SETTLED else 0.0,
            checks=check_conditions(terms.conditions, plan, cash),
            effective_tax_rates=effective_tax_rates(
                [(item.asset, item.capex_myen, item.life_years) for item in plan.investments],
                terms,
                self.preparation.capital,
                found,
            ),
            token_costs=token_costs(levelised, self.preparation.recorder.catalogue, self.scenario.load.chip),
            damage=measure_damage(plan, cash, self.damage_terms, self.shares.party_rates["environment"]),
        )

    def _load(self, packages: Sequence[str | Package]) -> tuple[Package, ...]:
        return tuple(load_package(package, self.scenario.folder) for package in packages)

    def _under(
        self, packages: Sequence[Package], utilisation: Mapping[str, float], refused: Sequence[tuple[str, int]] = ()
    ) -> Preparation:
        return self.preparation.under(packages, credit_utilisation=utilisation, without=refused)

    def _plan(self, preparation: Preparation, served_mw: Mapping[str, float] | None) -> Plan:
        points = None if self._before is None else self._points.get(served_mw is not None)
        plan = build_prepared(preparation, served_mw=served_mw, warm=points)
        if plan.status != "optimal":
            raise InfeasibleError(plan)
        return plan

    def _price(self, plan: Plan, before: Side | None) -> tuple[Project, LevelisedCost]:
        """The project with a price for all it sells, and its levelised cost."""
        project = project_from_plan(plan)
        if not project.streams:
            raise ScenarioError(Problem("serves no compute, so that nobody could pay", key="load"))
        levelised = levelised_cost(project, self.assumptions)
        price = levelised.myen_per_it_mwh
        if before is not None:
            price = before.levelised.myen_per_it_mwh - self.pass_through * (before.levelised.myen_per_it_mwh - price)
        return project.priced(price), levelised

    def _post(self, plan: Plan, cash: CashFlow) -> Ledger:
        return post_entries(
            cash,
            self.shares,
            energy_charges_myen=plan.energy_charges_myen_per_year,
            ratepayers_works_myen=plan.ratepayers_works_myen,
        )

    def terms_of(self, package: Package, side: Side) -> PolicyTerms:
        """What a package means where the instruments that a side could not use are left out."""
        terms = self._under((package,), {}, side.refused).terms
        assert terms is not None
        return terms

    def fiscal_cost(self, side: Side, terms: PolicyTerms | None = None) -> float:
        """What a package costs the treasuries on what is built, against the same project without it; million yen.

        `terms` are the package's where they are not those of the side: what the same design would cost under them.
        """
        after, ordinary = (
            self._post(side.plan, project_cash_flow(replace(side.project, policy=policy), self.assumptions))
            for policy in (terms or side.terms, self.before.terms)
        )
        return -sum(_change(after, ordinary, self.shares.party_rates)[party] for party in TREASURIES)


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
    question = Question(scenario, against=_listed(against))
    payment = question.pay(_listed(package), report=report)
    tell(Message("progress.pay_downside"))
    return question.with_downside(payment)


def _serve_the_same(before: Side, after: Side) -> bool:
    """Whether two sides serve the same of each tranche, up to the solver's tolerance."""
    served = {tranche.name: tranche.served_mw for tranche in before.plan.tranches}
    close = SAME_SERVED * after.plan.capacities["it_mw"]
    return all(abs(tranche.served_mw - served[tranche.name]) <= close for tranche in after.plan.tranches)


def _listed(packages: str | Package | Sequence[str | Package]) -> tuple[str | Package, ...]:
    return (packages,) if isinstance(packages, str | Package) else tuple(packages)


def _change(after: Ledger, before: Ledger, rates: Mapping[str, float]) -> dict[str, float]:
    new, old = after.present_values(rates), before.present_values(rates)
    return {party: new[party] - old[party] for party in PARTIES}
