"""Charges that a campus carries: each rule by hand, nothing lost to the yen, and what the bridge says of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from tests.cases.payments import paid

from kiban.catalogue import load_catalogue
from kiban.finance.bridge import build_bridge, subtotal_yen
from kiban.finance.carried_charges import CARRIED, draw_at_peaks_mw, pass_capacity_on, pass_on
from kiban.finance.fiscal import FiscalViews
from kiban.finance.ledger import Entry, Ledger
from kiban.finance.price_effects import PARTIES_ELSEWHERE, TIES, find_price_effects
from kiban.finance.users_elsewhere import USER_AREAS, USERS, find_users, split_yen
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CLASSES
from kiban.market.hours import synthetic_hours
from kiban.market.seen_rise import seen_inflow_mw, seen_rise
from kiban.report.payment.details import payment_details
from kiban.report.payment.others import others_table

CATALOGUE = load_catalogue()
HOURS = synthetic_hours(CATALOGUE)
WHOLE = find_users(CATALOGUE, HOURS)
value = CATALOGUE.value


def received(entries: list[Entry]) -> dict[str, int]:
    """Yen that each user has more."""
    found: dict[str, int] = defaultdict(int)
    for entry in entries:
        sign = 1 if entry.payer == CARRIED else -1
        found[entry.payee if sign > 0 else entry.payer] += sign * round(entry.amount_myen * 1e6)
    return found


def test_the_surcharge_is_shared_by_all_areas_and_the_network_by_its_own() -> None:
    change = Ledger(
        (
            Entry(2030, "equity", "ratepayers", "renewable_surcharge", 1000.000001, "drawn"),
            Entry(2031, "equity", "ratepayers", "network_charges", 77.7, "drawn"),
            Entry(2032, "ratepayers", "suppliers_home", "grid_reinforcement", 5.0, "rule of the scenario"),
            Entry(2032, "equity", "suppliers_home", "energy", 900.0, "power"),
        )
    )
    entries = list(pass_on(change, "kyushu", WHOLE))
    by_year = {year: received([one for one in entries if one.year == year]) for year in (2030, 2031, 2032)}
    assert sum(by_year[2030].values()) == 1_000_000_001
    assert sum(by_year[2031].values()) == 77_700_000
    assert sum(by_year[2032].values()) == -5_000_000
    # By hand: households are counted, what they use is at the meter; of the rest industry is a share, of which a part
    # bears no surcharge.
    demand = HOURS.demand_mw[:, MARKET_AREAS.index("kyushu")].sum()
    homes = value("customers.kyushu.households") * value("customers.kyushu.household_use") / 1000.0
    rest = demand - homes / (1.0 - value("customers.household.loss"))
    share = value("customers.industry.share")
    industry = rest * share * (1.0 - value("customers.industry.loss"))
    small = rest * (1.0 - share) * (1.0 - value("customers.small_business.loss"))
    relieved = industry * (1.0 - value("customers.industry.surcharge_relief"))
    got = [by_year[2030][f"electricity_users.kyushu.{name}"] for name in CLASSES]
    assert got[1] / got[0] == pytest.approx(small / homes, rel=1e-6)
    assert got[2] / got[0] == pytest.approx(relieved / homes, rel=1e-6)
    assert by_year[2030]["electricity_users.okinawa.household"] > 0
    assert len(by_year[2030]) == len(USERS)
    for year in (2031, 2032):
        assert {name.split(".")[1] for name in by_year[year]} == {"kyushu"}
    of_network = [by_year[2031][f"electricity_users.kyushu.{name}"] for name in CLASSES]
    pays = [
        energy * value(f"customers.{name}.network")
        for name, energy in zip(CLASSES, (homes, small, industry), strict=True)
    ]
    assert np.array(of_network) / 77_700_000 == pytest.approx(np.array(pays) / sum(pays), abs=1e-7)


def test_capacity_is_carried_by_the_draw_at_monthly_peaks_while_auctions_are_held() -> None:
    tokyo = HOURS.demand_mw[:, MARKET_AREAS.index("tokyo")]
    drawn = np.zeros(len(HOURS.start))
    for month in (7, 8, 9, 12, 1, 2):  # 120 MW in the hour of the peak and nothing else
        inside = np.flatnonzero(HOURS.month == month)
        drawn[inside[np.argmax(tokyo[inside])]] = 120.0
    drawn[np.flatnonzero(HOURS.month == 5)] = 5000.0
    assert draw_at_peaks_mw(HOURS, drawn, "tokyo").tolist() == [120.0] * 6
    entries = list(pass_capacity_on(CATALOGUE, HOURS, drawn, "tokyo", WHOLE, range(2028, 2035)))
    assert {entry.year for entry in entries} == {2028, 2029}  # the newest auction is that of fiscal year 2029
    for year, price in ((2028, 14.812), (2029, 15.111)):
        yen = received([entry for entry in entries if entry.year == year])
        assert sum(yen.values()) == round(price * 0.93 * 120.0 * 1e6)
        assert {name.split(".")[1] for name in yen} == {"tokyo"}


def test_no_yen_is_lost_between_shares() -> None:
    for total in (0, 1, 7, -10, 123_456_789_013):
        parts = split_yen(total, np.array([0.1, 0.2, 0.3, 0.4]))
        assert parts.sum() == total
        assert np.abs(parts - total * np.array([0.1, 0.2, 0.3, 0.4])).max() <= 1.0


def test_ties_receive_the_rise_of_one_frequency_times_what_came_over_the_converters() -> None:
    east = [MARKET_AREAS.index(area) for area in ("hokkaido", "tohoku", "tokyo")]
    inflow = seen_inflow_mw(HOURS)
    assert inflow.sum(axis=1) == pytest.approx(0.0, abs=1e-6)
    payment = paid("tax-credit")
    effects = payment.price_effects
    assert effects is not None
    load = np.zeros(HOURS.demand_mw.shape)
    load[:, 0] = 100.0
    assert seen_rise(CATALOGUE, MARKET_AREAS, load)[0].tolist() == pytest.approx([0.043] * 3 + [0.0] * 6)
    by_hand = 0.043 * inflow[:, east].sum() / 1000.0
    more = payment.before.plan
    lifted = {**more.hourly, "import_mw": more.hourly["import_mw"] + 100.0}
    found = find_price_effects(more, replace(more, hourly=lifted), 2026, 2028)
    assert found is not None
    assert found.rent_myen == pytest.approx(by_hand, rel=1e-6)
    assert found.ledger.balances[TIES][2029] == pytest.approx(by_hand, abs=1e-6)


def test_the_bridge_goes_on_to_those_elsewhere_and_ends_at_nothing() -> None:
    payment = paid("tax-credit")
    effects, rate = payment.price_effects, payment.shares.social_rate
    assert effects is not None
    steps = build_bridge(payment)
    assert steps[-1].yen == 0
    assert subtotal_yen(steps, ("elsewhere",)) == 0
    groups = {step.party for step in steps if step.kind == "elsewhere"}
    assert groups >= {*CLASSES, "electricity_suppliers", "generators", CARRIED}
    assert set(PARTIES_ELSEWHERE) >= set(effects.ledger.parties) > groups - set(CLASSES)
    # What is passed on is what the ledger of the campus gave all ratepayers, and its part of the capacity.
    capacity = effects.values_by_account_myen(rate)["capacity_contribution"]
    given = payment.incidence.present_value("ratepayers", rate) + capacity
    assert subtotal_yen(steps, ("elsewhere",), CARRIED) == pytest.approx(-given * 1e6, abs=3.0)
    for year in effects.ledger.years:
        carried = {
            account: sum(
                entry.amount_myen * (1.0 if entry.payer == CARRIED else -1.0)
                for entry in effects.ledger.entries
                if entry.year == year and entry.account == account and CARRIED in (entry.payer, entry.payee)
            )
            for account in ("renewable_surcharge", "network_charges")
        }
        booked = sum(
            entry.amount_myen * (1.0 if entry.payee == "ratepayers" else -1.0)
            for entry in payment.incidence.entries
            if entry.year == year and "ratepayers" in (entry.payer, entry.payee)
        )
        assert sum(carried.values()) == pytest.approx(booked, abs=1e-9)
    by_area = effects.values_by_area_myen(rate)
    assert list(by_area) == list(USER_AREAS)
    assert USER_AREAS[-1] == "okinawa"
    by_group = effects.values_by_group_myen(rate)
    for name in CLASSES:
        assert sum(values[name] for values in by_area.values()) == pytest.approx(by_group[name])


def test_the_table_of_users_elsewhere_adds_up_and_stands_in_the_report() -> None:
    payment = paid("tax-credit")
    effects = payment.price_effects
    assert effects is not None
    by_group = effects.values_by_group_myen(payment.shares.social_rate)
    for language, title, last in (("en", "by area and class", "all areas"), ("ja", "エリア・区分別", "全エリア")):
        details = payment_details(FiscalViews(payment), language)
        (section,) = [one for one in details if title in one["title"]]
        (shown,) = section["tables"]
        assert [len(row) for row in shown["rows"]] == [4] * (len(USER_AREAS) + 1)
        assert shown["rows"][-1][0] == last
        first = float(shown["rows"][-1][1].replace(",", "").replace("−", "-"))
        second = float(shown["rows"][-1][2].replace(",", "").replace("−", "-"))
        assert first / second == pytest.approx(by_group["household"] / by_group["small_business"], rel=0.02)
    assert others_table(payment, "en") is not None
