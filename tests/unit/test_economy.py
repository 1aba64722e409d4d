"""Spending on a campus in the economy: demand by sector, the tables, and what cannot be answered."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from kiban.catalogue import load_catalogue
from kiban.catalogue.economy_tables import (
    demand_shares,
    load_input_output,
    prefecture_shares,
    shares_of,
)
from kiban.errors import CatalogueError
from kiban.finance.economy import (
    EconomyTerms,
    assess_impact,
    construction_demand,
    national_structure,
    operation_demand,
    read_economy_terms,
    trace_effects,
)
from kiban.policy.terms import ASSETS

CATALOGUE = load_catalogue()
TABLE = load_input_output()
TERMS = read_economy_terms(CATALOGUE)
CAPEX = {"chips": 60_000.0, "building": 8_000.0, "electrical": 9_000.0, "cooling": 3_000.0, "pv": 12_000.0}


# ---- the tables


def test_inputs_and_value_added_are_what_is_made() -> None:
    np.testing.assert_allclose(TABLE.coefficients.sum(axis=0) + TABLE.value_added_ratio, 1.0, atol=1e-6)
    assert np.all((TABLE.wage_ratio > 0) & (TABLE.wage_ratio < TABLE.value_added_ratio))
    assert np.all((TABLE.import_share >= 0) & (TABLE.import_share <= 1))
    assert all(TABLE.names_en) and all(TABLE.names_ja)


def test_prefectures() -> None:
    shares = prefecture_shares()
    assert len(shares) == CATALOGUE.value("economy.prefecture_tables")
    total = sum(shares.values())
    # Five tables are missing, and prefectures count some output twice or not at all.
    assert np.all((total > 0.8) & (total < 1.05))
    assert max(shares, key=lambda name: shares[name][TABLE.index("ict")]) == "Tokyo"
    assert max(shares, key=lambda name: shares[name][TABLE.index("treq")]) == "Aichi"
    covered = [site.id for site in CATALOGUE.sites.values() if site.prefecture in shares]
    assert "tomakomai" in covered and "inzai" in covered


@pytest.mark.parametrize("prefecture", ["Fukui", "Okinawa", "hokkaido", ""])
def test_a_prefecture_without_a_table(prefecture: str) -> None:
    with pytest.raises(CatalogueError, match="no input-output table"):
        shares_of(prefecture)


def test_an_unknown_sector() -> None:
    with pytest.raises(CatalogueError, match="const"):
        TABLE.index("constr")


def test_every_asset_falls_on_sectors() -> None:
    for phase in ("construction", "operation"):
        assert set(demand_shares(phase)) == set(ASSETS)  # type: ignore[arg-type]
    for phase in ("construction", "operation", "account"):
        for item, shares in demand_shares(phase).items():  # type: ignore[arg-type]
            assert shares.sum() == pytest.approx(1.0), item
            assert np.all(shares >= 0), item


# ---- demand


def test_construction_leaves_out_land_and_imports() -> None:
    demand = construction_demand(CAPEX, TERMS)
    assert demand.land_myen == pytest.approx(TERMS.land_share * 8_000)
    expected = sum(TERMS.imports[asset] * cost for asset, cost in CAPEX.items())
    expected -= TERMS.imports["building"] * demand.land_myen
    assert demand.abroad_myen == pytest.approx(expected)
    assert demand.total_myen == pytest.approx(sum(CAPEX.values()))
    # Chips are nearly all bought abroad, so that most of the money leaves at once.
    assert demand.abroad_myen > 0.6 * demand.total_myen


def test_chips_bought_abroad_alone_do_nothing_here() -> None:
    terms = replace(TERMS, imports={**TERMS.imports, "chips": 1.0})
    impact = assess_impact(construction_demand({"chips": 1_000.0}, terms), terms)
    assert impact.national.headline.output == 0
    assert impact.national.headline.jobs == 0
    assert impact.imports_myen == 1_000.0


def test_operation_by_asset_and_account() -> None:
    demand = operation_demand({"building": 100.0}, {"energy": 2_000.0, "water": 20.0})
    assert demand.home_myen[TABLE.index("elgas")] == 2_000.0
    assert demand.home_myen[TABLE.index("water")] == 20.0
    assert demand.home_myen[TABLE.index("biz")] == pytest.approx(80.0)
    assert demand.total_myen == pytest.approx(2_120.0)


def test_an_unknown_asset() -> None:
    with pytest.raises(KeyError):
        construction_demand({"fusion": 1.0}, TERMS)


# ---- effects


def test_a_campus_in_hokkaido() -> None:
    demand = construction_demand(CAPEX, TERMS)
    impact = assess_impact(demand, TERMS, prefecture="Hokkaido")
    low, high = impact.regional_low, impact.regional_high
    assert low is not None and high is not None
    assert 0 < low.headline.value_added < high.headline.value_added < impact.national.headline.value_added
    assert 0 < low.headline.jobs < high.headline.jobs < impact.national.headline.jobs
    # All that is spent is value added at home, imports or land.
    spent = impact.national.headline.value_added + impact.imports_myen + demand.land_myen
    assert spent == pytest.approx(demand.total_myen, rel=1e-6)
    # Headline is direct and indirect; induced stands apart.
    national = impact.national
    assert national.headline.jobs == pytest.approx(national.direct.jobs + national.indirect.jobs)
    assert national.induced.jobs > 0
    # A yen spent on such a campus makes far less than a yen here.
    assert national.headline.value_added < 0.4 * demand.total_myen


def test_without_a_prefecture_there_is_no_region() -> None:
    impact = assess_impact(construction_demand(CAPEX, TERMS), TERMS)
    assert impact.regional_low is None and impact.regional_high is None
    assert "regional_low" not in impact.summary()


def test_the_summary_is_json_and_the_same_numbers() -> None:
    impact = assess_impact(construction_demand(CAPEX, TERMS), TERMS, prefecture="Chiba")
    found = json.loads(json.dumps(impact.summary()))
    assert found["national"]["headline"]["jobs"] == impact.national.headline.jobs
    assert found["regional_low"]["headline"]["output_myen"] < found["regional_high"]["headline"]["output_myen"]
    assert found["spent_myen"] == pytest.approx(sum(CAPEX.values()))


def test_jobs_by_hand() -> None:
    demand = np.zeros(len(TABLE.sectors))
    demand[TABLE.index("const")] = 1_120.0
    effects = trace_effects(national_structure(spent_share=0.7), demand, price_level=1.12)
    # A billion yen of 2015: 62.3 persons in construction, 105.1 with their suppliers.
    assert effects.direct.jobs == pytest.approx(62.324471, abs=1e-4)
    assert effects.headline.jobs == pytest.approx(105.129763, abs=1e-3)


def test_induced_effects_depend_on_what_is_spent() -> None:
    def induced(terms: EconomyTerms) -> float:
        return assess_impact(construction_demand(CAPEX, terms), terms).national.induced.value_added

    assert induced(replace(TERMS, spent_share=0.0)) == pytest.approx(0.0, abs=1e-9)
    assert induced(TERMS) < induced(replace(TERMS, spent_share=1.0))


def test_the_terms_name_their_facts() -> None:
    assert [fact.id for fact in TERMS.facts] == [
        "economy.price_level", "economy.spent_share", "economy.flq_delta", "finance.land_share.building",
    ]  # fmt: skip
    assert set(TERMS.imports) == set(ASSETS)
