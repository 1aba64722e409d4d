"""What published growth figures need in compute and power, and how even prefectures are with a plan."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import load_catalogue
from kiban.catalogue.economy_tables import prefecture_shares
from kiban.cli import app
from kiban.economy.growth_needs import CHIP, SHARE, compare_claims
from kiban.economy.inequality import gini, measure_inequality
from kiban.economy.spread import Spread, per_year
from kiban.finance.things import chips_of_mw, cost_of_mw_myen, own_yen_per_gpu_hour

CATALOGUE = load_catalogue()


def test_a_claim_by_hand() -> None:
    found = {one.claim.id: one for one in compare_claims(CATALOGUE, 3000.0).claims}
    daiwa = found["daiwa-2024"]
    # 16.2 % of 684.76 trillion yen in 2035, a tenth of it for compute.
    spent = 0.1 * 0.162 * 684.76e6
    assert daiwa.compute_myen_per_year.value == pytest.approx(spent, rel=1e-4)
    chips = chips_of_mw(CATALOGUE.value, CHIP)
    each = own_yen_per_gpu_hour(CATALOGUE.value, CHIP) * chips * HOURS_PER_YEAR / 1e6
    assert daiwa.it_mw.value == pytest.approx(spent / each, rel=1e-4)
    assert daiwa.investment_myen.value == pytest.approx(
        spent / each * sum(cost_of_mw_myen(CATALOGUE.value, CHIP).values()), rel=1e-4
    )
    assert daiwa.share_of_load.value == pytest.approx(3000.0 / daiwa.it_mw.value)
    pue = CATALOGUE.value("pue.direct_liquid.tokyo")
    assert daiwa.energy_twh_per_year.value == pytest.approx(daiwa.it_mw.value * pue * 8760 / 1e6)
    assert daiwa.real.gap_trillion_yen < daiwa.scenario.gap_trillion_yen
    assert round(daiwa.linear_sum_trillion_yen) == 610


def test_needs_are_proportional_to_what_is_spent_and_ranges_are_its_ends() -> None:
    twice = CATALOGUE.overridden({SHARE: 0.2})
    one, other = compare_claims(CATALOGUE, 3000.0), compare_claims(twice, 3000.0)
    for first, second in zip(one.claims, other.claims, strict=True):
        assert second.it_mw.value == pytest.approx(2.0 * first.it_mw.value)
        assert first.it_mw.low == pytest.approx(first.it_mw.value * 0.02 / 0.1)
        assert first.it_mw.high == pytest.approx(first.it_mw.value * 0.3 / 0.1)
        assert first.share_of_load.low < first.share_of_load.value < first.share_of_load.high


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command(language: str) -> None:
    done = CliRunner().invoke(app, ["growth", "--load", "1000", "--lang", language])
    assert done.exit_code == 0 and "1,000" in done.output and "daiwa-2024" in done.output
    found = json.loads(CliRunner().invoke(app, ["growth", "--json", "--lang", language]).output)
    assert found["load_mw"] == 3000.0 and len(found["claims"]) == 4
    assert {"note", "measure", "until_year", "it_mw", "share_of_load"} <= found["claims"][0].keys()


def test_gini_by_hand() -> None:
    assert gini([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]) == pytest.approx(0.0)
    assert gini([0.0, 0.0, 0.0, 4.0], [1.0] * 4) == pytest.approx(0.75)
    assert gini([1.0, 3.0], [1.0, 1.0]) == pytest.approx(0.25)
    assert gini([3.0, 1.0], [1.0, 1.0]) == pytest.approx(0.25)
    # Who has as much a head as the other makes no difference, however many they are.
    assert gini([2.0, 1.0], [2.0, 1.0]) == pytest.approx(0.0)
    assert gini([0.0, 0.0], [1.0, 1.0]) == 0.0
    with pytest.raises(ValueError, match="people"):
        gini([1.0], [0.0])


def test_what_goes_to_the_poorest_makes_even() -> None:
    nothing = dict.fromkeys(prefecture_shares(), Spread(0.0, 0.0, 0.0))
    some = Spread(100_000.0, 50_000.0, 200_000.0)
    still = measure_inequality(nothing, 1.12)
    assert still.before == still.after.value and still.change == Spread(0.0, 0.0, 0.0)
    assert measure_inequality({**nothing, "Tokyo": some}, 1.12).change.low > 0.0
    assert measure_inequality({**nothing, "Akita": some}, 1.12).change.high < 0.0


def test_a_mean_year() -> None:
    assert per_year(Spread(10.0, 5.0, 20.0), 5) == Spread(2.0, 1.0, 4.0)
