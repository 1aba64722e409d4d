"""What a plan buys, which way, and what it pays for it, where a scenario says how power is bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BoughtWay:
    """One way to buy; `way` is `menu`, `market`, `physical`, `virtual` or `self_wheeling`.

    `capacity_mw` is the highest power that is bought so, or the plant's MW. `delivered_mwh_per_year` arrives at the
    campus, `generated_mwh_per_year` is what a plant elsewhere generates for it. `cost_myen_per_year` is what this way
    costs beside the network, the surcharge, and what is charged for the peak of several ways together.
    """

    name: str
    way: str
    capacity_mw: float
    delivered_mwh_per_year: float
    generated_mwh_per_year: float
    cost_myen_per_year: float
    area: str | None = None
    """Grid area of a plant elsewhere; None for menus and the market, which are bought where the campus stands."""


@dataclass(frozen=True, slots=True)
class BillItem:
    """A component of the bill and who is paid: `network`, `surcharge`, `supplier`, `generator`, `market`, `owner`."""

    component: str
    payee: str
    cost_myen_per_year: float


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """The highest power in a month that one charge is on, and what one MW of it free of the charge would save.

    `charge` is `interconnection` for all that is drawn, at what a MW of connection costs with the network's basic
    charge; `demand` and `capacity_contribution`, or a menu, for what is bought so. The worths of a charge over the
    months (million yen a year) add up to what a MW of it costs, as long as it is in use and no limit holds it.
    """

    charge: str
    month: int
    peak_mw: float
    worth_myen_per_mw: float


@dataclass(frozen=True, slots=True)
class BesideDesign:
    """Another design of the same campus: what it costs and how much of its load is clean hour by hour."""

    cost_myen_per_year: float
    clean_share: float


@dataclass(frozen=True, slots=True)
class BehindMeter:
    """The same campus without plants elsewhere, at the same tariffs (`planning.behind_meter`).

    `least` asks for no clean share; None where even that has no design. `matched` has the share that the scenario asks
    for where that can be reached (`reaches`), else the most that can, None where no design is found there; `elsewhere`
    is the design with plants elsewhere at the share of `matched`. `differences` is what the plan costs more by item
    than `matched` where that reaches its share, else than `least`; `full` are the clean plants of the campus, and its
    connection, at their limits in `matched`.
    """

    least: BesideDesign | None
    matched: BesideDesign | None
    elsewhere: BesideDesign | None
    reaches: bool
    differences: Mapping[str, float]
    full: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bought:
    """All that is bought: by way, by component of the bill, by month's peak, and what is claimed over the year.

    `hourly_matched_share` counts clean power in the hour in which it is used; `claimed_share` counts certificates and
    contracts over the year, whatever the hours, and says nothing of them. None where no claim is asked for.
    """

    ways: tuple[BoughtWay, ...]
    bill: tuple[BillItem, ...]
    peaks: tuple[MonthPeak, ...]
    contract_power_mw: float
    hourly_matched_share: float
    claimed_share: float | None
    certificates_mwh_per_year: Mapping[str, float]
    behind_meter: BehindMeter | None = None
    """The same campus without plants elsewhere; None where the plan buys from none, and where nobody asked."""

    @property
    def total_myen_per_year(self) -> float:
        """The whole bill."""
        return sum(item.cost_myen_per_year for item in self.bill)
