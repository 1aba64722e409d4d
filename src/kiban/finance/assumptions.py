"""What the cash flow assumes beside the plan and the law: rates, years and the terms of the debt, from the catalogue.

Rates are shares a year; nominal unless the name says real.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.errors import Problem, ScenarioError
from kiban.finance.money_terms import PLAIN, MoneyTerms
from kiban.policy.capital import CapitalTerms, discount_rate_under
from kiban.policy.terms import FinancingTerms, PolicyTerms
from kiban.scenario.study import Owner

TaxPosition = Literal["group", "standalone"]
Repayment = Literal["sculpted", "annuity"]
LARGE_GROUP: Owner = "large_group"
OTHER_TAX: Mapping[Owner, str] = {LARGE_GROUP: "finance.group_tax", "group": "finance.owner_tax.group"}
"""Figures of the tax on other income, by owner; the others have none, and carry their losses forward."""
OPENING_LOSSES: Mapping[Owner, str] = {"start_up": "finance.owner_losses.start_up"}
"""Figures of what an owner has lost before the first spade."""
CUMULATIVE_YEARS = 10
"""Years over which the published default rate (`finance.cumulative_default_10y`) is cumulative."""
PAID_AT_THE_END = frozenset({"chips"})
"""Assets that are paid when operation starts, not while the campus is built."""

_FACTS = {
    "inflation": "finance.inflation",
    "horizon_years": "finance.horizon",
    "construction_years": "finance.construction",
    "capex_at_start_share": "finance.capex_at_start",
    "discount_rate_real": "finance.discount_rate",
    "equity_rate": "finance.equity_rate",
    "debt_share": "finance.debt_share",
    "debt_tenor_years": "finance.debt_tenor",
    "debt_reference_rate": "finance.debt_reference_rate",
    "debt_margin": "finance.debt_margin",
    "dscr_target": "finance.dscr_target",
    "upfront_fee_share": "finance.fee.upfront",
    "public_rate": "finance.public_rate",
    "credit_delay_years": "finance.credit_delay",
    "group_tax_myen": "finance.group_tax",
    "decommissioning_share": "finance.decommissioning_share",
    "wages_of_operation_share": "finance.labour_share.operation",
}
_WHOLE_YEARS = ("horizon_years", "construction_years", "debt_tenor_years", "credit_delay_years")


@dataclass(frozen=True, slots=True)
class FinanceAssumptions:
    """Inputs of a cash flow; rates and shares may be columns with one for each of many draws (draws, 1).

    `discount_rate_real` is before tax, as in the design. In the `group` position `group_tax_myen` a year is tax on the
    owner's other income: a loss offsets that income at once, and the tax counts towards the limits of credits; alone,
    losses are carried forward. `facts` are the catalogue rows behind the numbers.
    """

    inflation: float
    horizon_years: int
    construction_years: int
    capex_at_start_share: float
    discount_rate_real: float
    equity_rate: float
    debt_share: float
    debt_tenor_years: int
    debt_reference_rate: float
    debt_margin: float
    dscr_target: float
    upfront_fee_share: float
    public_rate: float
    credit_delay_years: int = 0
    group_tax_myen: float = 0.0
    decommissioning_share: float = 0.0
    wages_of_operation_share: float = 0.0
    """Share of fixed operation and maintenance that is wages, for the tax on value added."""
    opening_loss_myen: float = 0.0
    """What the owner has lost before the first spade and may still carry."""
    owner_rate_real: float | None = None
    """What the market asks for the project without debt, real and after the tax of a private owner, for the price of
    the risk that a public one bears; None: `discount_rate_real`, as where there is no tax."""
    owner: Owner = LARGE_GROUP
    tax_position: TaxPosition = "group"
    repayment: Repayment = "sculpted"
    financed_share: float | None = None
    """Share of the capital in use that debt pays for (`leverage`), on which cheaper debt saves; None: `debt_share`."""
    insists_on_debt: bool = False
    """Whether it is an error that the cash flow can carry no debt, because somebody asked for it."""
    terms: MoneyTerms = PLAIN
    """What a user says of prices, output, debt and reserves beside these."""
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        problems = [
            Problem("finance.outside", key=f"finance.{name}", value=getattr(self, name), low=low, high=high)
            for name, low, high in _ALLOWED
            if not np.all((low <= getattr(self, name)) & (getattr(self, name) <= high))
        ]
        if problems:
            raise ScenarioError(problems)

    def phasing(self, asset: str) -> tuple[float, ...]:
        """Shares of an asset's cost paid at the first spade and at the end of each year of construction."""
        years = self.construction_years
        if years == 0 or asset in PAID_AT_THE_END:
            return (*(0.0,) * years, 1.0)
        rest = (1.0 - self.capex_at_start_share) / years
        return (self.capex_at_start_share, *(rest,) * years)

    def debt_rate(self, financing: FinancingTerms) -> float:
        """Rate of the loan: guaranteed debt pays no margin on the guaranteed share, a public loan its own rate."""
        if financing.public:
            return self.public_rate
        if financing.concessional_rate is not None:
            return financing.concessional_rate
        return self.debt_reference_rate + self.debt_margin * (1.0 - financing.guarantee_coverage)

    def capital_terms(self, start_year: int) -> CapitalTerms:
        """The same assumptions as the design counts with."""
        return CapitalTerms(
            discount_rate=self.discount_rate_real,
            inflation=self.inflation,
            start_year=start_year,
            horizon_years=self.horizon_years,
            debt_share=self.debt_share if self.financed_share is None else self.financed_share,
            debt_margin=self.debt_margin,
            debt_rate=self.debt_reference_rate + self.debt_margin,
            public_rate=(1.0 + self.public_rate) / (1.0 + self.inflation) - 1.0,
        )

    def discount_rate_after_tax(self, policy: PolicyTerms, start_year: int) -> float:
        """Nominal rate for flows after tax: the design's real rate before tax, less its tax, with inflation."""
        real = discount_rate_under(policy.financing, self.capital_terms(start_year)) * (1.0 - policy.tax.rate)
        return (1.0 + real) * (1.0 + self.inflation) - 1.0


_ALLOWED = (
    ("inflation", -0.1, 0.5),
    ("horizon_years", 1, 100),
    ("construction_years", 0, 15),
    ("capex_at_start_share", 0, 1),
    ("discount_rate_real", 0, 1),
    ("equity_rate", 0, 1),
    ("debt_share", 0, 1),
    ("debt_tenor_years", 1, 100),
    ("debt_reference_rate", -0.05, 0.5),
    ("debt_margin", 0, 0.5),
    ("dscr_target", 1, 10),
    ("upfront_fee_share", 0, 0.2),
    ("public_rate", -0.05, 0.5),
    ("credit_delay_years", 0, 5),
    ("group_tax_myen", 0, 1e9),
    ("opening_loss_myen", 0, 1e9),
    ("decommissioning_share", 0, 1),
    ("wages_of_operation_share", 0, 1),
)


def read_assumptions(
    catalogue: Catalogue,
    *,
    discount_rate_real: float | None = None,
    owner: Owner = LARGE_GROUP,
    tax_position: TaxPosition | None = None,
    repayment: Repayment = "sculpted",
    terms: MoneyTerms | None = None,
) -> FinanceAssumptions:
    """The catalogue's assumptions (with what a scenario puts in their place); years are rounded to whole years.

    The owner decides about other income and losses; `tax_position` is in its place.

    A share of debt that the scenario gives is asked for: ScenarioError later where no cash flow can carry any.
    """
    facts = {name: catalogue.fact(key) for name, key in _FACTS.items()}
    values = {name: fact.value for name, fact in facts.items()}
    if discount_rate_real is not None:
        values["discount_rate_real"] = discount_rate_real
        del facts["discount_rate_real"]
    for name in _WHOLE_YEARS:
        values[name] = round(values[name])
    del facts["group_tax_myen"], values["group_tax_myen"]
    for name, table in (("group_tax_myen", OTHER_TAX), ("opening_loss_myen", OPENING_LOSSES)):
        if owner in table:
            facts[name] = catalogue.fact(table[owner])
            values[name] = facts[name].value
    position = tax_position or ("group" if owner in OTHER_TAX else "standalone")
    asked = facts["debt_share"].status == "given" and values["debt_share"] > 0
    chosen: dict[str, Any] = {
        **values, "owner": owner, "tax_position": position, "repayment": repayment, "insists_on_debt": asked,
        "terms": terms or PLAIN,
    }  # fmt: skip
    return FinanceAssumptions(**chosen, facts=tuple(facts.values()))
