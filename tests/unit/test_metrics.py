"""Returns by hand, against numbers of textbooks, and against the definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.levelised import find_root
from kiban.finance.metrics import compute_returns, debt_service_cover, irr, npv, payback_years
from kiban.finance.project import UNTAXED, Project, ProjectAsset, RevenueStream


def flow(**changes: object) -> CashFlow:
    plain = FinanceAssumptions(
        inflation=0.0, horizon_years=5, construction_years=0, capex_at_start_share=0.0, discount_rate_real=0.08,
        equity_rate=0.12, debt_share=0.6, debt_tenor_years=4, debt_reference_rate=0.05, debt_margin=0.0,
        dscr_target=1.3, upfront_fee_share=0.0, public_rate=0.02,
    )  # fmt: skip
    project = Project(
        name="paper",
        assets=(ProjectAsset("building", "building", 1000.0, 5.0),),
        streams=(RevenueStream("load", 100.0, 3.0),),
        operating_costs_myen_per_year={},
        policy=UNTAXED,
        start_year=2027,
    )
    return project_cash_flow(project, replace(plain, **changes))  # type: ignore[arg-type]


def test_present_value_along_the_years() -> None:
    flows = np.array([[-100.0, 60.0, 60.0], [0.0, 0.0, 121.0]])
    np.testing.assert_allclose(npv(0.1, flows), [-100 + 60 / 1.1 + 60 / 1.21, 100.0])


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([-100.0, 39.0, 59.0, 55.0, 20.0], 0.2809484211599611),  # numpy-financial's documentation
        ([-100.0, 110.0], 0.1),
        ([-100.0, 0.0, 0.0, 74.0], -0.09549583034897258),
        ([100.0, 20.0], None),
        ([-100.0, -20.0], None),
        ([0.0, 0.0], None),
    ],
)
def test_internal_rate_of_return(flows: list[float], expected: float | None) -> None:
    found = irr(np.array(flows))
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-9))


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        ([-100.0, 50.0, 50.0, 50.0], 2.0),
        ([-100.0, 60.0, 80.0], 1.5),
        ([-100.0, 150.0, -80.0, 60.0], 2.5),  # pays back for good only after the replacement
        ([-100.0, 20.0], None),
        ([10.0, 20.0], 0.0),
    ],
)
def test_payback(flows: list[float], expected: float | None) -> None:
    assert payback_years(np.array(flows)) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("flows", "expected"),
    [
        # 60 a year at 10 %: 54.545, 49.587, 45.079; after one year 45.455 are out, so 1 + 45.4545 / 49.5868.
        ([-100.0, 60.0, 60.0, 60.0], 1 + 11 / 12),
        ([-100.0, 50.0, 50.0, 5.0], None),  # 45.455 + 41.322 + 3.757 = 90.53
        ([-100.0, 110.0], 1.0),
        ([-100.0, 109.99999], 1.0),  # a price that was found so that nothing is left over
        ([-100.0, 109.9], None),
    ],
)
def test_discounted_payback(flows: list[float], expected: float | None) -> None:
    assert payback_years(np.array(flows), 0.1) == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_cover_of_debt_within_its_share() -> None:
    case = flow()
    found = compute_returns(case)
    # 300 a year can carry 300 / 1.3 over four years: more than the 600 of the share.
    assert (case.debt.binding, found.debt_myen, found.debt_share) == ("share", pytest.approx(600), pytest.approx(0.6))
    service = 600 * 0.05 / (1 - 1.05**-4)
    assert found.least_dscr == pytest.approx(300 / service)
    assert found.mean_dscr == pytest.approx(300 / service)
    assert found.llcr == pytest.approx(300 / service)
    cover = debt_service_cover(case)
    assert np.isnan(cover[[0, 5]]).all()


def test_returns_are_roots_of_their_flows() -> None:
    case = flow()
    found = compute_returns(case)
    assert found.project_irr is not None
    assert found.equity_irr is not None
    assert float(npv(found.project_irr, case.project_flow)) == pytest.approx(0.0, abs=1e-6)
    assert float(npv(found.equity_irr, case.equity_flow)) == pytest.approx(0.0, abs=1e-6)
    # Debt below the project's return lifts the return of equity.
    assert found.equity_irr > found.project_irr > case.debt.rate
    assert found.project_npv_myen == pytest.approx(-1000 + 300 * (1 - 1.08**-5) / 0.08)


def test_without_debt_there_is_no_cover() -> None:
    found = compute_returns(flow(debt_share=0.0))
    assert (found.least_dscr, found.mean_dscr, found.llcr, found.debt_share) == (None, None, None, 0.0)
    assert found.equity_irr == found.project_irr


@pytest.mark.parametrize("root", [-3.0, 0.0, 0.2, 40.0])
def test_the_root_of_a_function_in_pieces(root: float) -> None:
    found = find_root(lambda x: (x - root) * (5.0 if x < root else 0.5), 1.0)
    assert found == pytest.approx(root, abs=1e-9)
