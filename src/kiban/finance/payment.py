"""The answer of PAY: the two sides of a package, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kiban.finance.additionality import Support
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow
from kiban.finance.eligibility import Check, failing
from kiban.finance.environment import Damage, DamageTerms
from kiban.finance.ledger import Ledger
from kiban.finance.levelised import LevelisedCost
from kiban.finance.metrics import Returns
from kiban.finance.posting import Shares, tranche_sales
from kiban.finance.project import Project
from kiban.finance.public_funds import LEAST_INDUCED_MW, PublicFunds, account_funds, cost_per_induced
from kiban.planning.plan import Plan
from kiban.policy.terms import PolicyTerms
from kiban.scenario.package import Package

GAINERS = ("equity", "lenders", "users", "ratepayers")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The scenario under one package: what is built, its money, and who pays."""

    packages: tuple[Package, ...]
    plan: Plan
    project: Project
    cash: CashFlow
    returns: Returns
    levelised: LevelisedCost
    ledger: Ledger
    credit_utilisation: Mapping[str, float]
    """Share of the credits of each asset class that the limits let its owner use, by present value."""
    unsettled: float = 0.0
    """How far that share still moved in the last round; 0 where design and finance agree to `SETTLED`."""
    checks: tuple[Check, ...] = ()
    """What the measures behind the packages ask for, held against this plan."""
    effective_tax_rates: Mapping[str, float | None] = field(default_factory=dict)
    """Marginal effective tax rate by asset class that is bought; None where support leaves no
    need of a positive return."""
    token_costs: Mapping[str, float] = field(default_factory=dict)
    """Levelised cost of a million output tokens by number format, yen; empty without chips."""
    damage: Damage | None = None
    """What the emissions do, beside the ledger."""

    @property
    def refused(self) -> tuple[tuple[str, int], ...]:
        """Instruments, by package and number, that do not apply since the plan does not fulfil their conditions."""
        return tuple(failing(self.checks))

    @property
    def terms(self) -> PolicyTerms:
        """The law and the support in force."""
        return self.project.policy

    @property
    def served_mw(self) -> float:
        """IT load of tranches that is served."""
        return sum(tranche.served_mw for tranche in self.plan.tranches)


@dataclass(frozen=True, slots=True, eq=False)
class Payment:
    """What a package costs and changes against another; money is million yen, present value where it says so."""

    before: Side
    after: Side
    forced: Plan
    """Least-cost plan at prices before the package that serves what the package's plan serves."""
    support: Support
    incidence: Ledger
    """Ledger with the package less the ledger without."""
    party_values_myen: Mapping[str, float]
    """Present value of the change for each party at its own real rate."""
    fiscal_cost_myen: float
    """What the treasuries forgo and spend on what is built with the package, at their rate, before any answer."""
    treasury_value_myen: float
    """Present value of the change for all treasuries, with the tax that induced investment pays."""
    assumptions: FinanceAssumptions
    shares: Shares
    pass_through: float
    """Share of a fall in cost that the users of the load receive."""
    elasticity: float | None
    """Elasticity of the demand that is offered; None where the scenario's own tranches are."""
    damage_terms: DamageTerms
    """What a tonne of emissions is taken to do."""
    construction_jobs: float
    """Change of job-years at home, direct and indirect, that building sets in motion."""
    downside: Mapping[str, Any] | None = None

    @property
    def induced_it_mw(self) -> float:
        """IT load that is served because of the package."""
        return self.after.served_mw - self.before.served_mw

    @property
    def cost_per_induced_mw_myen(self) -> float | None:
        """Fiscal cost for each induced MW of IT load; None where nothing is induced."""
        return cost_per_induced(self.fiscal_cost_myen, self.induced_it_mw, least=LEAST_INDUCED_MW)

    @property
    def damage_myen(self) -> float:
        """Change of the damage by emissions, present value; no party of the ledger pays or receives it."""
        assert self.before.damage is not None and self.after.damage is not None
        return self.after.damage.damage_myen - self.before.damage.damage_myen

    @property
    def public_funds(self) -> PublicFunds:
        """What those who gain would pay, what the treasuries spend, and what comes back to them; present values."""
        return account_funds(self.gains_myen, self.fiscal_cost_myen, self.treasury_value_myen)

    @property
    def value_of_public_funds(self) -> float | None:
        """Marginal value of public funds: what owner, lenders, users and ratepayers gain over the treasuries' net cost.

        Suppliers, workers and landowners give goods, work and land for what they receive, so that their receipts are
        no gain. None where the package costs the treasuries nothing net (it pays for itself) or does nothing.
        """
        return self.public_funds.value_of_cost

    @property
    def gains_myen(self) -> dict[str, float]:
        """Present value that each party gains for nothing in return; users value further compute at what they bid."""
        gains = {party: self.party_values_myen[party] for party in GAINERS}
        gains["users"] += tranche_sales(self.after.cash, self.shares) - tranche_sales(self.before.cash, self.shares)
        return gains
