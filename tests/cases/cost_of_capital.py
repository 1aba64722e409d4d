"""Closed forms of the literature on corporate taxation, to hold the user cost of a plan against.

Cost of capital rho, user cost, marginal and average effective rates, and present values of deductions in continuous
time, in the form of the Cost-of-Capital-Calculator (PSL, documentation of `calcfunctions`): an asset there decays at
a constant rate. Rates are shares a year.
"""

from __future__ import annotations

import math


def cost_of_capital(
    *,
    discount_rate: float,
    inflation: float,
    economic_depreciation: float,
    tax_rate: float,
    allowance: float,
    credit_rate: float = 0.0,
    credit_present_value: float = 1.0,
    basis_reduction_share: float = 0.0,
    property_tax_rate: float = 0.0,
    deduction_tax_rate: float | None = None,
) -> float:
    """Real return before tax and after depreciation that an investment needs at the margin.

    rho = (r - pi + delta) / (1 - u) * (1 - k nu - u_d z (1 - psi k)) + w - delta, with the nominal discount rate r,
    the present value z of deductions per unit of basis and nu of the credit per unit of credit, and the rate u_d
    against which deductions count (u where None).
    """
    on_deductions = tax_rate if deduction_tax_rate is None else deduction_tax_rate
    kept = 1.0 - credit_rate * credit_present_value
    kept -= on_deductions * allowance * (1.0 - basis_reduction_share * credit_rate)
    rent = (discount_rate - inflation + economic_depreciation) / (1.0 - tax_rate)
    return rent * kept + property_tax_rate - economic_depreciation


def user_cost(cost_of_capital: float, economic_depreciation: float) -> float:
    """Gross rent: the cost of capital and the decay."""
    return cost_of_capital + economic_depreciation


def marginal_effective_tax_rate(cost_of_capital: float, nominal_after_tax_return: float, inflation: float) -> float:
    """Share of the needed return that tax takes at the margin: (rho - (r' - pi)) / rho; negative is a subsidy.

    `nan` where the needed return is 0: no share of nothing.
    """
    return _share(cost_of_capital - (nominal_after_tax_return - inflation), cost_of_capital)


def marginal_total_effective_tax_rate(cost_of_capital: float, real_return_to_saver: float) -> float:
    """The same down to the saver: (rho - s) / rho."""
    return _share(cost_of_capital - real_return_to_saver, cost_of_capital)


def tax_wedge(cost_of_capital: float, real_return_to_saver: float) -> float:
    """Needed return less what the saver keeps."""
    return cost_of_capital - real_return_to_saver


def average_effective_tax_rate(
    cost_of_capital: float, marginal_rate: float, profit_rate: float, tax_rate: float
) -> float:
    """Average rate of an investment that earns `profit_rate`: u (p - rho) / p + METR rho / p.

    Devereux and Griffith (International Tax and Public Finance 10, 2003).
    """
    rent = (profit_rate - cost_of_capital) / profit_rate
    return rent * tax_rate + cost_of_capital / profit_rate * marginal_rate


def allowance_declining_balance(life_years: float, multiple: float, rate: float, first_share: float = 0.0) -> float:
    """Present value of a declining balance at `multiple` / life that turns to straight line when that gives more.

    beta / (beta + r) (1 - exp(-(beta + r) Y*)) + exp(-beta Y*) / ((Y - Y*) r) (exp(-r Y*) - exp(-r Y)), with
    beta = b / Y and Y* = Y (1 - 1 / b); `first_share` is deducted at once.
    """
    beta = multiple / life_years
    switch = life_years * (1.0 - 1.0 / multiple)
    declining = beta / (beta + rate) * -math.expm1(-(beta + rate) * switch)
    left = math.exp(-(beta + rate) * switch)
    return first_share + (1.0 - first_share) * (declining + left * _mean_discount(rate, life_years - switch))


def allowance_straight_line(life_years: float, rate: float, first_share: float = 0.0) -> float:
    """Present value of equal deductions over the life: (1 - exp(-r Y)) / (r Y); `first_share` is deducted at once."""
    return first_share + (1.0 - first_share) * _mean_discount(rate, life_years)


def allowance_economic(economic_depreciation: float, rate: float, inflation: float, first_share: float = 0.0) -> float:
    """Present value of deductions that follow the decay and prices: delta / (delta + r - pi)."""
    followed = economic_depreciation / (economic_depreciation + rate - inflation)
    return first_share + (1.0 - first_share) * followed


def _share(part: float, whole: float) -> float:
    return part / whole if whole != 0 else math.nan


def _mean_discount(rate: float, years: float) -> float:
    """Mean of exp(-r t) over the years."""
    return 1.0 if rate * years == 0 else -math.expm1(-rate * years) / (rate * years)
