"""What a campus can offer: classes of jobs by hand, laws of calls, and the command in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.cases.operations import VALUATION, random_campus
from tests.unit.test_operation_flexibility import PENALTY_FACTOR, PRODUCT, flat_campus
from typer.testing import CliRunner

from kiban.calendar import HOURS_PER_YEAR
from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.operation.balancing import read_assessment, read_products
from kiban.operation.call_offers import offer_by_hour, offer_by_price, offer_classes, offer_with_export
from kiban.operation.flexibility import assess, list_calls
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.horizon import Manner, operate
from kiban.operation.job_classes import GivenUp, Jobs, give_up, read_jobs, save_power
from kiban.operation.sales import sell_capacity
from kiban.operation.settlement import load_market_rules
from kiban.policy.tax_law import law_day

SCENARIO = Path(__file__).parents[1] / "cases" / "small_run.toml"
JOBS = Jobs(
    class_shares={"none": 0.5, "tenth": 0.2, "quarter": 0.0, "half": 0.0, "pausable": 0.3},
    least_hours=(0.0, 1.0, 4.0, 24.0),
    work_shares=(0.1, 0.1, 0.2, 0.6),
    caps=(0.5, 0.8, 1.0),
    throughputs=(0.6, 0.9, 1.0),
    idle_share=0.2,
    pause_hours=0.25,
    accelerator_share=0.8,
)


def test_by_hand_what_classes_give_up_in_a_call_of_three_hours() -> None:
    """10 % longer: jobs of 1 h lose 1/30 of their throughput, of 4 h 4/30, of 24 h 0.8, and caps go to 0.4.

    saved   0.1 x 2/30 + 0.2 x (0.2 + 0.3 x (4/30 - 0.1) / 0.3) + 0.6 x 0.5 = 0.353333
    work    0.1 x 1/30 + 0.2 x 4/30 + 0.6 x 0.4                           = 0.27
    Paused is what runs longer than a quarter of an hour, 0.9: it saves 0.8 of its power and loses 3.25 h of 3.
    """
    tenth, paused = give_up(JOBS, 3.0)
    assert (tenth.name, paused.name) == ("tenth", "pausable")
    assert tenth.power_share == pytest.approx(0.2 * 0.8 * 0.353333, rel=1e-5)
    assert tenth.work_share == pytest.approx(0.2 * 0.27)
    assert paused.power_share == pytest.approx(0.3 * 0.8 * 0.9 * 0.8)
    assert paused.work_share == pytest.approx(0.3 * 0.9 * 3.25 / 3.0)
    assert paused.cost_myen_per_mwh(0.2) == pytest.approx(0.2 * paused.work_share / paused.power_share)


def test_shorter_calls_and_more_tolerance_give_up_more() -> None:
    by_hours = [give_up(JOBS, hours)[0].power_share for hours in (1.0, 3.0, 12.0, 48.0)]
    assert by_hours == sorted(by_hours, reverse=True)
    by_class = [
        sum(one.power_share for one in give_up(replace(JOBS, class_shares={name: 1.0}), 6.0))
        for name in ("none", "tenth", "quarter", "half")
    ]
    assert by_class == sorted(by_class)
    assert by_class[0] == 0.0
    assert save_power(JOBS, np.array([0.0, 0.4])) == pytest.approx([0.0, 0.5])


def test_the_catalogue_has_all_of_it_and_shares_add_up() -> None:
    catalogue = load_catalogue()
    jobs = read_jobs(catalogue.value, 1.3)
    assert sum(jobs.class_shares.values()) == pytest.approx(1.0)
    assert sum(jobs.work_shares) == pytest.approx(1.0)
    assert list(jobs.throughputs) == sorted(jobs.throughputs)


def test_a_class_gives_up_what_is_imported_and_no_more() -> None:
    """20 of 60 MW are given up by the backup, then classes take of the rest."""
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    given = (GivenUp("tenth", 0.05, 0.04), GivenUp("half", 2.0, 1.0))
    first, second = offer_classes(course, VALUATION, manner, PRODUCT, given, 0.25)
    assert first.offered_mw == pytest.approx(3.0, rel=1e-4)  # 5 % of 60 MW
    assert second.offered_mw == pytest.approx(37.0, rel=1e-4)  # what is left of the import
    assert first.cost_myen_per_mwh == pytest.approx(0.2)
    flexibility = assess(course, VALUATION, manner, PRODUCT, PENALTY_FACTOR)
    sale = sell_capacity(flexibility, (first, second), PRODUCT)
    # 36 h a year at 0.2 are 7.2 of 15 million yen a MW; at 0.125 they are 4.5.
    assert sale.mean_mw == pytest.approx(60.0, rel=1e-4)
    more = 3.0 * (15.0 - 7.2) + 37.0 * (15.0 - 4.5)
    assert sale.value_myen_per_year == pytest.approx(flexibility.value_myen_per_year + more, rel=1e-4)
    dear = replace(first, cost_myen_per_mwh=0.5)
    assert sell_capacity(flexibility, (dear,), PRODUCT).mean_mw == pytest.approx(flexibility.offered_mw)


@pytest.mark.parametrize("seed", range(2))
def test_a_higher_price_gives_up_more_and_never_costs_more_than_it(seed: int) -> None:
    facility, conditions = random_campus(seed, 240)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    offers = tuple(offer_by_price(course, VALUATION, manner, PRODUCT))
    assert offers[-1].mean_mw > 0.0
    for less, more in pairwise(offers):
        assert less.mean_mw <= more.mean_mw + 1e-4
    for one in offers:
        assert one.cost_myen_per_mwh <= one.most_myen_per_mwh + 1e-4


def test_by_hand_what_is_offered_at_a_price_is_what_falls_in_the_least_hour_of_a_call() -> None:
    """20 MW of backup at 0.0412 above import; in the second hour of each call the grid gives 50 of 60 MW: 10 can fall.

    A class that gives up a tenth of 60 MW adds 6 to the least hour.
    """
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    limit = facility.import_limit_mw.copy()
    for step in list_calls(operate(facility, conditions, VALUATION, manner), PRODUCT):
        limit[step + 1] = 50.0
    course = operate(replace(facility, import_limit_mw=limit), conditions, VALUATION, manner)
    offers = tuple(offer_by_price(course, VALUATION, manner, PRODUCT))
    assert {one.most_myen_per_mwh > 0.0412 for one in offers} == {True, False}
    for one in offers:
        found = one.offered_mw, one.mean_mw, one.cost_myen_per_mwh
        expected = (10.0, 50.0 / 3.0, 0.0412) if one.most_myen_per_mwh > 0.0412 else (0.0, 0.0, 0.0)
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)
    (tenth,) = offer_classes(course, VALUATION, manner, PRODUCT, [GivenUp("tenth", 0.1, 0.05)], 0.4)
    assert tenth.offered_mw == pytest.approx(6.0, rel=1e-4)


def test_by_hour_a_flat_campus_offers_its_backup_whatever_the_notice() -> None:
    facility, conditions = flat_campus(20.0)
    manner = Manner(PerfectForecast(conditions), 48)
    course = operate(facility, conditions, VALUATION, manner)
    offers = tuple(offer_by_hour(course, VALUATION, manner, PRODUCT))
    assert {(one.notice_hours, one.duration_hours) for one in offers} >= {(0.0, 1.0), (3.0, 3.0), (3.0, 6.0)}
    for one in offers:
        assert one.offered_mw == pytest.approx(20.0, rel=1e-5)
        assert one.cost_myen_per_mwh == pytest.approx(0.0412, rel=1e-4)


def test_with_export_no_less_can_be_offered() -> None:
    facility, conditions = random_campus(1, 168)
    manner = Manner(PerfectForecast(conditions), 24)
    course = operate(facility, conditions, VALUATION, manner)
    plain = assess(course, VALUATION, manner, PRODUCT, PENALTY_FACTOR)
    offered, value = offer_with_export(course, VALUATION, manner, PRODUCT)
    assert offered >= plain.offered_mw - 1e-4
    assert offered > 0.0
    assert value > 0.0


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command(language: str) -> None:
    run = CliRunner().invoke(app, ["offers", str(SCENARIO), "--json", "--lang", language])
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert [one["product"] for one in found["sales"]][:2] == ["capacity", "primary"]
    best = max(found["sales"], key=lambda sale: sale["value_myen_per_year"])
    assert found["flexibility"]["value_myen_per_year"] == best["value_myen_per_year"]
    # The prices are those of the area, where it has its own.
    take, rules = load_catalogue().value, load_market_rules()
    day = law_day(int(take("market.delivery_year")))
    primary, own = read_products(rules, day)[0], take("market.balancing_price.primary.hokkaido")
    paid = take("market.balancing_acceptance") * (primary.cap(own) - read_assessment(rules, day).fee_myen_per_mw)
    assert found["sales"][1]["price_myen_per_mw_year"] == pytest.approx(paid * HOURS_PER_YEAR / primary.block_hours)
    assert found["sentence"]
    text = CliRunner().invoke(app, ["offers", str(SCENARIO), "--lang", language])
    assert text.exit_code == 0
    assert found["sentence"][:20] in text.stdout.replace("\n", " ")
