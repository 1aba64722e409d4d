"""The law's files: sound as they are, and every fault of a file named at once."""

from __future__ import annotations

import math
from datetime import date

import pytest

from kiban.errors import CatalogueError
from kiban.policy.law import expand_assets, load_law, parse_law
from kiban.policy.tax_law import TAX_LAWS, income_tax_components, ordinary_law
from kiban.policy.terms import ASSET_GROUPS, ASSETS

DAY = date(2026, 4, 1)
SOURCES = """
[gazette]
title = "Gazette"
publisher = "State"
address = ""
grade = "A"
accessed = 2026-11-24
"""
MEASURE = """
[some_credit]
jurisdiction = "japan"
title_ja = "控除"
title_en = "Credit"
article = "1"
status = "enacted"
bearer = "national_treasury"
assumed = []
sources = ["gazette"]
note = ""
assets = ["chips"]
[[some_credit.period]]
from = 2020-04-01
to = 2022-03-31
credit_rate = 0.1
[[some_credit.period]]
from = 2022-04-01
credit_rate = 0.2
"""


def test_the_law_loads_with_its_sources_and_is_kept() -> None:
    law = load_law()
    assert law is load_law()
    assert len(law.measures) >= 45
    named = {source for measure in law.measures.values() for source in measure.sources}
    assert named == set(law.sources)


def test_every_measure_says_what_is_assumed_and_why() -> None:
    for measure in load_law().measures.values():
        assert measure.title_en and measure.title_ja and measure.article
        assert measure.note or not measure.assumed
        assert measure.sources or measure.is_assumed("all")
        if measure.status == "hypothetical":
            assert measure.assumed == ("all",)


def test_terms_go_by_date() -> None:
    measure = parse_law({"a.toml": MEASURE, "sources.toml": SOURCES}).measure("some_credit")
    assert [measure.number("credit_rate", day) for day in (date(2020, 4, 1), date(2022, 3, 31), date(2022, 4, 1))] == [
        0.1, 0.1, 0.2,
    ]  # fmt: skip
    assert measure.is_settled
    with pytest.raises(CatalogueError, match=r"is not in force on 2020-03-31; it holds from 2020-04-01\.$"):
        measure.terms(date(2020, 3, 31))
    with pytest.raises(CatalogueError, match="did you mean 'credit_rate'"):
        measure.number("credit_rat", DAY)


def test_an_unknown_measure_is_answered_with_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'us_48d_amic'"):
        load_law().measure("us_48d_amik")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('status = "enacted"', 'status = "passed"', "has the status 'passed'"),
        ('jurisdiction = "japan"', 'jurisdiction = "mars"', "has the jurisdiction 'mars'"),
        ('bearer = "national_treasury"', 'bearer = "nobody"', "has the bearer 'nobody'"),
        ('title_en = "Credit"', "", "lacks the key 'title_en'"),
        ('title_en = "Credit"', "title_en = 3", "has a title_en that is no text"),
        ('article = "1"', 'article = "1"\ncolour = "red"', "has the unknown key 'colour'"),
        ('"gazette"', '"rumour"', "names the unknown source 'rumour'"),
        ('sources = ["gazette"]', "sources = []", "has no source"),
        ('sources = ["gazette"]', 'sources = "gazette"', "has sources that are no list of names"),
        ("assumed = []", 'assumed = ["credit_rate"]', "is assumed and has no note"),
        ("assumed = []", 'assumed = ["colour"]', "assumes 'colour', which no period gives"),
        ('"chips"', '"chipz"', "names the unknown asset 'chipz'"),
        ("credit_rate = 0.1", "credit_rate = 1.1", "gives credit_rate = 1.1, and a share lies between 0 and 1"),
        ("credit_rate = 0.1", "carry_forward_years = 1.5", "years are whole"),
        ("credit_rate = 0.1", "cap_yen = -1", "is negative"),
        ("to = 2022-03-31", "to = 2020-03-31", "ends on 2020-03-31 before it begins"),
        ("to = 2022-03-31", "to = 2022-04-30", "periods that overlap"),
        ("to = 2022-03-31", "", "periods that overlap"),
        ("to = 2022-03-31", "to = 2022-02-28", "has a gap after 2022-02-28"),
        ("to = 2022-03-31", 'to = "2022-03-31"', "has a date that is none"),
        ("to = 2022-03-31", "to = ", "is not valid TOML"),
    ],
)
def test_a_fault_of_a_file_is_named(old: str, new: str, fault: str) -> None:
    assert old in MEASURE
    with pytest.raises(CatalogueError) as caught:
        parse_law({"a.toml": MEASURE.replace(old, new, 1), "sources.toml": SOURCES})
    assert fault in str(caught.value)


def test_all_faults_come_at_once() -> None:
    broken = MEASURE.replace('status = "enacted"', 'status = "passed"').replace("0.1", "7")
    with pytest.raises(CatalogueError) as caught:
        parse_law({"a.toml": broken, "b.toml": broken, "sources.toml": SOURCES.replace('"A"', '"Z"')})
    # Two faults in each file, the grade, and the source that is unknown for it; none is read, so none is twice.
    assert len(caught.value.problems) == 7
    with pytest.raises(CatalogueError, match="is given twice"):
        parse_law({"a.toml": MEASURE, "b.toml": MEASURE, "sources.toml": SOURCES})


def test_groups_expand_in_order_without_repetition() -> None:
    assert expand_assets(("all",)) == ASSETS
    assert expand_assets(("chips", "datacentre", "building")) == (*ASSET_GROUPS["datacentre"], "chips")


def test_the_declining_balance_table_follows_its_rule() -> None:
    """Rate 2/n to three places; revised rate one over the remaining years, rounded up; the guarantee in between."""
    for life, rate, revised, guarantee, check in load_law().measure("jp_depreciation_db200").terms(DAY)["rows"]:
        if life == 2 or check == "F":
            continue
        assert rate == math.floor(2000 / life + 0.5) / 1000
        remaining = max(m for m in range(1, life) if 1 / m > rate)
        assert revised == pytest.approx(math.ceil(1000 / remaining) / 1000)
        book = (1 - rate) ** (life - remaining)
        assert guarantee == pytest.approx(min(book * revised, rate * (1 - rate) ** (life - remaining - 1)), abs=2.5e-5)


def test_straight_line_and_decline_tables_follow_their_rules() -> None:
    law = load_law()
    for life, rate in law.measure("jp_depreciation_sl").terms(DAY)["rates"]:
        assert rate == pytest.approx(math.ceil(1000 / life - 1e-9) / 1000)
    for life, decline, first, later in law.measure("jp_fixed_asset_tax").terms(DAY)["rows"]:
        assert decline == pytest.approx(1 - 0.1 ** (1 / life), abs=6e-4)
        assert later == pytest.approx(1 - decline)
        assert abs(first - (1 - decline / 2)) < 6e-4


def test_macrs_tables_add_up() -> None:
    tables = load_law().measure("us_macrs_5yr").terms(DAY)
    for name in ("five_year", "seven_year", "fifteen_year", "twenty_year"):
        assert math.fsum(tables[name]) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("tax_law", TAX_LAWS)
def test_the_ordinary_law_covers_every_asset_and_shares_all_tax(tax_law: str) -> None:
    law = ordinary_law(tax_law, 2027)
    assert set(law.assets) == set(ASSETS)
    assert sum(law.tax.shares.values()) == pytest.approx(1, abs=1e-12)
    for terms in law.assets.values():
        assert terms.depreciation == terms.ordinary_depreciation
        assert math.fsum(terms.depreciation.table or (1.0,)) == pytest.approx(1, abs=1e-9)
        assert terms.credits == terms.grants == ()


def test_published_effective_rates_are_what_the_components_give() -> None:
    law = load_law()
    for day in (date(2025, 4, 1), DAY):
        published = law.measure("jp_effective_rate").terms(day)
        for size, small in (("large", False), ("sme", True)):
            for place, tokyo in (("standard", False), ("tokyo", True)):
                rate = income_tax_components(law, day, tokyo=tokyo, small=small).rate
                # 30.625 % is published as 30.62.
                assert rate == pytest.approx(published[f"{size}_{place}_rate"], abs=1e-4)


def test_the_law_does_not_reach_back_for_ever() -> None:
    with pytest.raises(CatalogueError, match="is not in force on 2010-04-01"):
        ordinary_law("japan", 2010)
