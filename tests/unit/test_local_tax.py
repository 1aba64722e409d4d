"""What a town and a prefecture keep: the law's table, the council's example, and towns worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.finance.local_tax import (
    DESIGNATED,
    ORDINARY,
    WARD,
    LocalTax,
    join_taxes,
    keep_tax,
    municipal_share,
    read_local_rules,
    read_municipality,
)

RULES = read_local_rules(load_catalogue())
YEARS = 10
FLAT = np.ones(YEARS)


def town(site: str):
    found = read_municipality(load_catalogue(), site)
    assert found is not None
    return found


def tax(assets: float, *, buildings: float = 0.0, spared: float = 0.0, income: float = 0.0, first: int = 2) -> LocalTax:
    """The same tax in each year of operation."""

    def flat(amount: float) -> np.ndarray:
        flow = np.full(YEARS, amount)
        flow[:first] = 0.0
        return flow

    shares = {"municipality": flat(0.4 * income), "prefecture": flat(0.6 * income)}
    return LocalTax(flat(assets), flat(buildings), flat(spared), shares, 0.014, first)


@pytest.mark.parametrize(
    ("population", "limit"),
    [
        (4_999, 500), (5_000, 544), (5_999, 544), (6_000, 588), (9_999, 720), (10_000, 768), (11_999, 768),
        (12_000, 816), (29_999, 1_200), (30_000, 1_280), (35_000, 1_360), (199_999, 3_920), (200_000, 4_000),
        (3_700_000, 4_000),
    ],
)  # fmt: skip
def test_limits_are_those_of_article_349_4(population: float, limit: float) -> None:
    assert RULES.limit_myen(population) == limit


def test_a_town_that_receives_the_grant_keeps_a_quarter() -> None:
    """The council's example: tax of 40 more, 10 more in all; of the rate of 1.4 % the state counts 1.05 %."""
    kept = keep_tax(tax(40.0), town("tomakomai"), RULES, FLAT)
    assert kept.kept("municipality")[2:] == pytest.approx(np.full(8, 10.0))
    assert kept.less_grant["municipality"][2:] == pytest.approx(np.full(8, 30.0))
    assert RULES.counted_share * 0.014 == pytest.approx(0.0105)


def test_a_town_without_the_grant_keeps_all() -> None:
    kept = keep_tax(tax(40.0), town("inzai"), RULES, FLAT)
    assert kept.kept("municipality")[2:] == pytest.approx(np.full(8, 40.0))
    assert not kept.less_grant["municipality"].any()


def test_no_town_loses_more_than_its_grant() -> None:
    """Kokonoe, index 0.32: with the need of 5,000 million yen a year its grant is 3,400, whatever is built."""
    place = replace(town("kokonoe"), need_myen=5_000.0)
    assert place.grant_myen == pytest.approx(3_400.0)
    little = keep_tax(tax(2_000.0), replace(place, kind=DESIGNATED), RULES, FLAT)
    much = keep_tax(tax(10_000.0), replace(place, kind=DESIGNATED), RULES, FLAT)
    assert little.kept("municipality")[5] == pytest.approx(2_000.0 - 1_500.0)
    assert much.kept("municipality")[5] == pytest.approx(10_000.0 - 3_400.0)


def test_two_campuses_in_one_town_share_its_limit_and_its_grant() -> None:
    """Kokonoe as above: two that pay 3,000 each lose it the grant of 3,400 once, and are taxed up to one limit."""
    place = replace(town("kokonoe"), need_myen=5_000.0, kind=DESIGNATED)
    both = keep_tax(join_taxes([tax(3_000.0), tax(3_000.0, first=4)]), place, RULES, FLAT)
    assert both.kept("municipality")[3] == pytest.approx(3_000.0 - 2_250.0)
    assert both.kept("municipality")[5] == pytest.approx(6_000.0 - 3_400.0)
    rich = replace(place, kind=ORDINARY, fiscal_index=2.0, population=4_999.0)
    limit = keep_tax(join_taxes([tax(6.0), tax(6.0)]), rich, RULES, FLAT)
    assert limit.paid["municipality"][5] == pytest.approx(0.014 * 500.0)
    assert limit.to_prefecture[5] == pytest.approx(12.0 - 7.0)


def test_large_assets_of_a_rich_village_go_to_the_prefecture_by_hand() -> None:
    """Rokkasho: 9,628 persons, index 1.68, need 9,628 x 0.6 = 5,776.8 million yen.

    The limit is 720 million yen of base, 10.08 of tax. A new plant is guaranteed 220 % of need in its first two years:
    (2.2 - 1.68) x 5,776.8 / 0.0105 = 286,089 of base, 4,005.2 of tax; 200 % in the next two: 2,464.8; 180 %: 924.3;
    160 % lies below what the village has.
    """
    place = town("rokkasho")
    assert (place.population, place.fiscal_index, place.need_myen) == (9_628, 1.68, pytest.approx(5_776.8))
    own = municipal_share(tax(5_000.0), place, RULES, FLAT)
    expected = [0.0, 0.0, 4_005.248, 4_005.248, 2_464.768, 2_464.768, 924.288, 924.288, 10.08, 10.08]
    assert own == pytest.approx(np.array(expected), abs=0.001)
    kept = keep_tax(tax(5_000.0), place, RULES, FLAT)
    assert kept.to_prefecture[2:] == pytest.approx(5_000.0 - np.array(expected[2:]), abs=0.001)
    # The prefecture receives the grant and keeps a quarter of what it levies.
    assert kept.kept("prefecture")[9] == pytest.approx(0.25 * (5_000.0 - 10.08))


def test_buildings_are_no_large_assets_and_fill_the_guarantee() -> None:
    """100 of tax on a building counts 75 as basic revenue: a base of 75 / 0.0105 less is left to the village."""
    place = replace(town("rokkasho"), fiscal_index=1.0)
    alone = municipal_share(tax(5_000.0), place, RULES, FLAT)
    beside = municipal_share(tax(5_000.0, buildings=100.0), place, RULES, FLAT)
    assert alone[8] == pytest.approx(0.6 * 5_776.8 * 0.014 / 0.0105)
    assert alone[8] - beside[8] == pytest.approx(100.0)
    assert keep_tax(tax(0.0, buildings=100.0), place, RULES, FLAT).paid["municipality"][8] == pytest.approx(100.0)


def test_need_grows_with_prices_and_the_limit_in_yen_does_not() -> None:
    place, level = replace(town("rokkasho"), fiscal_index=1.0), 1.02 ** np.arange(YEARS)
    own = municipal_share(tax(9_000.0), place, RULES, level)
    assert own[9] / own[8] == pytest.approx(1.02)
    rich = municipal_share(tax(9_000.0), replace(place, fiscal_index=3.0), RULES, level)
    assert rich[9] == rich[8] == pytest.approx(0.014 * 720)


def test_designated_cities_tax_all_and_in_the_wards_the_metropolis_does() -> None:
    huge = tax(1e6, buildings=50.0)
    city = keep_tax(huge, town("kawasaki"), RULES, FLAT)
    assert (city.paid["municipality"][5], city.to_prefecture[5]) == (1e6 + 50.0, 0.0)
    assert town("koto").kind == WARD
    ward = keep_tax(huge, town("koto"), RULES, FLAT)
    assert (ward.paid["municipality"][5], ward.to_prefecture[5]) == (0.0, 1e6 + 50.0)
    assert ward.kept("prefecture")[5] == pytest.approx(1e6 + 50.0)  # Tokyo receives no grant.


def test_a_town_bears_all_of_a_relief_of_its_own_and_a_quarter_of_one_that_the_law_names() -> None:
    """Tax of 100, of which 60 is let off: with a relief of law 40 is counted, with its own 100."""
    place = town("tomakomai")
    named, own = (keep_tax(tax(40.0, spared=spared), place, RULES, FLAT) for spared in (0.0, 60.0))
    full = keep_tax(tax(100.0), place, RULES, FLAT)
    assert full.kept("municipality")[5] - named.kept("municipality")[5] == pytest.approx(0.25 * 60.0)
    assert full.kept("municipality")[5] - own.kept("municipality")[5] == pytest.approx(60.0)


def test_a_loss_raises_the_grant() -> None:
    kept = keep_tax(tax(0.0, income=-100.0), town("tomakomai"), RULES, FLAT)
    assert kept.kept("municipality")[5] == pytest.approx(-40.0 + 30.0)
    assert kept.kept("prefecture")[5] == pytest.approx(-60.0 + 45.0)


def test_every_site_has_its_municipality() -> None:
    catalogue = load_catalogue()
    places = [read_municipality(catalogue, site) for site in catalogue.sites]
    assert len(places) == 30
    assert all(place is not None and place.need_myen > 0 and place.fiscal_index > 0 for place in places)
    assert read_municipality(catalogue, None) is None
    alone = {place.site for place in places if place is not None and not place.receives_grant}
    assert {"rokkasho", "inzai", "koto", "kawasaki", "hamadori", "mihama", "kumamoto"} == alone
