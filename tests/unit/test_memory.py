"""What the weather decides is remembered: the same question has the same answer, and no other question has it."""

import numpy as np
import pytest

from kiban.planning.memory import Memory, memory
from kiban.planning.preparation import prepare
from kiban.scenario import parse_scenario

BASE = {"name": "x", "site": {"id": "tomakomai"}, "time": {"hours": 48}}


def read(**changes):
    raw = {key: dict(value) if isinstance(value, dict) else value for key, value in BASE.items()}
    for key, value in changes.items():
        raw[key] = {**raw.get(key, {}), **value} if isinstance(value, dict) else value
    return prepare(parse_scenario(raw)).resources_for("direct_liquid")


def modelled(resources):
    arrays = {supply.name: supply.availability for supply in resources.supply}
    arrays |= {"pue": resources.pue, "wue": resources.wue_m3_per_mwh, "clean": resources.grid.clean_share}
    return arrays | {"price": resources.grid.price_myen_per_mwh}


@pytest.fixture
def forgetful(monkeypatch):
    """Every question is answered anew."""
    monkeypatch.setattr(memory, "find", lambda _: None)
    monkeypatch.setattr(memory, "keep", lambda *_: None)


def test_prices_and_limits_find_the_same_physics():
    first = read(target={"clean_share": 0.8})
    again = read(target={"clean_share": 0.9}, assumptions={"battery.energy_capex": 30.0, "pv.capex": 99.0})
    for name, values in modelled(first).items():
        assert np.array_equal(values, modelled(again)[name]), name


def test_a_change_of_prices_does_no_physics_again(monkeypatch):
    read()

    def calculate(*_, **__):
        raise AssertionError("the physics is done again")

    for name in ("cooling.cooling_performance", "wind.wind_availability", "solar.pv_availability"):
        monkeypatch.setattr(f"kiban.physics.{name}", calculate)
    read(target={"clean_share": 0.7}, assumptions={"battery.energy_capex": 31.0})
    with pytest.raises(AssertionError):
        read(seed=8)


CHANGES = {
    "seed": {"seed": 7},
    "place": {"site": {"id": "inzai"}},
    "tilt": {"supply": {"pv": {"tilt_deg": 50.0}}},
    "mount": {"supply": {"pv": {"mount": "single_axis"}}},
    "wind speed": {"supply": {"wind_onshore": {"mean_speed_m_s": 9.0}}},
    "hub": {"assumptions": {"wind_onshore.hub_height_m": 150.0}},
    "supply temperature": {"cooling": {"supply_temperature_c": 40.0}},
    "ups": {"assumptions": {"cooling.electrical.ups_efficiency": 0.9}},
    "solar share": {"assumptions": {"grid.hokkaido.solar_share": 0.01}},
    "mast": {"weather": {"temperature_c": 5.0}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_physics_is_calculated_anew(change):
    before, after = modelled(read()), modelled(read(**CHANGES[change]))
    assert any(not np.array_equal(values, after[name]) for name, values in before.items())


@pytest.mark.parametrize("change", ["seed", "wind speed", "ups"])
def test_remembered_answers_are_those_of_a_memory_that_forgets(change, forgetful, monkeypatch):
    fresh = modelled(read(**CHANGES[change]))
    monkeypatch.undo()
    for _ in range(2):
        for name, values in modelled(read(**CHANGES[change])).items():
            assert np.array_equal(values, fresh[name]), name


def test_what_is_recorded_does_not_depend_on_the_memory():
    scenario = parse_scenario(BASE)
    found = []
    for _ in range(2):
        preparation = prepare(scenario)
        preparation.resources_for("direct_liquid")
        found.append(tuple(preparation.recorder))
    assert found[0] == found[1]
    assert any(entry.name == "weather" for entry in found[0])


def test_a_memory_holds_so_many_bytes_and_forgets_what_was_asked_longest_ago():
    small = Memory(most_bytes=100)
    for name in "abc":
        small.keep(name, np.zeros(5))
    assert small.find("a") is None
    assert small.held_bytes == 80
    small.find("b")
    small.keep("d", np.zeros(5))
    assert small.find("c") is None
    small.keep("large", np.zeros(50))
    assert small.find("large") is None
    found = small.find("b")
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1.0
