"""The Leontief model against Miller and Blair's two sectors, and the table of Japan against another aggregation."""

from __future__ import annotations

import numpy as np
import pytest

from kiban.catalogue.economy_tables import load_input_output
from kiban.finance.economy import household_inverse, leontief_inverse, national_structure

# Miller and Blair, Input-Output Analysis, 2nd edition 2009, section 2.3.
FLOWS = np.array([[150.0, 500.0], [200.0, 100.0]])
OUTPUT = np.array([1000.0, 2000.0])
COEFFICIENTS = FLOWS / OUTPUT
WAGES = np.array([0.3, 0.25])
CONSUMPTION = np.array([0.05, 0.4])


def test_the_inverse() -> None:
    inverse = leontief_inverse(COEFFICIENTS)
    np.testing.assert_allclose(inverse, [[1.2541, 0.3300], [0.2640, 1.1221]], atol=5e-5)
    np.testing.assert_allclose(inverse @ (OUTPUT - FLOWS.sum(axis=1)), OUTPUT)
    np.testing.assert_allclose(inverse.sum(axis=0), [1.518152, 1.452145], atol=5e-7)


def test_a_new_final_demand() -> None:
    output = leontief_inverse(COEFFICIENTS) @ [600.0, 1500.0]
    np.testing.assert_allclose(output, [1247.5, 1841.6], atol=0.05)
    flows = COEFFICIENTS * output
    np.testing.assert_allclose(flows, [[187.128713, 460.396040], [249.504950, 92.079208]], atol=5e-7)
    assert (output - flows.sum(axis=0)).sum() == pytest.approx(2100.0)


def test_rounds_of_spending_approach_the_inverse() -> None:
    demand = np.array([600.0, 1500.0])
    rounds, total = demand.copy(), demand.copy()
    sums = []
    for _ in range(7):
        rounds = COEFFICIENTS @ rounds
        total = total + rounds
        sums.append(total)
    np.testing.assert_allclose(sums[0], [1065.0, 1695.0])
    np.testing.assert_allclose(sums[6], [1247.282, 1841.41], atol=5e-3)
    assert np.all(sums[6] < leontief_inverse(COEFFICIENTS) @ demand)


def test_households_inside() -> None:
    closed = household_inverse(COEFFICIENTS, CONSUMPTION, WAGES, own=0.05)
    expected = [
        [1.365086, 0.425260, 0.250904],
        [0.527323, 1.348076, 0.595365],
        [0.569849, 0.489050, 1.288539],
    ]
    np.testing.assert_allclose(closed, expected, atol=5e-7)
    simple = WAGES @ leontief_inverse(COEFFICIENTS)
    np.testing.assert_allclose(simple / WAGES, [1.474147, 1.518152], atol=5e-7)
    np.testing.assert_allclose(closed[-1, :2] / WAGES, [1.899497, 1.956198], atol=5e-7)
    np.testing.assert_allclose(closed[:2, :2].sum(axis=0), [1.892409, 1.773336], atol=5e-7)
    # The households' factor is one number for every sector.
    np.testing.assert_allclose(closed[-1, :2] / simple, [1.288539] * 2, atol=5e-7)


@pytest.mark.parametrize(
    "matrix", [np.array([[0.5, -0.1], [0.1, 0.1]]), np.array([[0.9, 0.4], [0.4, 0.9]]), np.zeros((2, 3))]
)
def test_a_table_that_cannot_be(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"square|more than"):
        leontief_inverse(matrix)


# Another aggregation of the official tables: 18 sectors, 2015 outputs on the structure of 2011, imports of 2011.
# Sector here, output in billion yen, domestic output multiplier, value added per yen.
EIGHTEEN = {
    "agr": (12887.6, 1.8236, 0.4765889),
    "min": (847.9, 1.7680, 0.5201441),
    "mach": (34066.8, 1.9430, 0.3909295),
    "treq": (55377.7, 2.4579, 0.2627771),
    "const": (60836.6, 1.8377, 0.4685513),
    "trade": (95478.9, 1.4791, 0.6988756),
    "fin": (35448.2, 1.5249, 0.6676593),
    "real": (80718.9, 1.2350, 0.8443873),
    "trans": (55009.4, 1.7835, 0.5152040),
    "ict": (49974.5, 1.7855, 0.5163388),
}


@pytest.mark.parametrize("sector", EIGHTEEN)
def test_two_aggregations_agree(sector: str) -> None:
    output, multiplier, value_added = EIGHTEEN[sector]
    table = load_input_output()
    at = table.index(sector)
    assert table.output_bn_yen[at] == pytest.approx(output, abs=0.06)
    assert national_structure(table, spent_share=0.7).output_multipliers[at] == pytest.approx(multiplier, rel=0.05)
    assert table.value_added_ratio[at] == pytest.approx(value_added, abs=0.06)


def test_multipliers_worked_out_beside_the_table() -> None:
    # Computed by another hand from the same 2015 table: domestic multipliers of output, value added and jobs.
    table = load_input_output()
    structure = national_structure(table, spent_share=0.7)
    expected = {
        "const": (1.834797, 0.862527, 105.129763),
        "elmach": (1.918210, 0.763589, 75.529843),
        "elgas": (1.523089, 0.618054, 31.410561),
        "ict": (1.750059, 0.932670, 73.515314),
        "biz": (1.582007, 0.930456, 107.985478),
    }
    for sector, (output, value_added, jobs) in expected.items():
        column = structure.inverse[:, table.index(sector)]
        assert column.sum() == pytest.approx(output, abs=5e-6)
        assert table.value_added_ratio @ column == pytest.approx(value_added, abs=5e-6)
        assert table.jobs_per_bn_yen @ column == pytest.approx(jobs, abs=2e-4)


def test_the_whole_of_japan() -> None:
    table = load_input_output()
    assert table.output_bn_yen.sum() == pytest.approx(1_017_818, abs=1)
    assert table.value_added_ratio @ table.output_bn_yen == pytest.approx(548_240, rel=1e-4)
    assert table.jobs_per_bn_yen @ table.output_bn_yen == pytest.approx(60_862_988)
    assert table.household_share.sum() == pytest.approx(1.0, abs=1e-4)
