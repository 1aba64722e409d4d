"""What electricity users elsewhere pay because of a package: the slope by hand, a ledger of zero, the sentence."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.cases.payments import campus, paid

from kiban.catalogue import load_catalogue
from kiban.finance import payment as module
from kiban.finance.carried_charges import CARRIED
from kiban.finance.ledger import PARTIES
from kiban.finance.price_effects import (
    GENERATORS,
    OTHERS,
    SUPPLIERS,
    TIES,
    Drawn,
    PriceEffects,
    find_joint_effects,
    find_price_effects,
)
from kiban.finance.users_elsewhere import USERS
from kiban.market.areas import MARKET_AREAS
from kiban.market.customers import CENTRAL, CLASSES, load_customers
from kiban.market.hours import synthetic_hours
from kiban.planning import Plan, build
from kiban.planning.grid_draw import load_of_plan
from kiban.report.names import money_of
from kiban.report.payment.others import others_document, others_remark, others_sentences
from kiban.report.payment.words import assumption_sentences, further_sentences

HOURS = synthetic_hours(load_catalogue())
EAST = ("hokkaido", "tohoku", "tokyo")


@cache
def plan() -> Plan:
    return build(campus())


def drawing(more_mw: float) -> Plan:
    """The plan with a larger draw in every hour."""
    return replace(plan(), hourly={**plan().hourly, "import_mw": plan().hourly["import_mw"] + more_mw})


def test_others_pay_by_the_slope_of_their_side_of_the_country() -> None:
    """0.43 yen/kWh for 1 GW: 100 MW more raise prices of the 50 Hz areas by 0.043 yen, of the others by nothing."""
    effects = find_price_effects(plan(), drawing(100.0), 2026, 2028)
    assert effects is not None
    slope = load_catalogue().value("market.slope.50_hz")
    for area, myen in zip(MARKET_AREAS, effects.yearly_myen, strict=True):
        demand_mwh = HOURS.demand_mw[:, MARKET_AREAS.index(area)].sum()
        assert myen == pytest.approx(slope * 0.1 * demand_mwh / 1000.0 if area in EAST else 0.0, rel=1e-6)
    assert effects.total_myen == pytest.approx(effects.range_myen()[0])
    # The bid curves reach the other side of the country too, and say more.
    assert (effects.by_bids_myen > 0.0).all()
    assert effects.range_myen()[1] > 2.0 * effects.total_myen


def test_the_ledger_of_others_sums_to_zero_to_the_yen_and_holds_for_some_years() -> None:
    effects = find_price_effects(plan(), drawing(70.0), 2026, 2028)
    assert effects is not None
    ledger, years = effects.ledger, round(load_catalogue().value("market.price_effect.years"))
    assert ledger.residual_yen == 0.0
    assert ledger.years == tuple(range(2028, 2028 + years))
    assert ledger.parties == (*USERS, SUPPLIERS, GENERATORS, TIES, CARRIED)
    assert not set(ledger.parties) & set(PARTIES)
    customers = load_customers(load_catalogue(), MARKET_AREAS)
    energy = customers.energy_mwh(HOURS.demand_mw.sum(axis=0))
    for year in ledger.years:
        # What tariffs do not pass on is their suppliers'; in the first year lags keep most of it there.
        passed = customers.tariffs.passed(first_year=year == 2028)[CENTRAL] * energy / energy.sum(axis=1, keepdims=True)
        for place, area in enumerate(MARKET_AREAS):
            for of, name in enumerate(CLASSES):
                paid_myen = -ledger.balances[f"electricity_users.{area}.{name}"][year]
                assert paid_myen == pytest.approx(effects.yearly_myen[place] * passed[place, of], abs=1e-6)
        kept = effects.total_myen - float((effects.yearly_myen[:, None] * passed).sum())
        assert ledger.balances[SUPPLIERS][year] == pytest.approx(-kept, abs=2e-5)
        assert ledger.balances[CARRIED][year] == 0.0
    expected = -sum(effects.total_myen * 1.03 ** -(year - 2026) for year in ledger.years)
    assert effects.present_value_myen(0.03) == pytest.approx(expected, rel=1e-6)
    assert sum(ledger.present_values(dict.fromkeys(ledger.parties, 0.03)).values()) == pytest.approx(0.0, abs=1e-6)
    less = find_price_effects(drawing(70.0), plan(), 2026, 2028)
    assert less is not None
    np.testing.assert_allclose(less.yearly_myen, -effects.yearly_myen)
    assert less.ledger.residual_yen == 0.0
    assert less.present_value_myen(0.03) == pytest.approx(-expected, rel=1e-6)


def test_no_change_of_the_draw_has_no_entry_and_no_market_is_not_known() -> None:
    none = find_price_effects(plan(), plan(), 2026, 2028)
    assert none is not None
    assert none.ledger.entries == ()
    assert (none.yearly_myen == 0.0).all()
    assert (none.by_bids_myen == 0.0).all()
    for area in ("okinawa", None):
        site = SimpleNamespace(area=area, id=None)
        away: Any = SimpleNamespace(**{name: getattr(plan(), name) for name in ("time", "hourly")})
        away.scenario = SimpleNamespace(name="away", site=site, time=plan().scenario.time, load=plan().scenario.load)
        assert find_price_effects(away, away, 2026, 2028) is None


def test_campuses_add_up_and_each_counts_from_its_own_first_year() -> None:
    """A second campus, two years later: nothing before it, and its own draw for as long as the fleet stands."""
    first, second = Drawn(plan(), 2028), Drawn(drawing(30.0), 2030)
    effects = find_joint_effects((first,), (first, second), 2026)
    assert effects is not None
    years = round(load_catalogue().value("market.price_effect.years"))
    assert effects.ledger.years == tuple(range(2030, 2030 + years))
    # The whole of the second campus is new: its plan's own draw, and 30 MW more in every hour.
    load = load_of_plan(drawing(30.0), HOURS.start).load_mw
    slope = load_catalogue().value("market.slope.50_hz") / 1000.0
    for place, area in enumerate(MARKET_AREAS):
        expected = slope * (load.sum(axis=1) * HOURS.demand_mw[:, place]).sum() / 1000.0 if area in EAST else 0.0
        assert effects.yearly_myen[place] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert effects.ledger.residual_yen == 0.0
    # A campus that begins two years later instead pays two years less at the beginning and more at the end.
    later = find_joint_effects((first,), (Drawn(plan(), 2030),), 2026)
    assert later is not None
    assert (later.yearly_myen == 0.0).all()
    alone = find_joint_effects((), (first,), 2026)
    assert alone is not None
    whole = alone.total_myen
    assert whole > 0.0
    for year in range(2028, 2030 + years):
        borne = -sum(later.ledger.balances[party].get(year, 0.0) for party in OTHERS)
        expected = -whole if year < 2030 else whole if year >= 2028 + years else 0.0
        assert borne == pytest.approx(expected, abs=1e-4)
    assert find_joint_effects((), (), 2026) is None


def test_they_are_named_where_they_are_among_the_three_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = paid("tax-credit")
    effects = payment.price_effects
    assert effects is not None
    change = (
        load_of_plan(payment.after.plan, HOURS.start).load_mw - load_of_plan(payment.before.plan, HOURS.start).load_mw
    )
    slope = load_catalogue().value("market.slope.50_hz") / 1000.0
    tokyo = HOURS.demand_mw[:, MARKET_AREAS.index("tokyo")]
    expected = slope * (change.sum(axis=1) * tokyo).sum() / 1000.0
    assert effects.yearly_myen[MARKET_AREAS.index("tokyo")] == pytest.approx(expected, rel=1e-9)
    assert not payment.others_are_among_the_largest
    assert others_sentences(payment, "en") == []
    assert "electricity users elsewhere" in others_remark(payment, "en")
    document = others_document(payment)
    assert document is not None
    assert document["residual_yen"] == 0.0
    assert sum(document["by_group_myen"].values()) == pytest.approx(0.0, abs=1e-6)
    flows = {(one["payer"], one["payee"], one["account"]): one["yen"] for one in document["flows"]}
    priced = [yen for (_, payee, account), yen in flows.items() if account == "price_effect" and payee == GENERATORS]
    assert len(priced) == len(EAST) * len(CLASSES) + 1  # each class in the east, and their suppliers
    assert sum(map(sum, priced)) == pytest.approx(effects.years * effects.total_myen * 1e6, abs=100.0)
    assert [len(yen) for yen in flows.values()] == [len(document["calendar_years"])] * len(flows)
    # A package that makes the campus draw a gigawatt more is felt by all.
    ranked = sorted(map(abs, payment.changes_at_social_rate_myen.values()), reverse=True)
    value = -effects.present_value_myen(payment.shares.social_rate)
    for factor, named in ((1.01 * ranked[2] / value, True), (0.99 * ranked[2] / value, False)):
        times = PriceEffects(
            factor * effects.yearly_myen,
            factor * effects.by_bids_myen,
            replace(
                effects.ledger,
                entries=tuple(replace(e, amount_myen=factor * e.amount_myen) for e in effects.ledger.entries),
            ),
            effects.years,
        )
        monkeypatch.setattr(module, "_effects_of", lambda _, times=times: times)
        assert payment.others_are_among_the_largest is named
        for language, said in (("en", "electricity users elsewhere"), ("ja", "ほかの電力需要家")):
            assert any(said in sentence for sentence in further_sentences(payment, language)) is named
    monkeypatch.setattr(module, "_effects_of", lambda _: None)
    assert others_document(payment) is None
    assert others_remark(payment, "en") == ""
    assert any("nine areas" in sentence for sentence in assumption_sentences(payment, "en"))


def test_a_range_over_less_and_more_says_both() -> None:
    """Slope and bid curves differ in sign: 40 % of the one to the other side is no range between two gains."""
    found = find_price_effects(plan(), drawing(100.0), 2026, 2028)
    assert found is not None
    for sign, word, ends in ((1.0, "more", (0.4, 1.0)), (-1.0, "less", (1.0, 0.4))):
        mixed = replace(found, yearly_myen=sign * found.yearly_myen, by_bids_myen=-0.4 * sign * found.yearly_myen)
        payment: Any = SimpleNamespace(
            price_effects=mixed, shares=SimpleNamespace(social_rate=0.03), after=SimpleNamespace(plan=plan())
        )
        size = found.total_myen
        for language, shape in (
            ("en", "changes by between {} less and {} more a year, "),
            ("ja", "年{}減り、"),
        ):
            money = money_of(plan(), language)
            said = others_remark(payment, language)
            assert shape.format(*(money.amount(end * size) for end in ends)) in said
        assert f"by the slope of prices that was seen {word} (" in others_remark(payment, "en")
    plain: Any = SimpleNamespace(
        price_effects=found, shares=SimpleNamespace(social_rate=0.03), after=SimpleNamespace(plan=plan())
    )
    assert "changes by between" not in others_remark(plain, "en")
