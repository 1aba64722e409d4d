"""An operation that buys in several ways: by hand, against the plan with everything known, and its laws."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.cases.purchases import buy, campus
from typer.testing import CliRunner

from kiban.cli import app
from kiban.errors import InputError
from kiban.linear import solve
from kiban.operation.ahead import look_ahead
from kiban.operation.bill import certificate_costs, claim_beyond_line
from kiban.operation.buying import PeakPrice, stack_ways
from kiban.operation.conditions import PRICE
from kiban.operation.course import Course
from kiban.operation.facility import begin, list_wide
from kiban.operation.forecast.perfect import PerfectForecast
from kiban.operation.foresight import foresee
from kiban.operation.horizon import Manner, operate
from kiban.operation.hour import SourceLimits
from kiban.operation.live.campus import read_campus
from kiban.operation.purchases import Claim, PeakLimit
from kiban.operation.running import Arrangement, arrange, run
from kiban.operation.weeks import find_weeks
from kiban.planning.plan import Plan
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme

HOURS, LOAD_MW = 96, 24.0


@pytest.fixture
def hours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of prices and of output: days differ, and some hours are dear."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(7)
    price = np.round(rng.uniform(0.004, 0.03, HOURS), 4)
    wind = np.round(np.clip(rng.beta(1.2, 1.8, HOURS), 0.0, 1.0), 3)
    sun = [round(max(0.0, np.sin((hour % 24 - 6) / 12 * np.pi)) * 0.8, 3) for hour in range(HOURS)]
    rows = ["price,wind,sun", *(f"{a},{b},{c}" for a, b, c in zip(price, wind, sun, strict=True))]
    Path("hours.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return "hours.csv"


def column(hours: str, name: str) -> dict[str, str]:
    return {"file": hours, "column": name}


def ways(hours: str, *, plants: bool = True) -> dict[str, Any]:
    """A list menu with a contract power, the market, wind of Tohoku, a virtual and an own plant, and a claim."""
    wind = {
        "technology": "wind_onshore", "area": "tohoku", "availability": column(hours, "wind"), "min_mw": 12,
        "max_mw": 12, "price_myen_per_mwh": 0.014, "market_price_myen_per_mwh": 0.011, "balancing_myen_per_mwh": 0.001,
    }  # fmt: skip
    own = {
        "way": "self_wheeling", "technology": "pv", "availability": column(hours, "sun"), "min_mw": 6, "max_mw": 6,
        "annual_cost_myen_per_mw": 9.0,
    }  # fmt: skip
    swap = {
        "way": "virtual", "technology": "pv", "availability": column(hours, "sun"), "min_mw": 4, "max_mw": 4,
        "price_myen_per_mwh": 0.012,
    }  # fmt: skip
    menu = {"basic_myen_per_mw_month": 1.2, "energy_myen_per_mwh": 0.014, "max_mw": 30.0}
    return {
        "menu": {"list": menu},
        "demand_charge_myen_per_mw_month": 0.4,
        "certificates": {"claim_share": 0.9},
        **({"plant": {"wind": wind, "own": own, "swap": swap}} if plants else {}),
    }


def bought(hours: str, *, battery: bool = False, deferrable: float = 0.0, **sections: Any) -> Plan:
    """The small campus with these ways, at the prices of the file."""
    grid = {"price_myen_per_mwh": column(hours, "price"), "clean_share": 0.2, "emission_factor_t_per_mwh": 0.4}
    load = campus({})["load"] | {"deferrable_share": deferrable, "max_delay_hours": 6 if deferrable else 0}
    stored: dict[str, Any] = {"enabled": False}
    if battery:
        cheap = {"annual_cost_myen_per_mwh": 0.1, "annual_cost_myen_per_mw": 0.1}
        stored = {**cheap, "min_energy_mwh": 20, "max_energy_mwh": 20, "min_power_mw": 6}
    return buy(ways(hours), grid=grid, load=load, battery=stored, **sections)


def total(costs: Any) -> float:
    return float(sum(costs.values()))


def test_with_everything_known_the_bill_is_the_plans_by_component(hours: str) -> None:
    """Nothing is stored and nothing waits: each hour is bought as the plan bought it, whoever foresees how far."""
    plan = bought(hours)
    operation = run(plan, forecast="perfect")
    assert operation.bill is not None
    assert operation.planned_bill is not None
    assert set(operation.bill) == {
        "network_basic", "network_energy", "surcharge", "retail_basic", "retail_energy", "market_energy",
        "demand_charge", "capacity_contribution", "balancing", "ppa", "ppa_market", "certificates",
        "generation_charge", "imbalance", "own_plants",
    }  # fmt: skip
    for component, cost in operation.planned_bill.items():
        assert operation.bill[component] == pytest.approx(cost, rel=1e-6, abs=1e-7), component
    assert operation.regret.total_myen == pytest.approx(0.0, abs=1e-6)
    assert operation.clean_share == pytest.approx(plan.indicators["clean_share"], abs=1e-6)
    # What is no decision of an hour stands in the bill alone.
    fixed = {"network_basic", "own_plants"}
    cash = total({name: cost for name, cost in operation.bill.items() if name not in fixed})
    basic = plan.costs["generation_charge"] - _generation_energy(plan)
    assert operation.cash_myen == pytest.approx(cash - basic * HOURS / 8760, rel=1e-6)


def _generation_energy(plan: Plan) -> float:
    resources = prepare(plan.scenario).resources_for(plan.cooling_system)
    assert resources.procurement is not None
    return sum(
        plant.generation_energy_myen_per_mwh * plant.generated_mwh_per_mw * plan.capacities[f"{plant.capacity}_mw"]
        for plant in resources.procurement.plants
    )


def test_the_whole_time_as_one_window_costs_what_the_plan_costs(hours: str) -> None:
    """What is stored when it ends is worth what the plan's price of it is in the last hour: the plan is a circle."""
    plan = bought(hours, battery=True)
    assert plan.capacities["battery_energy_mwh"] > 5.0
    arranged = arrange(plan, forecast="perfect")
    facility, conditions = arranged.setting.facility, arranged.setting.conditions
    assert "procurement" in list_wide(facility)
    resources = prepare(plan.scenario).resources_for(plan.cooling_system)
    assert resources.battery is not None
    prices = solve(write_programme(resources)).row_prices
    worth = -float(prices[resources.battery.row][-1]) / resources.step_weight_h * resources.step_hours
    valuation = replace(arranged.setting.valuation, storage_myen_per_mwh={"battery": max(worth, 0.0)})
    best = foresee(facility, conditions, valuation)
    nothing = np.zeros(conditions.steps)
    names = [*facility.sources, "charge_mw", "discharge_mw", "state_of_charge_mwh", "import_mw"]
    idle = ("served_mw", "unserved_mw", "dropped_mw", "backlog_mwh")
    flows = {name: plan.hourly.get(name, nothing) for name in names} | dict.fromkeys(idle, nothing)
    planned = Course(facility, conditions, flows, begin(facility))
    assert best.bound_myen == pytest.approx(total(planned.costs(valuation)), rel=1e-6)
    assert best.bound_myen == pytest.approx(total(best.course.costs(valuation)), rel=1e-7)


@pytest.mark.parametrize("kind", ["perfect", "synthetic", "measured"])
def test_no_operation_costs_less_than_the_bound_and_every_limit_holds(hours: str, kind: str) -> None:
    plan = bought(hours, battery=True, deferrable=0.3, target={"carbon_price_myen_per_t": 0.002, "clean_share": 0.4})
    arranged = arrange(plan, forecast="perfect" if kind == "perfect" else "synthetic", horizon_hours=24)
    setting = arranged.setting
    manner = replace(arranged.manner, hour="measured" if kind == "measured" else "merit")
    facility, conditions, valuation = setting.facility, setting.conditions, setting.valuation
    course = operate(facility, conditions, valuation, manner)
    assert total(course.costs(valuation)) >= arranged.best.bound_myen - 1e-7
    best = total(arranged.best.course.costs(valuation))
    assert best == pytest.approx(arranged.best.bound_myen, rel=1e-6)
    assert np.abs(course.imbalance_mw() + sum(course.flows[name] for name in facility.drawn)
                  - course.flows["import_mw"]).max() < 1e-9  # fmt: skip
    assert (course.flows["import_mw"] <= facility.import_limit_mw + 1e-6).all()
    purchases = facility.purchases
    assert purchases is not None
    for way in purchases.ways:
        flow = course.flows[way.column]
        assert flow.min() >= 0.0
        if way.plant is not None:
            made = way.plant.capacity_mw * conditions.series[way.plant.series] * way.delivered_share
            assert (flow <= made + 1e-9).all()
    reached = purchases.reach_all(course.begun.peaks_mw, course.flows)
    for number, one in enumerate(purchases.peaks):
        power = one.power_mw([course.flows[name] for name in purchases.columns])
        assert reached[number][-1] == pytest.approx(max(power.max(), course.begun.peaks_mw[number]))
        assert course.standing(HOURS).peaks_mw[number] == pytest.approx(reached[number][-1])


def test_weeks_add_up_with_peaks_contracts_and_certificates(hours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiban.operation.weeks.WEEK_HOURS", 30)
    arranged = arrange(bought(hours, deferrable=0.3), forecast="synthetic", horizon_hours=24)
    setting = arranged.setting
    course = operate(setting.facility, setting.conditions, setting.valuation, arranged.manner)
    weeks = find_weeks(course, arranged.best.course, setting.valuation)
    assert weeks.cost_myen.size == 4
    assert weeks.cost_myen.sum() == pytest.approx(total(course.costs(setting.valuation)), rel=1e-9)


def flat(hours: str) -> Arrangement:
    """The small campus that buys all by a menu; nothing is stored and nothing waits."""
    menu = {"basic_myen_per_mw_month": 1.2, "energy_myen_per_mwh": 0.005}
    plan = buy({"menu": {"list": menu}, "market": {"enabled": False}})
    return arrange(plan, forecast="perfect", horizon_hours=24)


def test_a_megawatt_above_the_contract_power_is_charged_for_twelve_months_by_hand(hours: str) -> None:
    """24 MW are drawn and 20 contracted: four MW more cost the basic charge of a year, once, whoever sees how far."""
    arranged = flat(hours)
    setting = arranged.setting
    purchases = setting.facility.purchases
    assert purchases is not None
    (menu,) = (one for one in purchases.peaks if one.name == "list")
    assert menu.kept
    assert menu.planned_mw == pytest.approx([LOAD_MW])
    less = replace(menu, planned_mw=np.array([20.0]))
    moved = replace(purchases, peaks=tuple(less if one is menu else one for one in purchases.peaks))
    facility = replace(setting.facility, purchases=moved)
    price = float(menu.price_myen_per_mw[0])
    for course in (
        operate(facility, setting.conditions, setting.valuation, arranged.manner),
        foresee(facility, setting.conditions, setting.valuation).course,
    ):
        assert course.flows["bought_list_mw"] == pytest.approx(LOAD_MW)
        assert moved.peak_cost(
            moved.peaks.index(less), 20.0, moved.reach_all(course.begun.peaks_mw, course.flows)[0]
        ) == pytest.approx(price * LOAD_MW)
    bound = foresee(facility, setting.conditions, setting.valuation).bound_myen
    # Half of the steps pay half of the contracted 20 MW, and 4 MW for twelve months.
    half = facility.operated(0, HOURS // 2).purchases
    assert half is not None
    assert half.peak_cost(0, 20.0, np.full(HOURS // 2, LOAD_MW)) == pytest.approx(price * (10.0 + 4.0))
    assert bound > arranged.best.bound_myen - 1e-9


def test_a_dear_peak_is_shaved_by_what_waits(hours: str) -> None:
    """What was contracted is held: where compute may wait, no window buys above it while the menu is the only way."""
    menu = {"basic_myen_per_mw_month": 1.2, "energy_myen_per_mwh": column(hours, "price")}
    load = campus({})["load"] | {"deferrable_share": 0.4, "max_delay_hours": 12}
    plan = buy({"menu": {"list": menu}, "market": {"enabled": False}}, load=load)
    operation = run(plan, forecast="perfect", horizon_hours=24)
    planned = float(plan.hourly["bought_list_mw"].max())
    assert operation.hourly["bought_list_mw"].max() <= planned + 1e-6
    cheap = buy({"menu": {"list": menu | {"basic_myen_per_mw_month": 1.2}}, "market": {"enabled": False}}, load=load)
    assert cheap.hourly["bought_list_mw"].max() == pytest.approx(planned)


def test_each_month_is_charged_its_own_peak() -> None:
    """Three steps of January, three of February; a peak that was reached counts in its own month alone."""
    groups = np.array([0, 0, 0, 1, 1, 1])
    limit = PeakLimit("demand", (0,), groups, np.array([2.0, 5.0]), np.array([10.0, 4.0]), kept=False)
    arranged = flat("")
    purchases = arranged.setting.facility.purchases
    assert purchases is not None
    purchases = replace(purchases, ways=purchases.ways[:1], peaks=(limit,), whole_steps=6)
    power = np.array([3.0, 9.0, 1.0, 6.0, 2.0, 5.0])
    (reached,) = purchases.reach_all((0.0,), {purchases.columns[0]: power})
    assert reached.tolist() == [3.0, 9.0, 9.0, 6.0, 6.0, 6.0]
    stepwise, before = [], (0.0,)
    for step, one in enumerate(power):
        before = purchases.reach(step, before, (float(one),))
        stepwise.append(before[0])
    assert stepwise == reached.tolist()
    assert purchases.peak_cost(0, 0.0, reached) == pytest.approx(2.0 * 9.0 + 5.0 * 6.0)
    assert (limit.held_mw(0, 12.0), limit.held_mw(1, 0.0)) == (12.0, 4.0)
    # Two of the three steps of January are operated: two thirds of its charge.
    part = purchases.operated(1, 6).peaks[0]
    assert part.price_myen_per_mw == pytest.approx([4.0 / 3.0, 5.0])
    # A part that begins within January pays what it adds to the peak there.
    later = replace(purchases, peaks=(replace(limit, group_of_step=groups[1:]),))
    assert later.peak_cost(0, 3.0, reached[1:]) == pytest.approx(2.0 * 6.0 + 5.0 * 6.0)


def test_ways_in_merit_order_by_hand() -> None:
    """A menu of 10 MW paid, the market within 15 MW paid of both, 40 MW of connection: four segments."""
    limits = [SourceLimits(0.0, 30.0, 1.0), SourceLimits(0.0, 40.0, 2.0)]
    found = stack_ways(limits, [PeakPrice((0,), 5.0), PeakPrice((0, 1), 3.0)], (10.0, 15.0), 40.0)
    assert found == [(0, 10.0, 1.0), (1, 5.0, 2.0), (1, 25.0, 5.0)]
    assert stack_ways(limits, [], (), 0.0) == []


@pytest.mark.parametrize("seed", range(6))
def test_the_stack_is_the_least_cost_of_any_amount(seed: int) -> None:
    """Against a linear programme with the charges on peaks as variables."""
    rng = np.random.default_rng(seed)
    count = 4
    most_mw, prices = rng.uniform(2, 20, count), rng.uniform(-1, 9, count)
    limits = [SourceLimits(0.0, most, price) for most, price in zip(most_mw.tolist(), prices.tolist(), strict=True)]
    members = [(0,), (1,), (1, 2, 3), (0, 1, 2, 3)]
    peaks = [PeakPrice(one, float(rng.uniform(0.5, 6))) for one in members]
    paid, most = rng.uniform(0, 15, len(members)), 35.0
    stack = stack_ways(limits, peaks, tuple(paid), most)
    assert [one.price for one in stack] == sorted(one.price for one in stack)
    room = min(sum(one.most_mw for one in limits), most)
    assert sum(one.most_mw for one in stack) == pytest.approx(room)
    for wanted in np.linspace(0.0, room, 9):
        left, cost = wanted, 0.0
        for one in stack:
            given = min(left, one.most_mw)
            cost, left = cost + given * one.price, left - given
        above = -np.eye(len(members))
        rows = np.hstack([np.array([[float(n in one) for n in range(count)] for one in members]), above])
        best = linprog(
            [*(one.price for one in limits), *(one.price for one in peaks)],
            A_ub=rows, b_ub=paid, A_eq=[[1.0] * count + [0.0] * len(members)], b_eq=[wanted],
            bounds=[*((0.0, one.most_mw) for one in limits), *[(0.0, None)] * len(members)],
        )  # fmt: skip
        assert cost == pytest.approx(best.fun, abs=1e-7)


def test_certificates_are_bought_for_what_is_left() -> None:
    """Ten MWh at 1, then at 3; what no certificate is there for is valued at the dearest."""
    claim = Claim(1.0, ((1.0, 10.0), (3.0, 5.0)), 3.0)
    assert claim.cost(12.0) == (16.0, 0.0)
    assert certificate_costs(claim, 17.0) == {"certificates": 25.0, "unclaimed": 6.0}
    assert certificate_costs(claim, -4.0) == {"certificates": 0.0, "unclaimed": 0.0}
    purchases = flat("").setting.facility.purchases
    assert purchases is not None
    beyond = claim_beyond_line(replace(purchases, claim=claim, plants=()), {}, 1.0)
    for wanted in np.linspace(-5.0, 30.0, 36):
        assert total(certificate_costs(claim, wanted)) >= 3.0 * wanted + beyond - 1e-9
    assert total(certificate_costs(claim, 12.0)) == pytest.approx(3.0 * 12.0 + beyond)


def test_what_follows_the_market_moves_with_its_forecast_and_the_rest_does_not(hours: str) -> None:
    arranged = arrange(bought(hours), forecast="perfect")
    facility, conditions = arranged.setting.facility, arranged.setting.conditions
    begins = np.arange(5)
    ahead = look_ahead(facility, conditions, PerfectForecast(conditions), (), begins, 4, measured=True)
    dearer = replace(ahead, expected={**ahead.expected, PRICE: ahead.expected[PRICE] + 0.01})
    assert facility.purchases is not None
    loss = 1.0 - facility.purchases.ways[2].delivered_share
    for way in facility.purchases.ways:
        rise = dearer.purchase_price_myen_per_mwh(way) - ahead.purchase_price_myen_per_mwh(way)
        follows = {"list": 0.0, "market": 1.0, "wind": 1.0, "own": 0.0}[way.name]
        assert rise == pytest.approx(np.full((5, 4), follows * 0.01 / (1.0 - loss)))


def test_plants_elsewhere_err_as_their_kind_does(hours: str) -> None:
    arranged = arrange(bought(hours), forecast="synthetic")
    issued = arranged.manner.forecast.issue(0, 24)
    series = arranged.setting.conditions.series
    for name in ("availability_wind_onshore.wind", "availability_pv.own"):
        assert np.abs(issued[name] - series[name][:24]).max() > 0.01
        assert issued[name].min() >= 0.0


def test_a_part_of_another_months_peak_is_refused_and_the_living_service_has_no_meter(hours: str) -> None:
    menu = {"basic_myen_per_mw_month": 1.2, "energy_myen_per_mwh": 0.005, "ratchet_share": 0.5}
    plan = buy({"menu": {"list": menu}, "demand_charge_myen_per_mw_month": 0.1, "demand_ratchet_share": 0.8})
    with pytest.raises(InputError) as caught:
        run(plan)
    (problem,) = caught.value.problems
    assert problem.code == "operation.uncovered"
    assert problem.values["names"] == ("procurement.menu.list.ratchet_share", "procurement.demand_ratchet_share")
    with pytest.raises(InputError) as unmetered:
        read_campus(bought(hours))
    assert [(one.code, one.values["names"]) for one in unmetered.value.problems] == [
        ("operation.unmetered", ("procurement",))
    ]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_prints_the_bill_beside_the_plans(hours: str, tmp_path: Path, language: str) -> None:
    import tomli_w

    grid = {"price_myen_per_mwh": column(hours, "price"), "clean_share": 0.2, "emission_factor_t_per_mwh": 0.4}
    path = tmp_path / "bought.toml"
    path.write_text(tomli_w.dumps(campus(ways(hours), grid=grid)), encoding="utf-8")
    text = CliRunner().invoke(app, ["run", str(path), "--forecast", "perfect", "--lang", language])
    assert text.exit_code == 0, text.output
    for said in {
        "en": ("Bill for power in the operated time", "network, basic charge", "capital and upkeep of own plants"),
        "ja": ("運用期間の電力の請求", "託送 基本料金", "構外の自社電源の資本費と維持費"),
    }[language]:
        assert said in text.stdout
    found = json.loads(CliRunner().invoke(app, ["run", str(path), "--forecast", "perfect", "--json"]).stdout)
    assert total(found["bill"]) == pytest.approx(total(found["planned_bill"]), rel=1e-6)
    assert {"energy", "peaks", "contracts", "certificates", "unclaimed"} <= set(found["costs"])


def test_a_window_that_sees_no_months_end_holds_the_plans_peak(hours: str) -> None:
    """The plan's peak of the month is free to a window of a day: it takes no dear hour to spare what is paid anyway."""
    plan = bought(hours, deferrable=0.3)
    arranged = arrange(plan, forecast="perfect", horizon_hours=24)
    setting = arranged.setting
    course = operate(setting.facility, setting.conditions, setting.valuation, Manner(arranged.manner.forecast, 24))
    purchases = setting.facility.purchases
    assert purchases is not None
    flows = [course.flows[name] for name in purchases.columns]
    for one in purchases.peaks:
        assert one.power_mw(flows).max() <= one.planned_mw[0] * 1.02 + 1e-6
