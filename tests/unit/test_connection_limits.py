"""Windows, calls and limits of the connection: where they fall, what they forbid, and what is said of them."""

import numpy as np
import pytest

from kiban.errors import InputError, ScenarioError
from kiban.planning.building import build
from kiban.planning.connection_limits import called_steps
from kiban.planning.preparation import prepare
from kiban.report.messages import say_problem
from kiban.scenario import parse_scenario


def campus(grid, *, hours=48, first_hour=0, step_hours=1.0, **more):
    """A campus of 10 MW around the clock on its grid and a backup at a price of its own."""
    return parse_scenario(
        {
            "name": "connection",
            "site": {"id": "inzai"},
            "weather": {"source": "none"},
            "time": {"hours": hours, "first_hour": first_hour, "step_hours": step_hours},
            "load": {
                "it_load_mw": 10.0,
                "firm_shape": "flat",
                "deferrable_share": 0.0,
                "chip": "none",
                "it_annual_cost_myen_per_mw": 1.0,
            },
            "cooling": {"pue": 1.0, "wue_l_per_kwh": 0.0, "system": "air_economiser"},
            "battery": {"enabled": False},
            "backup": {
                "critical_share": 0.0,
                "annual_cost_myen_per_mw": 0.0,
                "fuel_cost_myen_per_mwh": 0.1,
                "emission_factor_t_per_mwh": 0.7,
            },
            "grid": {
                "annual_cost_myen_per_mw": 1.0,
                "price_myen_per_mwh": 0.01,
                "energy_charge_myen_per_mwh": 0.0,
                "clean_share": 0.0,
                "emission_factor_t_per_mwh": 0.5,
                **grid,
            },
            **more,
        }
    )


def test_a_window_stops_import_in_its_hours_alone():
    plan = build(campus({"window": [{"start": "01-01 08:00", "hours": 6}]}))
    stopped = np.zeros(48, dtype=bool)
    stopped[8:14] = True
    assert plan.hourly["import_mw"] == pytest.approx(np.where(stopped, 0.0, 10.0), abs=1e-6)
    assert plan.hourly["backup_mw"] == pytest.approx(np.where(stopped, 10.0, 0.0), abs=1e-6)
    assert plan.hourly["import_possible_mw"] == pytest.approx(np.where(stopped, 0.0, 10.0), abs=1e-6)
    # 6 of 48 hours stand for 1095 of the year, at 0.1 instead of 0.01 million yen for 10 MWh each.
    assert plan.indicators["restricted_hours_per_year"] == pytest.approx(1095.0)
    assert plan.costs["fuel"] == pytest.approx(1095.0, rel=1e-6)
    assert plan.costs["energy"] == pytest.approx(0.1 * 7665.0, rel=1e-6)


def test_a_call_leaves_export_and_a_share_of_import():
    call = {"kind": "call", "start": "01-01 00:00", "hours": 2, "remaining_share": 0.25}
    outage = {"kind": "outage", "start": "01-01 04:00", "hours": 1}
    grid = prepare(
        campus({"window": [call, outage], "max_export_mw": 5.0, "export_price_myen_per_mwh": 0.0})
    ).plant.grid
    assert grid.import_share[:6] == pytest.approx([0.25, 0.25, 1.0, 1.0, 0.0, 1.0])
    assert grid.export_share[:6] == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.0, 1.0])


def test_a_window_counts_every_step_that_it_touches_and_wraps_at_the_end_of_the_year():
    window = {"start": "12-31 22:30", "hours": 3}
    grid = prepare(campus({"window": [window]}, hours=8760)).plant.grid
    assert np.flatnonzero(grid.import_share == 0.0).tolist() == [0, 1, 8758, 8759]
    half = prepare(campus({"window": [window]}, hours=8760, step_hours=0.5)).plant.grid
    assert np.flatnonzero(half.import_share == 0.0).tolist() == [0, 1, 2, 17517, 17518, 17519]


def test_calls_fall_on_the_dearest_hours_of_each_year():
    price = np.array([1.0, 3.0, 3.0, 2.0, 9.0, 1.0, 1.0, 8.0])
    # Half of the year's hours are called: two of each block of four, the earlier where prices are the same.
    assert called_steps(price, 4, 4380.0).tolist() == [1, 2, 4, 7]
    # A sixth of 4 steps is one whole step.
    assert called_steps(price, 4, 1460.0).tolist() == [1, 4]
    assert called_steps(price, 4, 1e-12).tolist() == [1, 4]  # any hours at all are one step
    assert called_steps(price, 4, 8760.0).size == 8
    assert called_steps(np.ones(8), 4, 8760.0).size == 8
    with pytest.raises(ScenarioError):
        called_steps(np.array([1.0, 2.0, 5.0, 5.0]), 2, 10.0)


def test_an_hour_less_of_calls_is_worth_what_it_saves(tmp_path):
    price = 0.01 + 0.001 * np.arange(48)
    (tmp_path / "price.csv").write_text("price\n" + "\n".join(f"{value:.6f}" for value in price))

    def called(hours):
        grid = {
            "price_myen_per_mwh": {"file": "price.csv", "column": "price"},
            "non_firm": {"called_hours_per_year": hours},
        }
        return build(campus(grid).placed_in(tmp_path))

    plan = called(4 * 182.5)
    assert np.flatnonzero(plan.hourly["import_possible_mw"] == 0.0).tolist() == [44, 45, 46, 47]
    worth = next(worth for worth in plan.worths if worth.name == "called_hours")
    # In the cheapest called step 10 MWh cost 0.1 instead of 0.054.
    assert worth.saving_myen == pytest.approx(10.0 * (0.1 - 0.054), rel=1e-6)
    fewer = called(3 * 182.5)
    saved = plan.cost_myen_per_year - fewer.cost_myen_per_year
    assert saved == pytest.approx(182.5 * worth.saving_myen, rel=1e-6)


def test_an_import_limit_by_hour_holds_and_has_its_worth():
    plan = build(campus({"import_limit_mw": 4.0}))
    assert plan.hourly["import_mw"] == pytest.approx(np.full(48, 4.0), abs=1e-6)
    assert plan.capacities["interconnection_mw"] == pytest.approx(4.0, abs=1e-6)
    worth = next(worth for worth in plan.worths if worth.name == "import_limit")
    # A MW more saves 0.09 a MWh in all 8,760 hours, less the connection that it needs.
    assert worth.saving_myen == pytest.approx(0.09 * 8760 - 1.0, rel=1e-6)


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({"window": [{"start": "02-29 00:00", "hours": 1}]}, "02-29"),
        ({"window": [{"start": "02-28 24:00", "hours": 1}]}, "24:00"),
        ({"window": [{"start": "06-01 00:00", "hours": 24}]}, "time.first_hour"),
        ({"non_firm": {"called_hours_per_year": 100}}, "import_limit_mw"),
    ],
)
def test_what_cannot_be_meant_is_refused(grid, says):
    with pytest.raises(InputError) as caught:
        prepare(campus(grid)).resources_for("given")
    for language in ("en", "ja"):
        assert says in say_problem(caught.value.problems[0], language)


def test_a_window_that_nothing_bridges_is_named():
    from kiban.report.plan.words import infeasible_sentences

    scenario = campus({"window": [{"start": "01-01 08:00", "hours": 6}]}, backup={"technology": "none"})
    plan = build(scenario)
    assert plan.status == "infeasible"
    assert plan.infeasibility.collisions == ("grid.window",)
    assert plan.infeasibility.shortfall_mwh == pytest.approx(1095.0 * 10.0, rel=1e-4)
    for language in ("en", "ja"):
        assert "grid.window" in str(infeasible_sentences(plan, language))


def test_a_backup_that_is_too_small_for_a_window_has_a_remedy_that_works():
    window = {"window": [{"start": "01-01 08:00", "hours": 6}]}
    backup = {"critical_share": 0.0, "annual_cost_myen_per_mw": 0.0, "fuel_cost_myen_per_mwh": 0.1, "max_mw": 4.0}
    plan = build(campus(window, backup=backup))
    assert set(plan.infeasibility.collisions) == {"backup.max_mw", "grid.window"}
    (remedy,) = plan.infeasibility.relaxations
    (change,) = remedy.changes
    assert change.key == "backup.max_mw"
    assert change.needed == pytest.approx(10.0, rel=1e-3)
    assert build(campus(window, backup={**backup, "max_mw": change.needed})).status == "optimal"
