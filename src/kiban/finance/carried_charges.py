"""Charges that a campus carries and that other electricity users therefore need not: passed on by the rule of each.

    renewable surcharge     what is to be paid for supported plants is fixed, so the rate falls: users of all areas
    network, works on it    the network's revenue is capped, so charges of the area fall, or rise by works it bears
    capacity contribution   suppliers share what the auction fixed by their part of monthly peaks: users of the area

The first two are what the ledger of the campus pays to, or takes from, all `ratepayers`, to the yen; reinforcement is
among them by the rule that the scenario names. The last is counted by dated rows, whoever supplies the campus:

    carried in a fiscal year  =  price of its auction x share of suppliers x mean over six months of the draw at the
                                 hour of the area's peak in the month

and only in fiscal years whose auction is held. Later auctions buy for the campus too, so that others save nothing.
A rate follows a year or two behind; here it is paid in the year itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.finance.ledger import Entry, Ledger
from kiban.finance.users_elsewhere import USERS, UsersElsewhere, pay, split_yen
from kiban.market.areas import MARKET_AREAS
from kiban.market.hours import MarketHours
from kiban.market.tariffs import CAPACITY_MONTHS
from kiban.quantities import YEN_PER_MYEN

CARRIED = "carried_by_campus"
"""Party: what the campus pays towards common charges, which is passed on to the users elsewhere."""
SURCHARGE = "renewable_surcharge"
IN_ALL_AREAS = (SURCHARGE, "production_credit", "grant", "tax_credit")
"""Accounts that the surcharge's one rate shares out: itself, and support that is laid on ratepayers."""
CAPACITY = "capacity_contribution"
RATEPAYERS = "ratepayers"
AUCTION_MONTH = "04"
"""A capacity row is dated by the month in which its fiscal year begins."""


def pass_on(change: Ledger, area: str, users: UsersElsewhere) -> Iterator[Entry]:
    """What a change of the campus's ledger gives to all ratepayers (or takes), shared out among users elsewhere."""
    for entry in change.entries:
        if RATEPAYERS in (entry.payer, entry.payee):
            yen = round(entry.amount_myen * YEN_PER_MYEN) * (1 if entry.payee == RATEPAYERS else -1)
            weights = users.surcharge_weights() if entry.account in IN_ALL_AREAS else users.network_weights(area)
            yield from share_out(entry.year, entry.account, yen, weights, "charge that the campus carries")


def pass_capacity_on(
    catalogue: Catalogue, hours: MarketHours, drawn_mw: Array, area: str, users: UsersElsewhere, years: range
) -> Iterator[Entry]:
    """What the campus's part of the capacity contribution leaves others, for a change of its draw `(hours,)`."""
    peak_mw = float(draw_at_peaks_mw(hours, drawn_mw, area).mean())
    share = catalogue.value("capacity_contribution.retail_share")
    for year in years:
        row = f"capacity_contribution.{area}.{year}_{AUCTION_MONTH}"
        if row in catalogue.facts:
            yen = round(catalogue.value(row) * share * peak_mw * YEN_PER_MYEN)
            yield from share_out(year, CAPACITY, yen, users.energy_weights(area), "capacity that the campus carries")


def draw_at_peaks_mw(hours: MarketHours, drawn_mw: Array, area: str) -> Array:
    """The draw in the hour of the area's highest demand in each month that counts, `(6,)`."""
    demand, month = hours.demand_mw[:, MARKET_AREAS.index(area)], hours.month
    peaks = [np.argmax(np.where(month == number, demand, -np.inf)) for number in CAPACITY_MONTHS]
    return np.asarray(drawn_mw[peaks])


def share_out(year: int, account: str, yen: int, weights: Array, why: str) -> Iterator[Entry]:
    """Entries from what is carried to the users, whole yen that add up."""
    for user, part in zip(USERS, split_yen(yen, weights).tolist(), strict=True):
        if part:
            yield pay(year, CARRIED, user, account, part, why)
