"""The answer of PAY: the two sides of a package, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kiban.finance.additionality import Support
from kiban.finance.assumed_range import AssumedRange, DemandAssumed, induced_between, range_over
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.campus import Campus, changes_at, gains, value_public_funds
from kiban.finance.cash_flow import CashFlow
from kiban.finance.eligibility import Check, failing
from kiban.finance.environment import Damage, DamageTerms
from kiban.finance.firmness import Firmness
from kiban.finance.ledger import Ledger
from kiban.finance.levelised import LevelisedCost
from kiban.finance.metrics import Returns
from kiban.finance.owner_risk import risk_charge
from kiban.finance.participation import EquityGain, Participation, split_gain
from kiban.finance.posting import Shares
from kiban.finance.price_effects import PriceEffects, find_price_effects, is_among_the_largest
from kiban.finance.project import Project
from kiban.finance.public_funds import PublicFunds, cost_per_induced_mw, whole_induced
from kiban.planning.plan import Plan
from kiban.policy.terms import PolicyTerms
from kiban.scenario.package import Package


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The scenario under one package: its campus, what its compute costs, and what the law says of it."""

    packages: tuple[Package, ...]
    campus: Campus
    levelised: LevelisedCost
    credit_utilisation: Mapping[str, float]
    """Share of the credits of each asset class that the limits let its owner use, by present value."""
    financed_share: float
    """Share of the capital in use that debt pays for, by present value."""
    unsettled: float
    """How far that share still moved in the last round; 0 where design and finance agree."""
    checks: tuple[Check, ...]
    """What the measures behind the packages ask for, held against this plan or against the one that was refused."""
    effective_tax_rates: Mapping[str, float | None]
    """Marginal effective tax rate by asset class that is bought; None where support leaves no
    need of a positive return."""
    token_costs: Mapping[str, float]
    """Levelised cost of a million output tokens by number format, yen; empty without chips."""

    @property
    def campuses(self) -> tuple[Campus, ...]:
        """The one campus, as a country has many."""
        return (self.campus,)

    def terms_of(self, _: str) -> PolicyTerms:
        """The law and the support in force at a campus, of which there is one."""
        return self.terms

    @property
    def plan(self) -> Plan:
        """What is built."""
        return self.campus.plan

    @property
    def project(self) -> Project:
        """The plan as an investor sees it, priced."""
        return self.campus.project

    @property
    def cash(self) -> CashFlow:
        """Its money by year."""
        return self.campus.cash

    @property
    def returns(self) -> Returns:
        """Returns and cover."""
        return self.campus.returns

    @property
    def ledger(self) -> Ledger:
        """Who pays whom."""
        return self.campus.ledger

    @property
    def clean_share(self) -> float:
        """Share of the load that clean energy meets hour by hour."""
        return self.plan.indicators["clean_share"]

    @property
    def equity_return(self) -> float | None:
        """Internal rate of return of equity; None where it has none."""
        return self.returns.equity_irr

    @property
    def damage(self) -> Damage:
        """What its emissions do, beside the ledger."""
        return self.campus.damage

    @property
    def refused(self) -> tuple[tuple[str, int], ...]:
        """Instruments, by package and number, that do not apply since the plan does not fulfil their conditions."""
        return tuple(failing(self.checks))

    @property
    def refused_everywhere(self) -> frozenset[tuple[str, int]]:
        """The same, of the one campus that there is."""
        return frozenset(self.refused)

    @property
    def terms(self) -> PolicyTerms:
        """The law and the support in force."""
        return self.project.policy

    @property
    def served_mw(self) -> float:
        """IT load of tranches that is served."""
        return sum(self.served_by_tranche_mw.values())

    @property
    def served_by_tranche_mw(self) -> dict[str, float]:
        """What is served of each tranche."""
        return {tranche.name: tranche.served_mw for tranche in self.plan.tranches}


@dataclass(frozen=True, slots=True)
class LawChange:
    """What one country's ordinary tax law costs the treasuries in the place of another's, on what is built.

    Million yen at the social rate. It is no support. `within` is whether the fiscal cost contains it: it does where the
    user compares packages under two tax laws.
    """

    replaced: str
    law: str
    fiscal_cost_myen: float
    within: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """Fiscal cost at the social rate, million yen: of the plan, and in the mean of the draws.

    The plan sells all that it builds for at a steady price, the draws what may turn out: less is sold, compute becomes
    cheaper with chips, operation starts late. What will be paid is estimated by the draws; what is built, and what
    support pays for, by the plan.
    """

    plan_myen: float
    draws_myen: float
    standard_error_myen: float


@dataclass(frozen=True, slots=True, eq=False)
class Payment:
    """What a package costs and changes against another; money is million yen, present value where it says so."""

    before: Side
    after: Side
    forced: Plan
    """Least-cost plan at prices before the package that serves what the package's plan serves."""
    support: Support
    participation: Participation
    """What the owner asks and earns: whether anything is built at all."""
    incidence: Ledger
    """Ledger with the package less the ledger without."""
    party_values_myen: Mapping[str, float]
    """Present value of the change for each party at its own real rate."""
    fiscal_cost_myen: float
    """What the treasuries forgo and spend on what is built with the package, at the social rate, before any answer."""
    assumptions: FinanceAssumptions
    shares: Shares
    pass_through: float
    """Share of a fall in cost that the users of the load receive."""
    demand: DemandAssumed | None
    """What is assumed of the demand that is offered; None where the scenario's own tranches are."""
    law_change: LawChange | None
    """Where the package has another tax law than the scenario's country, or than what it is compared with."""
    damage_terms: DamageTerms
    """What a tonne of emissions is taken to do."""
    construction_jobs: float
    """Change of job-years at home, direct and indirect, that building sets in motion."""
    downside: Mapping[str, Any] | None = None
    firmness: Firmness | None = None
    """How it stands over joint draws of what is assumed; None where nothing was drawn."""

    @property
    def induced_it_mw(self) -> float:
        """IT load that is served because of the package."""
        return whole_induced(self.after.served_mw - self.before.served_mw)

    @property
    def induced_range_mw(self) -> tuple[float, float] | None:
        """Induced load at the lowest and the highest elasticity, at the price that users pay with the package.

        None where the scenario's own tranches are offered.
        """
        return induced_between(self.load_mw, self.induced_it_mw, self.demand)

    @property
    def load_mw(self) -> float:
        """IT load without the package."""
        return self.before.plan.capacities["it_mw"]

    @property
    def range(self) -> AssumedRange | None:
        """Between which values fiscal cost, windfall and induced load lie.

        In nine of ten draws where assumptions were drawn, else over what is assumed of demand, each assumption alone.
        """
        if self.firmness is not None:
            found = (self.firmness.figures[name] for name in ("fiscal_cost_myen", "windfall_share", "induced_it_mw"))
            return AssumedRange(*((spread.low, spread.high) for spread in found))
        if self.demand is None:
            return None
        return range_over(self.load_mw, self.induced_it_mw, self.fiscal_cost_myen, self.support, self.demand)

    @property
    def elasticity(self) -> float | None:
        """Elasticity of the demand that is offered; None where the scenario's own tranches are."""
        return None if self.demand is None else self.demand.elasticity

    @property
    def cost_per_induced_mw_myen(self) -> float | None:
        """Fiscal cost for each induced MW of IT load; None where nothing is induced."""
        return cost_per_induced_mw(self.fiscal_cost_myen, self.induced_it_mw)

    @property
    def damage_myen(self) -> float:
        """Change of the damage by emissions, present value; no party of the ledger pays or receives it."""
        return self.after.damage.damage_myen - self.before.damage.damage_myen

    @property
    def treasury_value_myen(self) -> float:
        """Change for all treasuries at the social rate, with the tax that induced investment pays."""
        return -self.public_funds.net_cost

    @property
    def public_funds(self) -> PublicFunds:
        """What those who gain would pay, what the treasuries spend, and what comes back to them, at the social rate."""
        return self._funds_at(self.shares.social_rate)

    @property
    def risk_charge_myen(self) -> float:
        """Price of the risk that the treasuries bear as owners with the package: a part of their cost."""
        return risk_charge(self.after.cash, self.shares.social_rate)

    @property
    def value_of_public_funds(self) -> float | None:
        """Marginal value of public funds: what owner, lenders, users and ratepayers gain over the treasuries' net cost.

        Both sides are at the social rate. Suppliers, workers and landowners give goods, work and land for what they
        receive, so that their receipts are no gain. None where the package costs the treasuries nothing net (it pays
        for itself) or does nothing.
        """
        return self.public_funds.marginal_value

    @property
    def value_of_public_funds_by_rate(self) -> dict[float, float | None]:
        """The same at each of the rates that stand beside the social one."""
        return {rate: self._funds_at(rate).marginal_value for rate in self.shares.social_rates}

    def _funds_at(self, rate: float) -> PublicFunds:
        return value_public_funds(
            self.after.ledger,
            self.before.ledger,
            (self.after.campus,),
            (self.before.campus,),
            self.fiscal_cost_myen,
            rate,
            self.induced_it_mw / self.load_mw,
        )

    @property
    def estimate(self) -> Estimate | None:
        """Fiscal cost as planned and in the mean of the draws; None where nothing was drawn.

        Draws know no price of risk, so that a public owner's is left out of the plan's figure here.
        """
        asked = None if self.downside is None else self.downside.get("asked")
        if asked is None:
            return None
        planned = self.fiscal_cost_myen - self.risk_charge_myen
        return Estimate(planned, asked["expected_myen"], asked["standard_error_myen"])

    @property
    def changes_at_social_rate_myen(self) -> Mapping[str, float]:
        """What each party has more, all at the social rate (see `campus.changes_at`)."""
        return changes_at(
            self.after.ledger,
            self.before.ledger,
            (self.after.campus,),
            (self.before.campus,),
            self.shares.social_rate,
        )

    @property
    def price_effects(self) -> PriceEffects | None:
        """What electricity users elsewhere pay more because of the package; None outside of Japan's market."""
        return _effects_of(self)

    @property
    def others_are_among_the_largest(self) -> bool:
        """Whether their change is among the three largest of all parties, all at the social rate.

        Ratepayers are not held against them: charges pass on to these users what the ledger of the campus gives those.
        """
        return is_among_the_largest(self.price_effects, self.changes_at_social_rate_myen, self.shares.social_rate)

    @property
    def gains_myen(self) -> dict[str, float]:
        """What each party gains for nothing, at its own rate; users value further compute at what they bid."""
        users = self.shares.party_rates["users"]
        return gains(self.party_values_myen, (self.after.campus,), (self.before.campus,), users)

    @property
    def equity_gain(self) -> EquityGain:
        """What the owner gains without debt, and what the debt that is raised adds."""
        rate = self.shares.party_rates["equity"]
        return split_gain(self.gains_myen["equity"], (self.after.cash,), (self.before.cash,), rate)


@lru_cache(maxsize=4)
def _effects_of(payment: Payment) -> PriceEffects | None:
    """Asked for in every sentence and table, found once."""
    cash = payment.after.cash
    base = int(cash.years[0])
    first = base + cash.project.waiting_years
    return find_price_effects(payment.before.plan, payment.after.plan, base, first, payment.incidence)
