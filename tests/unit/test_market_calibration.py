"""The fit by the market's own derivatives, and the back-cast that it and the bench rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.market.areas import MARKET_AREAS, load_ties
from kiban.market.backcast import (
    PEAK_QUANTILE,
    Setting,
    back_cast,
    last_fuel_month,
    one_node,
    prepare,
    seen_fleet,
)
from kiban.market.calibration import (
    _Target,
    _Trial,
    fit,
    fitted_knobs,
    load_fitted_ties,
    parameters_at,
    values_of,
)
from kiban.market.fleet import load_fleet
from kiban.market.hours import synthetic_hours
from kiban.market.judging import (
    DAY_BEFORE,
    MODEL,
    ONE_NODE,
    WEEK_BEFORE,
    judge,
    load_fit_record,
    refit_level,
    with_level,
)
from kiban.market.measures import held
from kiban.market.offers import load_offers
from kiban.market.readings.observed import ObservedHours
from kiban.market.storages import load_storages
from kiban.market.trials import TRIED, _kind, fit_whole, load_start

pytestmark = pytest.mark.slow

CATALOGUE = load_catalogue()
OFFERS, TIES = load_offers(CATALOGUE), load_fitted_ties(CATALOGUE)
FLEET, STORAGES = load_fleet(CATALOGUE), load_storages(CATALOGUE)


@pytest.fixture(scope="module")
def setting() -> Setting:
    """Four days of the synthetic year, with random weather and the model's own prices at a level of 1.1."""
    hours = synthetic_hours(CATALOGUE)
    start = np.datetime64("2024-11-12T00")
    mask = (hours.start >= start) & (hours.start < start + np.timedelta64(96, "h"))
    whole = replace(hours, **{n: getattr(hours, n)[mask] for n in hours.__slots__ if n.endswith("_mw") or n == "start"})
    random = np.random.default_rng(5)
    noise = 1.0 + 0.15 * random.standard_normal((4, 1, len(MARKET_AREAS)))
    whole = replace(whole, solar_mw=(whole.solar_mw.reshape(4, 24, -1) * noise).reshape(96, -1).clip(0.0))
    nothing = np.zeros_like(whole.demand_mw)
    observed = ObservedHours(
        hours=whole,
        thermal_mw=np.maximum(whole.net_load_mw, 0.0),
        curtailed_mw=nothing,
        tie_inflow_mw=nothing,
        price_yen_per_kwh=nothing,
        stored=True,
    )
    found = prepare(observed, FLEET, STORAGES, CATALOGUE)
    price = back_cast(found, with_level(OFFERS, 1.1, 1.0), TIES).price_yen_per_kwh
    return replace(found, observed=replace(found.observed, price_yen_per_kwh=price))


def test_a_back_cast_keeps_energy(setting: Setting) -> None:
    found = back_cast(setting, OFFERS, TIES)
    np.testing.assert_allclose(found.inflow_mw.sum(axis=1), 0.0, atol=1e-6)
    give, take = np.maximum(found.storage_mw, 0.0), np.maximum(-found.storage_mw, 0.0)
    efficiency = CATALOGUE.value("market.pumped.efficiency")
    of_day = (give - efficiency * take).reshape(4, 24, -1).sum(axis=1)
    assert give.sum() > 1_000.0
    np.testing.assert_allclose(of_day, 0.0, atol=0.02 * give.sum(axis=0).max())
    assert (found.curtailed_mw > -1e-6).all()
    alone = back_cast(setting, OFFERS, one_node(TIES)).price_yen_per_kwh
    assert np.ptp(alone, axis=1).max() < 0.5 < np.ptp(found.price_yen_per_kwh, axis=1).max()


def test_the_fleet_is_what_ran(setting: Setting) -> None:
    observed = setting.observed
    peaks = seen_fleet(observed, FLEET, STORAGES).month_peak_mw
    seen = np.quantile(observed.thermal_mw, PEAK_QUANTILE, axis=0)
    kansai, hokkaido = MARKET_AREAS.index("kansai"), MARKET_AREAS.index("hokkaido")
    assert peaks[10, kansai] == pytest.approx(seen[kansai])
    np.testing.assert_array_equal(np.delete(peaks, 10, axis=0), np.delete(FLEET.month_peak_mw, 10, axis=0))
    untold = replace(observed, hours=replace(observed.hours, pumped_mw=np.zeros_like(observed.hours.pumped_mw)))
    less = seen_fleet(untold, FLEET, STORAGES).month_peak_mw
    power = CATALOGUE.value("market.pumped.used_share") * CATALOGUE.value("market.pumped.kansai.capacity")
    assert less[10, kansai] == pytest.approx(seen[kansai] - power)
    large = seen_fleet(replace(observed, stored=False), FLEET, STORAGES).month_peak_mw
    assert set(large[:, hokkaido]) == {large[10, hokkaido]}


def test_only_whole_days_are_back_cast_and_later_fuel_is_said(setting: Setting) -> None:
    part = setting.observed.chosen(np.arange(96) != 30)
    assert len(prepare(part, FLEET, STORAGES, CATALOGUE).observed.start) == 72
    years = replace(setting.observed, hours=replace(setting.observed.hours, start=setting.observed.start + 24 * 730))
    assert years.start[0].astype("datetime64[M]") > last_fuel_month()
    assert [note.code for note in prepare(years, FLEET, STORAGES, CATALOGUE).observed.notes] == [
        "note.fuel_of_last_month"
    ]


def test_knobs_stand_where_the_parameters_are() -> None:
    knobs = fitted_knobs(CATALOGUE)
    shares = values_of(knobs, OFFERS, TIES)
    assert ((shares >= -1e-9) & (shares <= 1.0 + 1e-9)).all()
    offers, ties = parameters_at(knobs, shares, OFFERS, TIES)
    np.testing.assert_allclose(values_of(knobs, offers, ties), shares, atol=1e-12)
    moved = shares.copy()
    place = next(number for number, knob in enumerate(knobs) if knob.row == "market.offer.kyushu.price_factor")
    moved[place] += 0.1
    changed, same = parameters_at(knobs, moved, OFFERS, TIES)
    assert changed.price_factor[-1] == pytest.approx(OFFERS.price_factor[-1] + 0.07)
    np.testing.assert_allclose(changed.price_factor[:-1], OFFERS.price_factor[:-1])
    np.testing.assert_allclose(same.forward_mw, TIES.forward_mw)
    factor = CATALOGUE.value("market.tie_factor.tokyo-chubu.reverse")
    operating = load_ties(CATALOGUE)
    number = operating.names.index("tokyo-chubu")
    assert TIES.reverse_mw[number] == pytest.approx(factor * operating.reverse_mw[number])


def test_no_offer_has_a_better_efficiency_than_the_one_before_it() -> None:
    knobs = fitted_knobs(CATALOGUE)
    chains = (("coal_efficiency_best", "coal_efficiency_worst"), tuple(f"gas_efficiency_{n}" for n in (1, 2, 3, 4)))
    for shares in np.random.default_rng(8).uniform(0.0, 1.0, (20, len(knobs))):
        offers, ties = parameters_at(knobs, shares, OFFERS, TIES)
        for chain in chains:
            found = [getattr(offers, name) for name in chain]
            assert found == sorted(found, reverse=True)
        np.testing.assert_allclose(values_of(knobs, offers, ties), shares, atol=1e-9)
    for fuel in ("coal", "gas"):
        best = CATALOGUE.value(f"market.thermal.{fuel}.efficiency_best")
        ranges = [CATALOGUE.facts[knob.row].high for knob in knobs if knob.field.startswith(f"{fuel}_efficiency")]
        assert max(high for high in ranges if high is not None) <= best + 0.005


def test_a_whole_fit_keeps_what_is_nearest_of_what_is_tried(setting: Setting) -> None:
    """Prices made with the catalogue's pumped hydro: another share of it is farther off."""
    share = CATALOGUE.value("market.pumped.used_share")
    tried = {"market.pumped.used_share": (1.0, share), "market.pumped.price_band": (STORAGES.band_yen_per_kwh[0],)}
    said: list[str] = []
    found = fit_whole(setting.observed, CATALOGUE, tried=tried, report=said.append)
    assert len(said) == 3
    losses = [float(line.rpartition(" ")[2]) for line in said]
    assert found.rows["market.pumped.used_share"] == (1.0, share)[int(losses[1] < losses[0])]
    assert found.loss == pytest.approx(losses[-1], abs=1e-4)
    assert found.loss < min(losses[:2])


def test_a_fit_begins_within_the_ranges() -> None:
    start = load_start()
    knobs = fitted_knobs(CATALOGUE)
    assert set(start) == {_kind(knob.row) for knob in knobs}
    assert all(knob.low <= start[_kind(knob.row)] * knob.scale <= knob.high for knob in knobs)


def test_derivatives_are_those_of_the_cleared_prices(setting: Setting) -> None:
    wanted = ("market.offer.tokyo.price_factor", "market.offer.kansai.must_run_share", "market.offer.rise_above_mean",
              "market.tie_factor.chubu-kansai.reverse")  # fmt: skip
    knobs = tuple(knob for knob in fitted_knobs(CATALOGUE) if knob.row in wanted)
    balanced, price = setting.balanced(OFFERS, TIES)
    shares = np.clip(values_of(knobs, OFFERS, TIES), 0.05, 0.95)
    trial = _Trial(balanced, _Target(balanced, price), knobs, OFFERS, TIES, shares)
    cleared = trial.clear(shares, price)
    answers = trial.derivatives(shares, cleared)
    for number in range(len(knobs)):
        moved = shares.copy()
        moved[number] += 1e-4
        there = trial.clear(moved, cleared.price_yen_per_kwh).price_yen_per_kwh
        seen = (there - cleared.price_yen_per_kwh) / 1e-4
        inner = (cleared.price_yen_per_kwh > 0.1) & (np.abs(seen) > 1e-3 * np.abs(seen).max())
        apart = np.abs(answers[number] - seen)[inner] / np.abs(seen).max()
        assert np.quantile(apart, 0.9) < 0.02, knobs[number].row


def test_terms_change_with_prices_as_they_say(setting: Setting) -> None:
    balanced, price = setting.balanced(OFFERS, TIES)
    target = _Target(balanced, price)
    random = np.random.default_rng(6)
    at = np.clip(held(price) + 0.3 * random.standard_normal(price.shape), 0.05, 100.0)
    way = 1e-6 * random.standard_normal(price.shape)
    for (weight, value, change), (_, moved, _) in zip(target.terms(at), target.terms(at + way), strict=True):
        assert weight > 0.0
        assert moved - value == pytest.approx(float((change * way).sum()), abs=1e-9)


def test_a_fit_finds_the_level_that_made_the_prices(setting: Setting) -> None:
    knobs = tuple(knob for knob in fitted_knobs(CATALOGUE) if knob.field == "price_factor")
    found = fit(setting, OFFERS, TIES, knobs, rounds=2, steps=3)
    assert found.losses[-1] < 0.3 * found.losses[0]
    assert all(later <= before + 1e-9 for before, later in zip(found.losses[:3], found.losses[1:3], strict=False))
    assert 1.05 < (found.offers.price_factor / OFFERS.price_factor).mean() < 1.12
    assert found.rows["market.offer.tokyo.price_factor"] == pytest.approx(found.offers.price_factor[2])
    np.testing.assert_array_equal(found.ties.forward_mw, TIES.forward_mw)
    assert refit_level(setting, OFFERS, TIES, (1.0, 1.1), (0.8, 1.0)) == (1.1, 1.0)


def test_a_perfect_model_is_judged_so(setting: Setting) -> None:
    found = judge(setting, with_level(OFFERS, 1.1, 1.0), TIES)
    assert found.mean(MODEL, "mae_yen_per_kwh") < 1e-6
    assert found.mean(MODEL, "correlation") == pytest.approx(1.0)
    assert all(s.yen_per_kwh_per_gw == pytest.approx(s.actual_yen_per_kwh_per_gw) for s in found.slopes)
    assert all(s.share == s.share_actual for s in found.splits)
    assert found.mean(ONE_NODE, "mae_yen_per_kwh") > 0.1
    assert found.mean(DAY_BEFORE, "mae_yen_per_kwh") > 0.1
    assert WEEK_BEFORE not in found.areas  # four days alone


def test_rows_of_the_fit_tell_its_days() -> None:
    record = load_fit_record()
    rows = [CATALOGUE.facts[row] for row in (*(knob.row for knob in fitted_knobs(CATALOGUE)), *TRIED)]
    assert {row.source for row in rows} == {"market-fit"}
    assert {row.status for row in rows} == {"assumed"}
    assert all(f"fitted to prices from {record.first} to {record.last}" in row.note for row in rows)
