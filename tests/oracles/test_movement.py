"""Compute that moves between sites: against one whole model by HiGHS, and the laws that a gain keeps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.optimize as so
from typer.testing import CliRunner

from kiban.catalogue import load_catalogue
from kiban.cli import app
from kiban.errors import InputError
from kiban.national.building import build_national
from kiban.national.result.movement import SiteCompute, find_limit, move_between, move_compute, site_compute
from kiban.national.result.plan import NationalPlan
from kiban.planning.preparation import prepare
from kiban.planning.resources import Resources
from kiban.scenario import parse_scenario
from kiban.scenario.national_file import parse_national

STEPS = 48
SCENARIO = {
    "name": "side by side",
    "site": {"name": "here", "latitude_deg": 43.0, "longitude_deg": 141.5, "area": "hokkaido"},
    "time": {"hours": STEPS, "first_hour": 2400},
    "load": {
        "it_load_mw": 20.0, "deferrable_share": 0.5, "max_delay_hours": 6, "firm_shape": "flat",
        "it_annual_cost_myen_per_mw": 1.0, "chip": "none",
    },
    "cooling": {"pue": 1.2, "wue_l_per_kwh": 0},
    "supply": {
        "pv": {"max_mw": 60},
        **{name: {"enabled": False} for name in (
            "wind_onshore", "wind_offshore_fixed", "wind_offshore_floating", "geothermal", "hydro")},
    },
    "grid": {"price_myen_per_mwh": 0.015, "energy_charge_myen_per_mwh": 0, "clean_share": 0.2,
             "emission_factor_t_per_mwh": 0.0, "annual_cost_myen_per_mw": 1},
    "backup": {"technology": "none", "critical_share": 0},
}  # fmt: skip
PV, BATTERY_MW, BATTERY_MWH, IT_MW, GRID_MW = 40.0, 5.0, 20.0, 25.0, 60.0
PRICES = (0.010, 0.025)
COST = 0.0005
SHARE = 0.8


def read(raw: dict[str, Any]) -> Resources:
    preparation = prepare(parse_scenario(raw))
    (system,) = preparation.cooling_systems
    return preparation.resources_for(system)


@pytest.fixture(scope="module")
def sites() -> list[SiteCompute]:
    """Two sites of 20 MW in halls of 25, with power at 10 and at 25 yen; the second has a PUE of 1.3."""
    found = []
    for number, price in enumerate(PRICES):
        raw = {**SCENARIO, "grid": {**SCENARIO["grid"], "price_myen_per_mwh": price}}  # type: ignore[dict-item]
        raw["cooling"] = {"pue": 1.2 + 0.1 * number, "wue_l_per_kwh": 0}
        resources = read(raw)
        built = {
            "pv": PV, "battery_power": BATTERY_MW, "battery_energy": BATTERY_MWH, "it": IT_MW,
            "interconnection": GRID_MW,
        }  # fmt: skip
        movable = SHARE * resources.arrivals_mw
        found.append(site_compute(f"site{number}", resources, built, SHARE * resources.firm_mw, movable))
    return found


def whole_model(sites: list[SiteCompute], limit_mw: float) -> float:
    """The same as one plain linear programme, written from the numbers: million yen a year."""
    weight = 8760.0 / STEPS
    names = ("import", "curtailed", "charge", "discharge", "stored", "served", "backlog", "received", "sent")
    count = len(names) * STEPS
    column = {(s, n, t): s * count + i * STEPS + t for s in range(2) for i, n in enumerate(names) for t in range(STEPS)}
    cost, upper = np.zeros(2 * count), np.full(2 * count, np.inf)
    equal, equal_to, less, less_than = [], [], [], []

    def row(terms):
        values = np.zeros(2 * count)
        for key, value in terms:
            values[column[key]] += value
        return values

    for s in range(2):
        raw = {**SCENARIO, "cooling": {"pue": 1.2 + 0.1 * s, "wue_l_per_kwh": 0}}
        resources = read(raw)
        battery, pue = resources.battery, resources.pue
        assert battery is not None
        pv = next(one for one in resources.supply if one.name == "pv").availability * PV
        kept = 1.0 - battery.self_discharge_per_hour
        carbon = resources.carbon_price_myen_per_t
        assert carbon * resources.grid.emission_factor_t_per_mwh.max() == 0.0
        for t in range(STEPS):
            before = (t - 1) % STEPS
            cost[column[s, "import", t]] = PRICES[s] * weight
            cost[column[s, "discharge", t]] = battery.throughput_cost_myen_per_mwh * weight
            cost[column[s, "sent", t]] = COST * weight
            for name, most in (
                ("import", GRID_MW), ("charge", BATTERY_MW * battery.charge_power_ratio), ("discharge", BATTERY_MW),
                ("stored", BATTERY_MWH), ("backlog", resources.max_backlog_mwh[t]), ("received", limit_mw),
                ("sent", limit_mw),
            ):  # fmt: skip
                upper[column[s, name, t]] = most
            moved = [((s, "received", t), -pue[t]), ((s, "sent", t), pue[t])]
            equal.append(row([
                ((s, "import", t), 1.0), ((s, "curtailed", t), -1.0), ((s, "charge", t), -1.0),
                ((s, "discharge", t), 1.0), ((s, "served", t), -pue[t]), *moved,
            ]))  # fmt: skip
            equal_to.append(pue[t] * resources.firm_mw[t] - pv[t])
            equal.append(row([
                ((s, "stored", t), 1.0), ((s, "stored", before), -kept),
                ((s, "charge", t), -battery.charge_efficiency), ((s, "discharge", t), 1 / battery.discharge_efficiency),
            ]))  # fmt: skip
            equal_to.append(0.0)
            equal.append(row([((s, "backlog", t), 1.0), ((s, "backlog", before), -1.0), ((s, "served", t), 1.0)]))
            equal_to.append(resources.arrivals_mw[t])
            less.append(row([((s, "served", t), 1.0), ((s, "received", t), 1.0), ((s, "sent", t), -1.0)]))
            less_than.append(IT_MW - resources.firm_mw[t])
            less.append(row([((s, "sent", t), 1.0), ((s, "served", t), -SHARE)]))
            less_than.append(SHARE * resources.firm_mw[t])
    for t in range(STEPS):
        equal.append(row([((s, n, t), v) for s in range(2) for n, v in (("sent", 1.0), ("received", -1.0))]))
        equal_to.append(0.0)
    found = so.linprog(
        cost, A_ub=np.array(less), b_ub=less_than, A_eq=np.array(equal), b_eq=equal_to,
        bounds=np.column_stack([np.zeros(2 * count), upper]), method="highs",
    )  # fmt: skip
    assert found.status == 0
    return float(found.fun)


@pytest.mark.parametrize("limit_mw", [0.0, 3.0, 1000.0])
def test_the_optimum_is_that_of_one_whole_model(sites: list[SiteCompute], limit_mw: float) -> None:
    found = move_between(None, sites, limit_mw, COST)  # type: ignore[arg-type]
    assert found.together_myen == pytest.approx(whole_model(sites, limit_mw), rel=1e-5)


def test_a_wider_line_saves_no_less_and_none_saves_nothing(sites: list[SiteCompute]) -> None:
    gains = [move_between(None, sites, limit, COST).gain_myen for limit in (0.0, 1.0, 3.0, 1000.0)]  # type: ignore[arg-type]
    assert gains[0] == 0.0
    assert gains[1] > 1.0
    assert all(less <= more + 1e-4 for less, more in pairwise(gains))


def test_one_site_alone_saves_nothing(sites: list[SiteCompute]) -> None:
    alone = move_between(None, sites[:1], 1000.0, COST)  # type: ignore[arg-type]
    assert (alone.gain_myen, alone.moved_mwh) == (0.0, 0.0)


def test_what_is_sent_is_received_and_goes_where_power_is_cheaper(sites: list[SiteCompute]) -> None:
    found = move_between(None, sites, 1000.0, COST)  # type: ignore[arg-type]
    sent, received = (sum(flows.values()) for flows in (found.sent_mw, found.received_mw))
    assert sent == pytest.approx(received, abs=1e-5)
    assert found.energy_mwh(found.received_mw, "site0") > found.energy_mwh(found.sent_mw, "site0")
    assert (found.received_mw["site0"] <= IT_MW + 1e-3).all()


def test_by_hand_how_much_a_line_carries() -> None:
    """100 Gbit/s are 45,000 GB an hour; at 100 GB a MWh that is 450 MW."""
    assert find_limit(load_catalogue(), None) == pytest.approx(450.0)
    assert find_limit(load_catalogue(), 0.0) == 0.0


STUDY = """
[national]
name = "two"
sites = ["tomakomai", "nanto"]
hours = 48
first_hour = 2400
[[tranche]]
id = "training"
it_load_mw = 100
deferrable_share = 0.5
[[tranche]]
id = "metro"
it_load_mw = 30
max_round_trip_ms = 5
[limits]
max_site_mw = 90
[cooling]
system = "direct_liquid"
"""


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_takes_a_national_study(tmp_path, language: str) -> None:
    path = tmp_path / "two.toml"
    path.write_text(STUDY, encoding="utf-8")
    run = CliRunner().invoke(app, ["run", str(path), "--lang", language])
    assert run.exit_code == 0, run.output
    refused = CliRunner().invoke(app, ["run", str(path), "--horizon", "24", "--lang", language])
    assert refused.exit_code == 2


def test_a_plan_of_a_study_saves_no_less_than_nothing() -> None:
    import tomllib

    plan = build_national(parse_national(tomllib.loads(STUDY)))
    assert isinstance(plan, NationalPlan)
    found = move_compute(plan)
    # In these two days wind carries both sites: there is nothing to save.
    assert found.gain_myen >= -1e-6 * max(found.apart_myen, 1.0)
    assert found.sites == tuple(site.candidate.id for site in plan.sites)
    with pytest.raises(InputError):
        move_compute(NationalPlan("infeasible", plan.study, plan.candidates, ()))
