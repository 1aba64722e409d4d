"""What a change of prices costs other customers, by area and class: what their tariffs pass on, and what they do not.

All demand at the day-ahead price is an upper bound. Tariffs pass part of a lasting rise on, after a lag:

    paid[class]  =  rise of the area's bill  x  share of the class in its energy  x  part that its tariffs pass on
    kept         =  the rest: suppliers bear it, or customers later, when contracts and regulated tariffs are set anew

Paid and kept add up to the rise of the area's bill, so that nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR, MONTHS_PER_YEAR
from kiban.market.customers import CENTRAL, CLASSES, HOUSEHOLD, Customers
from kiban.market.impact import MarketImpact
from kiban.quantities import KWH_PER_MWH


@dataclass(frozen=True, slots=True, eq=False)
class BillEffects:
    """What customers pay more in a year, yen: arrays `(variants, ends, areas, classes)`.

    The variants are those of the impact, the ends those of what is known of tariffs. `paid_yen` holds for a year in
    which all lags are over, `first_year_yen` for the first. `kept_yen` is `paid_yen`'s rest, of the same shape.
    `bill_yen` `(areas, classes)` is what customers pay for the whole of their power in a year, without tax and
    surcharge, at the prices of before.
    """

    customers: Customers
    paid_yen: Array
    first_year_yen: Array
    kept_yen: Array
    bill_yen: Array

    @property
    def central_yen(self) -> Array:
        """Paid in the central variant with central tariffs, `(areas, classes)`."""
        return np.asarray(self.paid_yen[0, CENTRAL])

    @property
    def largest_yen(self) -> float:
        """The largest change of any class, in any variant."""
        return float(np.abs(self.paid_yen).max())

    @property
    def central_kept_yen(self) -> Array:
        """What is not passed on there, `(areas,)`."""
        return np.asarray(self.kept_yen[0, CENTRAL].sum(axis=-1))

    @property
    def rise_of_bill(self) -> Array:
        """Central rise over what customers pay before, `(areas, classes)`."""
        return np.asarray(self.central_yen / self.bill_yen)

    def range_yen(self) -> tuple[Array, Array]:
        """Least and most that is paid over all variants and ends, `(areas, classes)`."""
        return self.paid_yen.min(axis=(0, 1)), self.paid_yen.max(axis=(0, 1))

    def class_range_yen(self) -> tuple[Array, Array]:
        """Least and most of the sums over areas, `(classes,)`: of one variant and end each."""
        sums = self.paid_yen.sum(axis=2)
        return sums.min(axis=(0, 1)), sums.max(axis=(0, 1))

    def household_yen_per_month(self) -> tuple[Array, Array, Array]:
        """Least, central and most that a household pays more in a month, `(areas,)` each."""
        one = self.customers.households * MONTHS_PER_YEAR
        low, high = self.range_yen()
        return low[:, HOUSEHOLD] / one, self.central_yen[:, HOUSEHOLD] / one, high[:, HOUSEHOLD] / one

    @property
    def largest_paid_yen(self) -> float:
        """The largest amount of any variant, end, area and class, up or down."""
        return float(np.abs(self.paid_yen).max())

    @property
    def kept_in_all_yen(self) -> float:
        """What is not passed on in all areas, central."""
        return float(self.central_kept_yen.sum())

    def paid_by_class_yen(self) -> dict[str, float]:
        """Central sums over areas by class."""
        return dict(zip(CLASSES, self.central_yen.sum(axis=0).tolist(), strict=True))

    def dearest_household(self) -> tuple[str, tuple[float, float, float]]:
        """The area in which a household's month changes most, and its least, central and most change, yen."""
        low, central, high = self.household_yen_per_month()
        most = int(np.argmax(np.abs(central)))
        return self.customers.areas[most], (float(low[most]), float(central[most]), float(high[most]))


def share_bills(impact: MarketImpact, customers: Customers) -> BillEffects:
    """The impact's rise of bills shared out among the classes of `customers`, whose areas are those of the impact."""
    if customers.areas != impact.areas:
        raise ValueError("customers and impact are of the same areas")
    energy = customers.energy_mwh(impact.hours.demand_mw.mean(axis=0) * HOURS_PER_YEAR)
    weight = energy / energy.sum(axis=1, keepdims=True)
    rises = np.array([variant.others_pay_yen for variant in impact.variants])
    of_class = rises[:, None, :, None] * weight
    passed = customers.tariffs.passed()[:, None, :]
    first = customers.tariffs.passed(first_year=True)[:, None, :]
    price = customers.bill_yen_per_kwh(impact.central.price_before_yen_per_kwh)
    return BillEffects(
        customers=customers,
        paid_yen=of_class * passed,
        first_year_yen=of_class * first,
        kept_yen=of_class * (1.0 - passed),
        bill_yen=price * energy * (1.0 - customers.loss) * KWH_PER_MWH,
    )
