"""The yearly cash flow of a project from first spade to the end, nominal, for one case or for many draws at once.

Every number of a project and every rate may be a column with a value for each draw (draws, 1): what is assumed to be
otherwise from the start, before debt is sized. `Draws` is what turns out otherwise later.

Index 0 is the first spade, in the start year; operation starts at the end of construction (index C) and its k-th
year ends at index C + k. Money of each year falls at its end. Prices are those of the start year and follow
inflation. Amounts are positive and named for what they are; the flows that add them up carry the signs:

    project flow = revenue + production credits + grants + residual value - running costs - property tax - size levy
                   - purchases - tax on them - decommissioning - tax without debt
    equity flow  = project flow before tax + debt drawn - debt service - fees - tax

as in any model of project finance; NREL's System Advisor Model gives the same, account by account, in
`tests/oracles/test_pysam.py`, where its conventions are met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.debt import Debt, size_debt
from kiban.finance.money_terms import grow
from kiban.finance.project import MEASURED_ACCOUNTS, POWER_BOUGHT, Project
from kiban.finance.purchases import Purchases, PurchaseTax, PurchaseTerms, totals
from kiban.finance.tax import CreditRule, EarnedCredit, IncomeTax, SupportFlow
from kiban.finance.taxed_purchases import buy_and_tax, paid_in, tax_on

POWER_ACCOUNTS = ("energy", "export_revenue", *POWER_BOUGHT)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What may turn out otherwise; each factor has shape (draws, operating years) or (draws, 1), 1 is as planned.

    `delay_years` (draws, 1) is how much later operation starts while the end stays: in a part of a year that is
    lost nothing is sold or used, but fixed costs, tax on property and debt service go on.
    """

    price_factor: Array | None = None
    utilisation: Array | None = None
    capex_factor: Array | None = None
    chip_price_factor: Array | None = None
    """On purchases of chips, by operating year after which they are bought: (draws, operating years + 1)."""
    delay_years: Array | None = None
    power_price_factor: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CashFlow:
    """Accounts by year, million yen nominal; each array is (years,) or (draws, years), or can be broadcast to it."""

    project: Project
    assumptions: FinanceAssumptions
    years: npt.NDArray[np.int64]
    """Calendar years."""
    discount_rate: float
    """Nominal, after tax, at which the design's own rate values the project."""
    capex: Mapping[str, Array]
    replacements: Mapping[str, Array]
    residual_values: Mapping[str, Array]
    decommissioning: Array
    revenue: Mapping[str, Array]
    operating_costs: Mapping[str, Array]
    fixed_om: Mapping[str, Array]
    network_charges: Mapping[str, Array]
    property_tax: Mapping[str, Array]
    property_tax_relief: Mapping[str, Array]
    state_refunds: Mapping[str, Array]
    depreciation: Mapping[str, Array]
    postponed_depreciation: Array
    """What the owner chose to deduct less than the law's limit, and negative where it takes it later."""
    purchase_taxes: tuple[PurchaseTax, ...]
    size_levy: Array
    """Tax on value added and on paid-in capital; negative where a loss lowers that of the owner's group."""
    grants: tuple[SupportFlow, ...]
    taxed_grants: Array
    production_credits: tuple[SupportFlow, ...]
    credits_earned: tuple[EarnedCredit, ...]
    debt: Debt
    cash_reserves: Array
    """Cash that is kept at the end of each year: for debt service and running costs where a term asks for it, and the
    collateral of a contract with the network."""
    reserve: Array
    """What pays for replacements if spread evenly over the life before them. Lenders count it; no cash is locked up,
    equity pays for replacements when they come."""
    tax: IncomeTax
    """With interest deducted: what is paid."""
    unlevered_tax: IncomeTax
    """As it would be without debt."""
    purchase_terms: Mapping[str, tuple[PurchaseTerms, ...]]
    """Of each asset, purchase by purchase."""

    @property
    def start(self) -> int:
        """Index of the start of operation."""
        return self.assumptions.construction_years

    @property
    def price_level(self) -> Array:
        """Nominal price by year of what costs 1 at the prices of the project's base year."""
        return price_level(self.project, self.assumptions, len(self.years))

    @property
    def earnings(self) -> Array:
        """Revenue and production credits less operating costs, charges, property tax and the levy on size."""
        spent = [*self.operating_costs.values(), *self.fixed_om.values(), *self.network_charges.values()]
        paid = sum(spent, totals(self.property_tax) + self.size_levy)
        return totals(self.revenue) + sum_of(self.production_credits) - paid

    @property
    def collateral(self) -> Array:
        """Cash that a contract with the network holds at the end of each year."""
        return _collateral(self.project, self.start, len(self.years), self.assumptions.inflation)

    @property
    def available_for_debt_service(self) -> Array:
        """Cash flow before income tax, after the reserve for replacements; 0 before operation."""
        return _operating(self.earnings - self.reserve, self.start)

    @property
    def flow_before_tax(self) -> Array:
        """The project's flow without debt and before income tax."""
        spent = totals(self.capex) + totals(self.replacements) + self.taxes_on_purchases + self.decommissioning
        return self.earnings + sum_of(self.grants) + totals(self.residual_values) - spent

    @property
    def taxes_on_purchases(self) -> Array:
        """Tax on all purchases by year."""
        return np.asarray(sum((tax.amount_myen for tax in self.purchase_taxes), np.zeros(1)))

    @property
    def levy_on_capital_myen(self) -> float:
        """What of the levy on size is on paid-in capital, million yen a year; of one case, not of draws."""
        levy = self.project.policy.tax.size_levy
        if levy is None:
            return 0.0
        return levy.capital_rate * levy.taxed_capital(float(paid_in(self.capex, self.assumptions)[0]))

    @property
    def project_flow(self) -> Array:
        """The project's flow without debt, after the tax that it would pay without debt."""
        return self.flow_before_tax - self.unlevered_tax.due

    @property
    def equity_flow(self) -> Array:
        """What equity pays in (negative) and receives."""
        debt = self.debt
        lent = debt.drawdown - debt.service - debt.upfront_fee - debt.guarantee_fee
        return self.flow_before_tax + lent - self.tax.due - np.diff(self.cash_reserves, prepend=0.0)

    @property
    def dividends(self) -> Array:
        """What equity receives."""
        return np.maximum(self.equity_flow, 0.0)

    @property
    def contributions(self) -> Array:
        """What equity pays in."""
        return np.maximum(-self.equity_flow, 0.0)

    @property
    def credit_rules(self) -> tuple[CreditRule, ...]:
        """Rules under which credits are used, in the order of `tax.credits`."""
        return self.tax.rules

    def credit_utilisation(self) -> dict[str, float]:
        """Share of each asset's credits that its owner can use, by present value without debt; mean of the draws."""
        used = self.unlevered_tax.credits_used
        discount = (1.0 + self.discount_rate) ** -np.arange(len(self.years))
        earned_value: dict[str, float] = {}
        used_value: dict[str, float] = {}
        for credit, use in zip(self.credits_earned, used, strict=True):
            earned = float(np.mean(credit.amount_myen @ discount))
            earned_value[credit.asset] = earned_value.get(credit.asset, 0.0) + earned
            used_value[credit.asset] = used_value.get(credit.asset, 0.0) + float(np.mean(use.amount_myen @ discount))
        return {asset: used_value[asset] / earned for asset, earned in earned_value.items() if earned > 0}

    def class_utilisation(self) -> dict[str, float]:
        """The same by asset class, as the design knows credits; weighed by what is earned."""
        classes = {asset.name: asset.asset for asset in self.project.assets}
        weights: dict[str, float] = {}
        for credit in self.credits_earned:
            weights[credit.asset] = weights.get(credit.asset, 0.0) + float(np.sum(credit.amount_myen))
        used: dict[str, float] = {}
        earned: dict[str, float] = {}
        for name, share in self.credit_utilisation().items():
            asset = classes[name]
            used[asset] = used.get(asset, 0.0) + share * weights[name]
            earned[asset] = earned.get(asset, 0.0) + weights[name]
        return {asset: min(used[asset] / weight, 1.0) for asset, weight in earned.items()}


def project_cash_flow(
    project: Project, assumptions: FinanceAssumptions, *, draws: Draws | None = None, debt: Debt | None = None
) -> CashFlow:
    """The cash flow of a project whose streams all have a price.

    Debt is sized on the case as planned; give it (`debt`) for draws, which have to live with it. ScenarioError where
    a price is missing or debt is asked for that no cash flow can carry.
    """
    _require_prices(project)
    start, horizon = assumptions.construction_years, assumptions.horizon_years
    years = start + horizon + 1
    drawn = draws is not None
    level = price_level(project, assumptions, years)
    draws = draws or Draws()
    at_work = _at_work(draws.delay_years, horizon)
    use = at_work if draws.utilisation is None else at_work * draws.utilisation

    def operating(real: float, factor: Array) -> Array:
        """A yearly amount over the years, with its factor by operating year."""
        spread = np.zeros((*np.broadcast_shapes(np.shape(real), factor.shape)[:-1], years))
        spread[..., start + 1 :] = real * factor
        return np.asarray(spread * level)

    terms = assumptions.terms
    output = terms.output_factors(horizon)
    price = use * output * terms.price_factors(horizon)
    price = price if draws.price_factor is None else price * draws.price_factor
    dearer, power = grow(terms.cost_escalation, horizon), grow(terms.power_escalation, horizon)
    power = power if draws.power_price_factor is None else power * draws.power_price_factor
    first_cost = sum(asset.capex_myen for asset in project.assets)
    decommissioning = np.zeros((*np.shape(first_cost)[:-1], years))
    decommissioning[..., [-1]] = assumptions.decommissioning_share * first_cost * level[-1]
    revenue = {
        stream.name: operating(stream.it_energy_mwh_per_year * _price(stream.price_myen_per_mwh), price)
        for stream in project.streams
    }
    waits = np.arange(horizon) < project.waiting_years
    costs: dict[str, Array] = {}
    for yearly, holds in (
        (project.waiting_costs_myen_per_year, waits),
        (project.operating_costs_myen_per_year, ~waits),
    ):
        for account, cost in yearly.items():
            factor = (use if account in MEASURED_ACCOUNTS else at_work) * holds
            amount = operating(cost, factor * (power if account in POWER_ACCOUNTS else dearer))
            costs[account] = costs[account] + amount if account in costs else amount
    if project.contract is not None:
        costs |= {account: operating(1.0, due) for account, due in project.contract.charges(horizon).items()}
    production = _production_credits(project, assumptions, at_work * output, operating)
    stands = {a.name: dearer * (np.arange(horizon) >= a.waits_years) for a in project.assets}
    fixed_om = {a.name: operating(a.fixed_om_myen_per_year, stands[a.name]) for a in project.assets}
    network = {a.name: operating(a.network_charge_myen_per_year, stands[a.name]) for a in project.assets}
    running = totals(costs) + totals(fixed_om) + totals(network)
    taxed = buy_and_tax(
        project,
        assumptions,
        totals(revenue) - running - decommissioning,
        np.asarray(assumptions.wages_of_operation_share * totals(fixed_om)),
        capex_factor=draws.capex_factor,
        chip_price_factor=draws.chip_price_factor,
    )
    bought, income, levy, unlevered = taxed.bought, taxed.income, taxed.levy, taxed.tax
    credits = unlevered.earned
    property_tax = {name: purchases.property_tax for name, purchases in bought.items()}
    spent = running + totals(property_tax) + levy
    replacements = {name: purchases.replacements for name, purchases in bought.items()}
    residual = {name: purchases.residual_value for name, purchases in bought.items()}
    depreciation = {name: purchases.depreciation for name, purchases in bought.items()}
    grants = tuple(grant for purchases in bought.values() for grant in purchases.grants)
    reserve = totals({name: purchases.reserve for name, purchases in bought.items()})
    if debt is None:
        if drawn and income.ndim > 1:
            raise ValueError("draws need the debt of the case as planned")
        capex = totals({name: purchases.capex for name, purchases in bought.items()})
        capex = capex + _taxes_until(start, bought)
        available = totals(revenue) + sum_of(production) - spent - reserve
        financing = project.policy.financing
        debt = size_debt(
            over_years(capex - sum_of(grants), years),
            over_years(available, years),
            start=start,
            rate=assumptions.debt_rate(financing),
            share=assumptions.debt_share,
            tenor_years=min(assumptions.debt_tenor_years, horizon),
            cover=assumptions.dscr_target,
            upfront_fee_share=assumptions.upfront_fee_share,
            guarantee_fee_rate=financing.guarantee_coverage * financing.guarantee_fee_rate,
            repayment=assumptions.repayment,
            sizing=terms.debt_sizing,
            interest_while_building=terms.interest_during_construction,
        )
        if assumptions.insists_on_debt and debt.binding == "cover" and np.any(debt.amount_myen <= 0):
            raise ScenarioError(Problem("finance.no_debt", key="finance.debt_share", share=assumptions.debt_share))

    return CashFlow(
        project=project,
        assumptions=assumptions,
        years=np.arange(project.start_year, project.start_year + years),
        discount_rate=assumptions.discount_rate_after_tax(project.policy, project.start_year),
        capex={name: purchases.capex for name, purchases in bought.items()},
        replacements=replacements,
        residual_values=residual,
        decommissioning=decommissioning,
        revenue=revenue,
        operating_costs=costs,
        fixed_om=fixed_om,
        network_charges=network,
        property_tax=property_tax,
        property_tax_relief={name: purchases.property_tax_relief for name, purchases in bought.items()},
        state_refunds={name: purchases.state_refund for name, purchases in bought.items()},
        depreciation=depreciation,
        postponed_depreciation=taxed.postponed,
        purchase_taxes=tuple(tax for purchases in bought.values() for tax in purchases.purchase_taxes),
        size_levy=levy,
        grants=grants,
        taxed_grants=totals({name: purchases.taxed_grants for name, purchases in bought.items()}),
        production_credits=production,
        credits_earned=credits,
        debt=debt,
        cash_reserves=terms.reserves(debt.service, spent, start)
        + _collateral(project, start, years, assumptions.inflation),
        reserve=reserve,
        tax=tax_on(income - debt.interest - debt.upfront_fee - debt.guarantee_fee, project, assumptions, credits),
        unlevered_tax=unlevered,
        purchase_terms={name: purchases.terms for name, purchases in bought.items()},
    )


def _taxes_until(start: int, bought: Mapping[str, Purchases]) -> Array:
    """Tax on the first purchases, which debt and equity pay for as for the purchases."""
    paid = sum((tax.amount_myen for one in bought.values() for tax in one.purchase_taxes), np.zeros(1))
    return np.asarray(paid * (np.arange(np.shape(paid)[-1]) <= start))


def over_years(flow: Array, years: int) -> Array:
    """The flow with an entry for each year."""
    return np.broadcast_to(flow, (*flow.shape[:-1], years))


def sum_of(flows: tuple[SupportFlow, ...]) -> Array:
    """Sum of support by year."""
    return np.asarray(sum((flow.amount_myen for flow in flows), np.zeros(1)))


def price_level(project: Project, assumptions: FinanceAssumptions, years: int) -> Array:
    """Nominal price in each of so many years from the first spade of what costs 1 in the base year."""
    return np.asarray(
        (1.0 + assumptions.inflation) ** np.arange(project.years_after_base, project.years_after_base + years)
    )


def joint_flow(cashes: Iterable[CashFlow], flow_of: Callable[[CashFlow], Array]) -> Array:
    """Sum over projects of one of their flows, by calendar year from the first spade of the first of them."""
    flows = [(cash.project.years_after_base, flow_of(cash)) for cash in cashes]
    first = min(after for after, _ in flows)
    last = max(after + flow.shape[-1] for after, flow in flows)
    return np.asarray(sum(np.pad(flow, (after - first, last - after - flow.shape[-1])) for after, flow in flows))


def _require_prices(project: Project) -> None:
    missing = [stream.name for stream in project.streams if stream.price_myen_per_mwh is None]
    if missing:
        raise ScenarioError(Problem("finance.no_price", key="tranche", streams=tuple(missing)))


def _price(price_myen_per_mwh: float | None) -> float:
    assert price_myen_per_mwh is not None
    return price_myen_per_mwh


def _collateral(project: Project, start: int, years: int, inflation: float | Array) -> Array:
    """Collateral for the network by year, paid at the prices of the start of operation."""
    if project.contract is None:
        return np.zeros(years)
    return np.asarray(project.contract.held(start, years) * (1.0 + inflation) ** start)


def _at_work(delay_years: Array | None, horizon: int) -> Array:
    """Share of each operating year in which the campus works."""
    if delay_years is None:
        return np.ones(horizon)
    return 1.0 - np.clip(delay_years - np.arange(horizon), 0.0, 1.0)


def _operating(flow: Array, start: int) -> Array:
    kept = np.array(flow)
    kept[..., : start + 1] = 0.0
    return kept


def _production_credits(
    project: Project, assumptions: FinanceAssumptions, at_work: Array, operating: Callable[[float, Array], Array]
) -> tuple[SupportFlow, ...]:
    """Paid per MWh for some years; the rate follows prices, as the design counts it. Free of tax."""
    flows = []
    for asset in project.assets:
        terms = project.policy.assets[asset.asset]
        credit, output = terms.production_credit, project.clean_output_mwh_per_year.get(asset.name, 0.0)
        if credit is None or not np.any(output > 0) or not terms.supports(project.start_year + asset.waits_years):
            continue
        served = np.arange(assumptions.horizon_years) - asset.waits_years
        paid = at_work * ((served >= 0) & (served < credit.years))
        amount = operating(output * credit.rate_myen_per_mwh, paid)
        flows.append(SupportFlow(asset.name, credit.payer, credit.measure, amount))
    return tuple(flows)
