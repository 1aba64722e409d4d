"""Default, recovery and the treasury's loss: a toy by hand, Merton's put, and a campus under five policies."""

from __future__ import annotations

import json
import math
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiban.catalogue import load_catalogue
from kiban.errors import CatalogueError
from kiban.finance.assumptions import FinanceAssumptions, read_assumptions
from kiban.finance.cash_flow import Draws, project_cash_flow
from kiban.finance.downside import LASTING, Triangle, draw_downside, read_downside
from kiban.finance.guarantee import (
    Exposure,
    LossTerms,
    expected_loss,
    follow,
    in_batches,
    simulate,
    survival_curve,
    value_guarantee,
)
from kiban.finance.levelised import levelised_cost
from kiban.finance.merton import value_debt
from kiban.finance.paying import Question
from kiban.finance.project import Project, ProjectAsset, RevenueStream
from kiban.finance.public_risk import KINDS, DownsideReport, measure_downside, project_case, under_each_kind
from kiban.policy.package_terms import resolve
from kiban.scenario.package import load_package
from kiban.scenario.study import Finance

CATALOGUE = load_catalogue()
DOWNSIDE = read_downside(CATALOGUE)
ASSUMPTIONS = read_assumptions(CATALOGUE)
FREE = LossTerms(treasury_rate=0.0)


# ---- a loan of 100 at 10 %, repaid in two years, followed by hand


def toy(available: list[list[float]], **changes: object) -> Exposure:
    plain = Exposure(
        available=np.array(available), service=np.array([0.0, 60.0, 55.0, 0.0]),
        balance=np.array([100.0, 50.0, 0.0, 0.0]), rate=0.1, public_cost=np.zeros(1), coverage=0.8,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_debt_that_is_served() -> None:
    found = follow(toy([[0, 60, 55, 0], [0, 90, 90, 90]]), FREE)
    assert found.default_probability == 0
    assert found.recovery_share is None
    assert found.expected_myen == found.worst_myen == 0
    assert list(found.lender_loss_myen) == [0, 0]


def test_default_and_recovery_by_hand() -> None:
    # 110 owed, 40 paid: 70 are claimed; later years are worth 22 / 1.1 + 12.1 / 1.21 = 30, a tenth of it is lost.
    found = follow(toy([[0, 40, 22, 12.1]]), replace(FREE, workout_cost=0.1))
    assert list(found.default_year) == [1]
    assert found.recovery_share == pytest.approx(27 / 70)
    assert found.expected_myen == pytest.approx(0.8 * 43)
    assert found.lender_loss_myen[0] == pytest.approx(0.2 * 43)


def test_losses_are_present_values() -> None:
    found = follow(toy([[0, 60, 0, 0]]), LossTerms(treasury_rate=0.05))
    assert found.expected_myen == pytest.approx(0.8 * 55 / 1.05**2)


def test_lenders_never_receive_more_than_they_are_owed_nor_less_than_nothing() -> None:
    cash = [[0.0, 40, 500, 500], [0, -900, -900, -900]]
    found = follow(toy(cash), replace(FREE, owner_cures=False))
    assert list(found.recovery) == [1, 0]
    assert list(found.loss_myen) == [0, pytest.approx(0.8 * 110)]


def test_a_reserve_bridges_one_bad_year_and_refills() -> None:
    weak = [[0, 45, 70, 0]]
    assert follow(toy(weak), FREE).default_probability == 1
    # 30 in reserve: 15 used, refilled from the 15 left in the second year.
    assert follow(toy(weak), replace(FREE, reserve_years=0.5)).default_probability == 0
    twice = [[0, 45, 39, 0]]
    assert follow(toy(twice), replace(FREE, reserve_years=0.5)).default_year[0] == 2


def test_an_owner_cures_what_is_worth_it() -> None:
    # 20 are missing. 66 next year are worth 60, ten more than the debt that is left: the owner walks away.
    assert follow(toy([[0, 40, 66, 0]]), FREE).default_probability == 1
    # 88 are worth 80, thirty more: the owner pays.
    assert follow(toy([[0, 40, 88, 0]]), FREE).default_probability == 0


def test_money_for_replacements_serves_the_debt_and_is_missing_later() -> None:
    # 20 lie aside each year for a replacement of 40 at the end of the second year; 50 and 65 are free beside them.
    fund = np.array([[0.0, 20, 0, 0]])
    terms = replace(FREE, owner_cures=False)
    assert follow(toy([[0, 50, 65, 0]]), terms).default_year[0] == 1
    # 70 of cash serve 60; ten are left where 20 should be, and 65 + 10 - 20 = 55 just serve the second year.
    assert follow(toy([[0, 50, 65, 0]], fund=fund), terms).default_probability == 0
    assert follow(toy([[0, 50, 64, 0]], fund=fund), terms).default_year[0] == 2
    assert follow(toy([[0, 50, 64, 0]], contingency_myen=10.0), terms).default_probability == 0


def test_fees_are_paid_until_default() -> None:
    fee = np.array([0.0, 2.0, 1.0, 0.0])
    found = follow(toy([[0, 60, 55, 0], [0, 60, 0, 0], [0, 0, 0, 0]], fee=fee), FREE)
    assert list(found.guarantee_myen) == pytest.approx([-3.0, 0.8 * 55 - 2.0, 0.8 * 110])


def test_a_public_owner_serves_the_debt_whatever_happens() -> None:
    cost = np.array([[0.0, 10.0, 20.0, -5.0]])
    found = follow(toy([[0, 0, 0, 0]], public_owner=True, public_cost=cost), FREE)
    assert found.default_probability == 0
    assert found.expected_myen == 25


def test_no_debt_no_default() -> None:
    found = follow(toy([[0, -5, -5, -5]], service=np.zeros(4), balance=np.zeros(4)), FREE)
    assert found.default_probability == 0


@settings(max_examples=40)
@given(
    cash=st.lists(st.lists(st.floats(0, 200), min_size=4, max_size=4), min_size=1, max_size=6),
    coverage=st.floats(0, 1),
    more=st.floats(0, 50),
)
def test_laws_of_default(cash: list[list[float]], coverage: float, more: float) -> None:
    terms = LossTerms(0.02, 0.5, 0.1)
    found = follow(toy(cash, coverage=coverage), terms)
    whole = follow(toy(cash, coverage=1.0), terms)
    # Treasury and lenders share the whole loss; a higher coverage only moves it; more cash never adds to it.
    np.testing.assert_allclose(found.loss_myen + found.lender_loss_myen, whole.loss_myen, atol=1e-9)
    richer = follow(toy((np.array(cash) + more).tolist(), coverage=1.0), terms)
    assert np.all(richer.loss_myen <= whole.loss_myen + 1e-9)
    assert np.all((found.recovery >= 0) & (found.recovery <= 1))
    assert np.all(whole.loss_myen <= 110.0)


# ---- the draws as an option: assets that follow a lognormal law


def lognormal(drift: float, *, value: float = 120.0, face: float = 100.0, years: int = 4) -> Exposure:
    """Assets whose whole value becomes cash when the debt falls due."""
    volatility, riskless, count = 0.3, 0.03, 400_000
    score = np.random.Generator(np.random.PCG64(7)).standard_normal(count // 2)
    score = np.concatenate([score, -score])
    available = np.zeros((count, years + 1))
    exponent = (drift - volatility**2 / 2) * years + volatility * math.sqrt(years) * score
    available[:, years] = value * np.exp(exponent)
    time_left = np.arange(years, -1, -1)
    balance = face * np.exp(-riskless * time_left)
    balance[-1] = 0.0
    service = np.zeros(years + 1)
    service[years] = face
    return Exposure(available, service, balance, math.expm1(riskless), np.zeros(1), coverage=1.0)


def test_expected_loss_is_mertons_put_under_risk_neutral_drift() -> None:
    option = value_debt(120.0, 100.0, rate=0.03, volatility=0.3, years=4.0)
    found = follow(lognormal(0.03), LossTerms(math.expm1(0.03)))
    assert found.expected_myen == pytest.approx(option.guarantee, abs=4 * found.standard_error_myen)
    assert found.standard_error_myen < 0.005 * option.guarantee
    assert found.default_probability == pytest.approx(option.default_probability, abs=4e-3)
    assert found.recovery_share is not None


def test_at_the_true_drift_the_option_is_worth_more() -> None:
    option = value_debt(120.0, 100.0, rate=0.03, volatility=0.3, years=4.0)
    found = follow(lognormal(0.08), LossTerms(math.expm1(0.03)))
    assert found.expected_myen < 0.75 * option.guarantee


def test_the_option_finds_value_and_volatility_behind_the_draws() -> None:
    worth = value_guarantee(
        lognormal(0.03), LossTerms(math.expm1(0.03)), asset_rate=math.expm1(0.03),
        survival=survival_curve(0.067, 10, 0.36, 4), recovery=0.8,
    )  # fmt: skip
    # The single repayment falls in the last year, so that start and volatility count from three years before.
    assert worth.by_draws_myen > 0
    assert worth.asset_volatility > 0.25
    assert 0 < worth.by_history_myen < worth.by_option_myen


# ---- the record of project loans


def test_expected_loss_by_a_survival_curve() -> None:
    survival = [0.98**year for year in range(6)]
    found = expected_loss([100.0] * 5, survival, coverage=0.8, loss_given_default=0.45, rate=math.expm1(0.03))
    assert found == pytest.approx(3.168, abs=5e-4)
    with_fee = expected_loss(
        [100.0] * 5, survival, coverage=0.8, loss_given_default=0.45, rate=math.expm1(0.03), fees=[0.5] * 5
    )
    income = sum(0.5 * 0.98**year * math.exp(-0.03 * (year + 1)) for year in range(5))
    assert with_fee == pytest.approx(found - income)


def test_the_survival_curve_meets_the_record() -> None:
    curve = survival_curve(0.067, 10, 0.36, 20)
    assert curve[0] == 1
    assert 1 - curve[10] == pytest.approx(0.067)
    steps = -np.diff(curve)
    assert np.all(np.diff(steps) < 0)
    # Infrastructure loans: 5.25 % by year 11, 5.35 % by year 20.
    later = survival_curve(0.0525, 11, 0.36, 20)
    assert 1 - later[20] == pytest.approx(0.0535, abs=1e-4)
    constant = survival_curve(0.067, 10, 0.0, 10)
    assert constant[5] == pytest.approx((1 - 0.067) ** 0.5)
    # Undiscounted, full exposure: 6.7 % times a loss of 20 % is 1.34 %.
    assert expected_loss([100.0] * 10, curve, coverage=1, loss_given_default=0.2, rate=0) == pytest.approx(1.34)


# ---- the draws


def test_same_seed_same_draws() -> None:
    first, again = (draw_downside(DOWNSIDE, seed=3, draws=50, horizon_years=30) for _ in range(2))
    other = draw_downside(DOWNSIDE, seed=4, draws=50, horizon_years=30)
    for field in fields(Draws):
        one, two = getattr(first, field.name), getattr(again, field.name)
        assert (one is None and two is None) or np.array_equal(one, two)
    assert not np.array_equal(first.price_factor, other.price_factor)  # type: ignore[arg-type]


def test_draws_follow_their_distributions() -> None:
    drawn = draw_downside(DOWNSIDE, seed=1, draws=20_000, horizon_years=12)
    assert drawn.utilisation is not None and drawn.chip_price_factor is not None and drawn.price_factor is not None
    assert drawn.power_price_factor is not None and drawn.delay_years is not None
    utilisation, delay = DOWNSIDE.utilisation, DOWNSIDE.delay
    assert drawn.utilisation.mean() == pytest.approx(utilisation.mean, abs=0.003)
    assert drawn.delay_years.mean() == pytest.approx(delay.mean, abs=0.02)
    assert utilisation.low <= drawn.utilisation.min() < drawn.utilisation.max() <= utilisation.high
    assert np.all(drawn.chip_price_factor[:, 0] == 1)
    # Shocks have mean 1: what is left of the price of power is its level.
    assert drawn.power_price_factor.mean(axis=0) == pytest.approx(
        np.full(12, DOWNSIDE.power_price_level.mean), abs=0.01
    )
    flat = replace(DOWNSIDE, price_follows_chips=0.0)
    level = draw_downside(flat, seed=1, draws=20_000, horizon_years=12).price_factor
    assert level is not None
    assert level.mean() == pytest.approx(DOWNSIDE.price_level.mean, abs=0.01)
    # Weak demand cuts price and utilisation together.
    joint = np.corrcoef(level[:, 0], drawn.utilisation[:, 0])[0, 1]
    assert 0.3 < joint < DOWNSIDE.correlation[0, 1]


def test_cheaper_chips_pull_the_price_of_compute_down() -> None:
    quiet = replace(
        DOWNSIDE, price_volatility=0.0, chip_price_change=Triangle(-0.1, -0.1, -0.1), price_level=Triangle(1, 1, 1)
    )
    drawn = draw_downside(quiet, seed=1, draws=2, horizon_years=3)
    np.testing.assert_allclose(drawn.price_factor, [[0.9**0.5, 0.9, 0.9**1.5]] * 2)
    np.testing.assert_allclose(drawn.chip_price_factor, [[1, 0.9, 0.81, 0.729]] * 2)


def test_triangles() -> None:
    grid = np.linspace(0, 1, 2001)
    for triangle in (Triangle(0, 0.25, 2), Triangle(0.6, 0.95, 1), Triangle(1, 1, 1)):
        values = triangle.quantile(grid)
        assert np.all(np.diff(values) >= 0)
        assert np.trapezoid(values, grid) == pytest.approx(triangle.mean, abs=2e-3)


def test_bad_questions_to_the_draws() -> None:
    with pytest.raises(ValueError, match="draws"):
        draw_downside(DOWNSIDE, seed=1, draws=0, horizon_years=30)
    with pytest.raises(ValueError, match="horizon"):
        draw_downside(DOWNSIDE, seed=1, draws=1, horizon_years=1)
    clash = CATALOGUE.overridden(
        {"downside.correlation.price_utilisation": 0.9, "downside.correlation.price_chips": 0.8}
    )
    with pytest.raises(CatalogueError, match="contradict"):
        read_downside(clash)


def test_what_a_scenario_gives_is_certain() -> None:
    found = read_downside(CATALOGUE.overridden({"downside.delay": 3.0}))
    assert (found.delay.low, found.delay.mode, found.delay.high) == (3, 3, 3)
    assert len(LASTING) == len(found.correlation)
    assert all(fact.status in {"assumed", "given"} for fact in found.facts)


# ---- a campus under five policies


def campus() -> Project:
    return Project(
        name="campus",
        assets=(
            ProjectAsset("chips", "chips", 60_000.0, 5.0, 600.0),
            ProjectAsset("building", "building", 8_000.0, 31.0, 80.0),
            ProjectAsset("electrical", "electrical", 9_000.0, 15.0, 200.0),
            ProjectAsset("pv", "pv", 12_000.0, 25.0, 150.0),
        ),
        streams=(RevenueStream("load", 150_000.0, None),),
        operating_costs_myen_per_year={"energy": 2_500.0, "water": 20.0},
        policy=resolve([load_package("none")], start_year=2027),
        start_year=2027,
    )


@pytest.fixture(scope="module")
def priced() -> dict[str, Project]:
    plain = campus()
    return under_each_kind(plain.priced(levelised_cost(plain, ASSUMPTIONS).myen_per_it_mwh), Finance(), tax_law="japan")


@pytest.fixture(scope="module")
def report(priced: dict[str, Project]) -> DownsideReport:
    return measure(priced, ASSUMPTIONS)


def measure(projects: dict[str, Project], assumptions: FinanceAssumptions, draws: int = 2_000) -> DownsideReport:
    return measure_downside(projects, projects["none"].policy, assumptions, CATALOGUE, draws=draws)


def test_the_five_side_by_side(report: DownsideReport) -> None:
    outcomes = report.outcomes
    assert list(outcomes) == list(KINDS)
    for outcome in outcomes.values():
        assert outcome.expected_myen <= outcome.worst_myen
        assert outcome.percentile_95_myen <= outcome.worst_myen
        assert len(outcome.loss_myen) == report.draws
    # Without a policy nothing is lost on it; a grant costs the same in every draw up to the price of chips; a
    # guarantee costs little on average and much in the worst case; an owner bears more than either.
    assert not outcomes["none"].loss_myen.any()
    assert outcomes["none"].lender_loss_myen.any()
    assert outcomes["grant"].expected_myen > 0
    assert outcomes["credit"].expected_myen > 0
    guarantee = outcomes["guarantee"]
    assert guarantee.worst_myen > 3 * max(guarantee.expected_myen, 1.0)
    assert outcomes["ownership"].loss_myen.std() > guarantee.loss_myen.std()
    assert outcomes["ownership"].default_probability == 0
    # Near the record of project loans: 6.7 % in default within ten years, 80 % recovered.
    assert 0.02 < outcomes["none"].default_probability < 0.3
    assert outcomes["none"].recovery_share == pytest.approx(0.8, abs=0.15)


def test_the_worth_of_the_guarantee(report: DownsideReport) -> None:
    assert list(report.guarantees) == ["guarantee"]
    worth = report.guarantees["guarantee"]
    # The option also prices the risk, so that it exceeds what is expected to be lost.
    assert 0 < worth.by_draws_myen < worth.by_option_myen
    assert 0 < worth.by_history_myen < worth.by_option_myen
    assert 0.02 < worth.asset_volatility < 1.0


def test_the_summary_is_json_and_the_same_numbers(report: DownsideReport) -> None:
    found = json.loads(json.dumps(report.summary()))
    assert list(found["cases"]) == list(KINDS)
    assert found["cases"]["guarantee"]["worst_myen"] == report.outcomes["guarantee"].worst_myen
    assert found["cases"]["ownership"]["recovery_share"] is None
    assert found["guarantees"]["guarantee"]["by_option_myen"] == report.guarantees["guarantee"].by_option_myen


def test_debt_cannot_be_served_before_it_is_drawn() -> None:
    """A loan due in year 0 would take what lies aside from the last year."""
    with pytest.raises(ValueError, match="no service in the year of the first spade"):
        Exposure(np.ones((1, 3)), np.array([1.0, 1.0, 0.0]), np.zeros(3), 0.02, np.zeros(1))


@pytest.mark.slow
def test_an_example_defaults_as_project_loans_have_done() -> None:
    """Moody's record: 6.7 % in default within ten years, 80 % recovered; the ranges were chosen with it in view."""
    question = Question("tomakomai")
    side, assumptions = question.before, question.campus_terms.assumptions
    found = measure_downside({"none": side.project}, side.terms, assumptions, CATALOGUE).outcomes["none"]
    assert 0.03 < found.default_probability < 0.13
    assert found.recovery_share == pytest.approx(0.8, abs=0.1)


def test_as_planned_nothing_defaults(priced: dict[str, Project]) -> None:
    still = Draws(price_factor=np.ones((3, 1)))
    for name, project in priced.items():
        case = project_case(project, ASSUMPTIONS, ordinary=priced["none"].policy)
        found = simulate({name: case}, in_batches(still, 3), LossTerms(0.017, 0.5, 0.1))[name]
        assert found.default_probability == 0, name
        assert np.ptp(found.loss_myen) == pytest.approx(0.0, abs=1e-6)


def test_batches_change_nothing(priced: dict[str, Project]) -> None:
    drawn = draw_downside(DOWNSIDE, seed=2, draws=2_600, horizon_years=ASSUMPTIONS.horizon_years)
    case = project_case(priced["guarantee"], ASSUMPTIONS, ordinary=priced["none"].policy)
    terms = LossTerms(0.017, 0.5, 0.1)
    whole = follow(case(drawn), terms)
    parts = simulate({"x": case}, in_batches(drawn, 2_600), terms)["x"]
    np.testing.assert_allclose(parts.loss_myen, whole.loss_myen)
    np.testing.assert_array_equal(parts.default_year, whole.default_year)


def test_the_public_cost_of_a_grant_is_the_grant_and_its_tax(priced: dict[str, Project]) -> None:
    planned = project_cash_flow(priced["grant"], ASSUMPTIONS)
    plain = project_cash_flow(priced["none"], ASSUMPTIONS)
    case = project_case(priced["grant"], ASSUMPTIONS, ordinary=priced["none"].policy)
    exposure = case(Draws(price_factor=np.ones((1, 1))))
    granted = sum(grant.amount_myen for grant in planned.grants)
    taxed, before = (float(np.sum(cash.tax.due) + np.sum(cash.size_levy)) for cash in (planned, plain))
    assert float(exposure.public_cost.sum()) == pytest.approx(float(np.sum(granted)) - taxed + before)


def test_ten_thousand_draws_are_quick(priced: dict[str, Project]) -> None:
    drawn = draw_downside(DOWNSIDE, seed=1, draws=10_000, horizon_years=ASSUMPTIONS.horizon_years)
    case = project_case(priced["guarantee"], ASSUMPTIONS, ordinary=priced["none"].policy)
    start = time.process_time()
    found = simulate({"guarantee": case}, in_batches(drawn, 10_000), LossTerms(0.017, 0.5, 0.1))
    assert time.process_time() - start < 10.0
    assert len(found["guarantee"].loss_myen) == 10_000
