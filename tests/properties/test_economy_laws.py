"""Laws of input-output accounts that hold for any table and any demand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kiban.catalogue.economy_tables import InputOutputTable, load_input_output, prefecture_shares
from kiban.finance.economy import Structure, location_ratios, national_structure, regional_structure, trace_effects

JAPAN = load_input_output()
SECTORS = len(JAPAN.sectors)
shares = st.just(0.0) | st.floats(1e-6, 1.0)


@st.composite
def tables(draw: st.DrawFn) -> InputOutputTable:
    """A consistent table of four sectors: inputs and value added are what is made."""
    size = 4
    raw = draw(arrays(float, (size, size), elements=st.floats(0.0, 1.0)))
    value = draw(arrays(float, size, elements=st.floats(0.1, 0.9)))
    totals = raw.sum(axis=0)
    coefficients = np.divide(raw, totals, out=np.full((size, size), 1 / size), where=totals > 0) * (1.0 - value)
    consumption = draw(arrays(float, size, elements=st.floats(0.01, 1.0)))
    return InputOutputTable(
        year=2000,
        sectors=("a", "b", "c", "d"),
        names_en=("a", "b", "c", "d"),
        names_ja=("a", "b", "c", "d"),
        coefficients=coefficients,
        output_bn_yen=draw(arrays(float, size, elements=st.floats(1.0, 100.0))),
        value_added_ratio=value,
        wage_ratio=value * draw(st.floats(0.1, 0.9)),
        import_share=draw(arrays(float, size, elements=shares)),
        jobs_per_bn_yen=draw(arrays(float, size, elements=st.floats(1.0, 100.0))),
        household_share=consumption / consumption.sum(),
        export_bn_yen=np.zeros(size),
        surplus_ratio=np.zeros(size),
        production_tax_ratio=np.zeros(size),
    )


demands = arrays(float, 4, elements=st.floats(0.0, 1000.0))


@settings(max_examples=30)
@given(table=tables(), demand=demands, spent=st.floats(0.0, 0.9))
def test_laws_of_a_national_table(table: InputOutputTable, demand: np.ndarray, spent: float) -> None:
    structure = national_structure(table, spent_share=spent)
    inverse = structure.inverse
    # Every sector needs at least what it delivers, and the inverse is one.
    assert np.all(inverse >= np.eye(4) - 1e-12)
    np.testing.assert_allclose((np.eye(4) - structure.inside) @ inverse, np.eye(4), atol=1e-10)
    # A yen spent is value added at home and imports, for every sector's products.
    imported = (table.coefficients - structure.inside).sum(axis=0)
    np.testing.assert_allclose((table.value_added_ratio + imported) @ inverse, np.ones(4), atol=1e-10)
    effects = trace_effects(structure, demand)
    assert effects.headline.value_added + effects.leaked_myen == pytest.approx(demand.sum(), abs=1e-8)
    # Households only add, and in one proportion.
    assert effects.induced.output >= -1e-9
    everything = effects.headline.wages + effects.induced.wages
    assert everything == pytest.approx(structure.household_factor * effects.headline.wages, abs=1e-8)


@settings(max_examples=30)
@given(table=tables(), demand=demands)
def test_without_imports_all_that_is_spent_is_value_added(table: InputOutputTable, demand: np.ndarray) -> None:
    closed = national_structure(replace(table, import_share=np.zeros(4)), spent_share=0.5)
    np.testing.assert_allclose(table.value_added_ratio @ closed.inverse, np.ones(4), atol=1e-10)
    assert trace_effects(closed, demand).headline.value_added == pytest.approx(demand.sum(), abs=1e-8)


@settings(max_examples=30)
@given(table=tables(), demand=demands, factor=st.floats(0.0, 10.0), level=st.floats(0.5, 2.0))
def test_effects_are_proportional(table: InputOutputTable, demand: np.ndarray, factor: float, level: float) -> None:
    structure = national_structure(table, spent_share=0.5)
    one = trace_effects(structure, demand)
    many = trace_effects(structure, factor * demand, price_level=level)
    assert many.headline.output == pytest.approx(factor * one.headline.output, abs=1e-7)
    # Dearer yen buy fewer jobs.
    assert many.headline.jobs == pytest.approx(factor * one.headline.jobs / level, abs=1e-7)


@settings(max_examples=30)
@given(
    table=tables(), demand=demands, region=arrays(float, 4, elements=shares), delta=st.floats(0.1, 0.5),
)  # fmt: skip
def test_a_region_keeps_no_more_than_the_nation(
    table: InputOutputTable, demand: np.ndarray, region: np.ndarray, delta: float
) -> None:
    if not region @ table.output_bn_yen > 0.01 * table.output_bn_yen.sum():
        return
    nation = trace_effects(national_structure(table, spent_share=0.5), demand)
    for quotient in ("slq", "flq"):
        inner = regional_structure(region, quotient=quotient, delta=delta, spent_share=0.5, table=table)
        assert np.all(inner.inside <= table.coefficients + 1e-12)
        effects = trace_effects(inner, demand)
        # Region, other regions and imports are all that was spent.
        elsewhere = nation.headline.value_added - effects.headline.value_added
        assert elsewhere >= -1e-8
        total = effects.headline.value_added + elsewhere + nation.leaked_myen
        assert total == pytest.approx(demand.sum(), abs=1e-7)
        assert effects.headline.value_added + effects.leaked_myen == pytest.approx(demand.sum(), abs=1e-7)


@given(size=st.floats(0.01, 1.0), delta=st.floats(0.1, 0.5))
def test_a_small_copy_of_the_nation(size: float, delta: float) -> None:
    # All simple quotients are 1: with them alone a copy buys nothing elsewhere; Flegg's leak the more, the smaller.
    copy = np.full(SECTORS, size)
    simple, final = location_ratios(copy, JAPAN.output_bn_yen, quotient="slq", delta=delta)
    np.testing.assert_allclose(simple, 1.0)
    np.testing.assert_allclose(final, 1.0)
    damped, _ = location_ratios(copy, JAPAN.output_bn_yen, quotient="flq", delta=delta)
    np.testing.assert_allclose(damped, np.log2(1 + size) ** delta)


@pytest.mark.parametrize("prefecture", prefecture_shares())
def test_a_prefecture_lies_between_nothing_and_the_nation(prefecture: str) -> None:
    region = prefecture_shares()[prefecture]
    nation = national_structure(spent_share=0.7)

    def structure(quotient: str) -> Structure:
        return regional_structure(region, quotient=quotient, delta=0.3, spent_share=0.7)  # type: ignore[arg-type]

    low, high = structure("flq"), structure("slq")
    assert np.all(low.output_multipliers >= 1.0)
    assert np.all(high.output_multipliers <= nation.output_multipliers + 1e-12)
    at = JAPAN.index("const")
    assert low.output_multipliers[at] < high.output_multipliers[at] < nation.output_multipliers[at]


def test_what_is_all_bought_abroad_has_no_effect_on_its_own_sector() -> None:
    abroad = JAPAN.import_share.copy()
    abroad[JAPAN.index("icteq")] = 1.0
    structure = national_structure(replace(JAPAN, import_share=abroad), spent_share=0.7)
    demand = np.zeros(SECTORS)
    demand[JAPAN.index("const")] = 1000.0
    effects = trace_effects(structure, demand)
    assert effects.headline.output_myen[JAPAN.index("icteq")] == 0.0
