"""Fuel that is imported for a load: a block of gas by hand, mixed blocks, and emissions that agree."""

from __future__ import annotations

import numpy as np
import pytest
from tests.properties.test_market_laws import some_days

from kiban.catalogue import load_catalogue
from kiban.catalogue.tables import read_table
from kiban.market.areas import MARKET_AREAS
from kiban.market.fuel_imports import _shares, find_fuel_imports
from kiban.market.fuels import FUELS, customs_yen_per_mwh
from kiban.market.offers import emissions_of_blocks
from kiban.market.year import clear_year, default_case

CATALOGUE = load_catalogue()
value = CATALOGUE.value


def test_customs_prices_are_those_of_the_month_without_carbon_or_spot() -> None:
    row = next(one for one in read_table("market_fuels") if (one["year"], one["month"]) == ("2024", "7"))
    found = customs_yen_per_mwh(CATALOGUE, np.array(["2024-07"], "M8[M]"))[:, 0]
    by_hand = [
        float(row["steam_coal_yen_per_t"]) / value("market.fuel.coal.heat") * 3.6,
        float(row["lng_yen_per_t"]) / value("market.fuel.lng.heat") * 3.6,
        float(row["crude_yen_per_kl"]) / value("market.fuel.oil.heat") * 3.6,
    ]
    assert list(found) == pytest.approx(by_hand, rel=1e-9)


def test_a_mixed_block_is_parted_by_what_it_emits() -> None:
    emission = emissions_of_blocks(CATALOGUE)
    for of_coal in (0.0, 0.25, 1.0):
        rate = np.array([[of_coal * emission["coal"] + (1.0 - of_coal) * emission["gas_2"]]])
        coal, gas, oil = (float(part[0, 0]) for part in _shares("low_load", rate, emission))
        assert coal * float(rate[0, 0]) == pytest.approx(of_coal * emission["coal"])
        assert (coal + gas, oil) == (pytest.approx(1.0), 0.0)


def test_heat_times_its_factor_is_what_the_market_says_is_emitted() -> None:
    """Two days, 1 GW in Tokyo; amounts back to heat, heat back to tonnes of CO2."""
    case = default_case(CATALOGUE, some_days([121, 290]))
    before = clear_year(case)
    load = np.zeros(9)
    load[MARKET_AREAS.index("tokyo")] = 1000.0
    after = clear_year(case, load, before.price_yen_per_kwh)
    found = find_fuel_imports(before, after)
    emitted = 0.0
    for fuel, amount in zip(("coal", "lng", "oil"), found.amount, strict=True):
        heat_mwh = amount / value(f"market.fuel.{fuel}.import_share") * value(f"market.fuel.{fuel}.heat") / 3.6
        emitted += heat_mwh * value(f"market.fuel.{fuel}.emission_factor")
    change = (after.accounts.emissions_t - before.accounts.emissions_t).sum() * 8760.0 / 48.0
    assert emitted == pytest.approx(change, rel=1e-9)
    # Most of what answers in Tokyo is gas: at some 50 % of heat a GW burns two.
    gas = FUELS.index("gas")
    assert found.amount[gas] * value("market.fuel.lng.heat") / 3.6 == pytest.approx(8.76e6 / 0.5, rel=0.25)
    # The LNG is paid at the mean of the months' customs prices.
    prices = [float(one["lng_yen_per_t"]) for one in read_table("market_fuels") if one["year"] in {"2024", "2025"}]
    assert min(prices) < found.paid_yen[gas] / found.amount[gas] < max(prices)
    assert find_fuel_imports(before, before).total_yen == 0.0
