"""Remedies of the file of a scenario, of what the schema says of a value, and of keys that are not known."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from tests.remedies import Case, Ground, Step
from tests.unit.test_bad_input import QUICK

from kiban.planning.anywhere import read_coordinates
from kiban.planning.preparation import prepare
from kiban.scenario import file as file_module
from kiban.scenario import parse_scenario
from kiban.scenario.examples import load_scenario
from kiban.scenario.package import load_package

WHOLE = 'name = "x"\n' + QUICK.format(load=5)
SITE: Mapping[str, Any] = {"name": "x", "site": {"id": "tomakomai"}}


def written(g: Ground, text: str | bytes = WHOLE, name: str = "mine.toml") -> Step:
    return lambda: load_scenario(g.write(name, text))


def given(**sections: Any) -> Step:
    return lambda: parse_scenario({**SITE, **sections})


def asked(g: Ground, *arguments: str) -> Step:
    """A command on a file that is whole."""

    def step() -> Any:
        g.write("mine.toml", WHOLE)
        return g.command(*arguments)

    return step


def much(g: Ground, most: int, text: str) -> Any:
    """A scenario where a file may have so many bytes."""
    with g.change.context() as change:
        change.setattr(file_module, "LARGEST_FILE_BYTES", most)
        return load_scenario(g.write("mine.toml", text))


def begun(g: Ground) -> Step:
    """What `kiban init` writes."""

    def step() -> Any:
        (g.folder / "mine.toml").unlink(missing_ok=True)
        done = g.command("init", "mine.toml")
        assert done.exit_code == 0, done.output
        return load_scenario(g.folder / "mine.toml")

    return step


def long_series(hours: int) -> str:
    return WHOLE.replace("it_load_mw = 5", f"it_load_mw = [{', '.join(['5.0'] * hours)}]")


def packaged(g: Ground, text: str) -> Step:
    return lambda: load_package(g.write("p.toml", text))


def hours_of(first: int, hours: int) -> Step:
    """The inputs of a part of the year."""
    raw = {**tomllib.loads(WHOLE), "time": {"first_hour": first, "hours": hours}}
    return lambda: prepare(parse_scenario(raw))


CREDIT = '[[instrument]]\nkind = "tax_credit"\nrate = 0.1\nassets = ["chips"]\n'

CASES: Mapping[str, Case] = {
    "scenario.start": lambda g: (written(g, ""), begun(g), lambda: load_scenario("tomakomai")),
    "scenario.mend_line": lambda g: (written(g, WHOLE + "a = \n"), written(g)),
    "scenario.folder": lambda g: (lambda: load_scenario(g.folder), written(g)),
    "scenario.gone": lambda g: (lambda: load_scenario(g.folder / "mine.toml"), begun(g), written(g)),
    "scenario.large": lambda g: (
        lambda: much(g, 3000, WHOLE + "#" * 3000),
        lambda: (
            g.write("load.csv", "load\n" + "5\n" * 24),
            much(g, 3000, WHOLE.replace("it_load_mw = 5", 'it_load_mw = { file = "load.csv", column = "load" }')),
        ),
    ),
    "scenario.encoding": lambda g: (
        written(g, ("# 苫小牧\n" + WHOLE).encode("cp932")),
        written(g, ("# 苫小牧\n" + WHOLE).encode()),
    ),
    "examples": lambda g: (asked(g, "check", "zzz"), asked(g, "check", "tomakomai")),
    "missing": lambda g: (lambda: parse_scenario({"name": "x"}), given()),
    "number": lambda g: (given(grid={"max_mw": float("nan")}), given(grid={"max_mw": 5.0})),
    "above": lambda g: (
        given(grid={"contract": {"contracted_mw": 0}}),
        given(grid={"contract": {"contracted_mw": 0.1}}),
    ),
    "at_least": lambda g: (given(grid={"max_mw": -5}), given(grid={"max_mw": 0})),
    "at_most": lambda g: (given(target={"clean_share": 1.2}), given(target={"clean_share": 1})),
    "valid_number": lambda g: (given(load={"it_load_mw": "100"}), given(load={"it_load_mw": 100})),
    "valid_integer": lambda g: (given(load={"max_delay_hours": 1.5}), given(load={"max_delay_hours": 1})),
    "valid_text": lambda g: (
        lambda: parse_scenario({**SITE, "name": 3}),
        lambda: parse_scenario({**SITE, "name": "3"}),
    ),
    "valid_flag": lambda g: (given(battery={"enabled": 1}), given(battery={"enabled": True})),
    "valid_object": lambda g: (given(battery=3), given(battery={})),
    "one_of": lambda g: (given(cooling={"system": "zzz"}), given(cooling={"system": "direct_liquid"})),
    "one_of_nearest": lambda g: (
        given(cooling={"system": "direct_liquids"}),
        given(cooling={"system": "direct_liquid"}),
    ),
    "too_long": lambda g: (
        given(grid={"contract": {"ramp": [0.5] * 51}}),
        given(grid={"contract": {"ramp": [0.5] * 50}}),
    ),
    "demand_charge": lambda g: (
        given(grid={"demand_charge_myen_per_mw_month": 0.2}),
        given(grid={"annual_cost_myen_per_mw": 2.4}),
        given(procurement={"demand_charge_myen_per_mw_month": 0.2}),
    ),
    "price_by_hour": lambda g: (
        given(grid={"tier_price_myen_per_mwh": 0.02}),
        given(
            grid={"price_myen_per_mwh": {"file": "prices.csv", "column": "price"}, "energy_charge_myen_per_mwh": 0.001}
        ),
    ),
    "price_of_export": lambda g: (
        given(grid={"net_metering": True}),
        given(grid={"export_price_myen_per_mwh": 0.01, "max_export_mw": 5.0}),
    ),
    "known": lambda g: (given(weather={"source": "typical", "zzzzzz": 1}), given(weather={"source": "typical"})),
    "schema": lambda g: (
        given(weather={"source": "typical", "fill_gaps_hours": 3}),
        asked(g, "schema"),
        given(weather={"source": "typical"}),
    ),
    "window": lambda g: (hours_of(8000, 1000), hours_of(7760, 1000), hours_of(8000, 760)),
    "nesting": lambda g: (written(g, "a = " + "[" * 5000 + "]" * 5000), written(g)),
    "coordinates": lambda g: (
        lambda: read_coordinates("x"),
        lambda: read_coordinates("35.7,140.1"),
        lambda: read_coordinates("-33.9,151.2"),
    ),
}
