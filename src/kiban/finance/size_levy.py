"""Tax on the size of a business, a cost before profit: Japan's enterprise tax on value added and on capital.

    levy = v (profit + interest + wages) + c capital

(Local Tax Act, article 72-12, in `policy/law/jp_income_tax.toml`). Profit is that of the year before losses of other
years, and after the levy itself, which is deducted: with income I before interest and before the levy

    levy = v / (1 + v) (I + wages - c capital) + c capital

so that it does not depend on the debt. A company of its own pays no less than nothing on value added, and carries no
loss forward; in a group a loss lowers the value added of the whole. Capital is what is paid into a company of the
campus's own. The levy begins with operation and is million yen nominal, (..., years).
"""

from __future__ import annotations

import numpy as np

from kiban.arrays import Array
from kiban.finance.assumptions import FinanceAssumptions
from kiban.policy.terms import TaxTerms


def size_levy(
    income: Array, wages: Array, capital_myen: Array, tax: TaxTerms, assumptions: FinanceAssumptions
) -> Array:
    """The levy by year on an `income` before interest and before the levy; 0 where the law has none.

    `capital_myen` is (..., 1); fees of the loan count as interest.
    """
    terms = tax.size_levy
    if terms is None:
        return np.zeros(1)
    counted = np.vectorize(terms.taxed_capital, otypes=[float])(capital_myen)
    working = np.arange(np.shape(income)[-1]) > assumptions.construction_years
    on_capital = terms.capital_rate * counted * working
    value_added = income + wages - on_capital
    if assumptions.tax_position != "group":
        value_added = np.maximum(value_added, 0.0)
    return np.asarray(terms.of_profit * value_added + on_capital)
