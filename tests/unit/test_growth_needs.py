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
from kiban.finance.growth import nominal_path, real_path
from kiban.finance.things import chips_of_mw, cost_of_mw_myen, own_yen_per_gpu_hour
from kiban.quantities import LANGUAGES, format_share
from kiban.report.economy.growth import growth_answer

CATALOGUE = load_catalogue()


def test_a_claim_by_hand() -> None:
    found = {one.claim.id: one for one in compare_claims(CATALOGUE, 3000.0).claims}
    daiwa = found["daiwa-2024"]
    # 16.2 % of GDP in 2035 at constant prices, as compute is at prices of today; a tenth of it for compute.
    path = real_path()
    spent = 0.1 * 0.162 * path.trillion_yen[2035] * 1e6
    assert path.trillion_yen[2035] < nominal_path(path.base_year).trillion_yen[2035] == pytest.approx(684.76, abs=0.01)
    assert daiwa.compute_myen_per_year.value == pytest.approx(spent, rel=1e-4)
    chips = chips_of_mw(CATALOGUE.value, CHIP)
    each = own_yen_per_gpu_hour(CATALOGUE.value, CHIP) * chips * HOURS_PER_YEAR / 1e6
    assert daiwa.it_mw.value == pytest.approx(spent / each, rel=1e-4)
    assert daiwa.investment_myen.value == pytest.approx(
        spent / each * sum(cost_of_mw_myen(CATALOGUE.value, CHIP).values()), rel=1e-4
    )
    assert daiwa.share_of_load.value == pytest.approx(3000.0 / daiwa.it_mw.value)
    pue = CATALOGUE.value("pue.direct_liquid.tokyo")
    assert daiwa.energy_twh_per_year.value == pytest.approx(daiwa.it_mw.value * 0.8 * pue * 8760 / 1e6)
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


def test_the_headline_is_over_the_share_that_is_assumed() -> None:
    found = compare_claims(CATALOGUE, 3000.0)
    shares = [one.share_of_load for one in found.claims]
    for language in LANGUAGES:
        said = growth_answer(found, language)
        for share in (
            min(one.low for one in shares),
            max(one.high for one in shares),
            min(one.value for one in shares),
            max(one.value for one in shares),
        ):
            assert format_share(share, language) in said
    assert "could pay for" in growth_answer(found, "en") and "need" not in growth_answer(found, "en")


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
