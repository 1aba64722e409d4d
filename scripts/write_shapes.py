"""Write the structures that an hour has in kiban's programmes, for the compiler.

    python scripts/write_shapes.py && make native

A structure is what stands in which row, and which bounds exist in every hour; how many supplies and yearly limits
there are and what the coefficients are makes no difference. Programmes of any other structure are swept from tables;
each known one adds seconds to the build.
"""

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kiban.linear import Staircase
from kiban.linear.kernel.layout import Layout, lay_out
from kiban.linear.kernel.structure import KernelForm, read_form
from kiban.planning.preparation import prepare
from kiban.planning.programme import write_programme
from kiban.planning.resources import Resources
from kiban.scenario import parse_scenario
from kiban.scenario.examples import example_path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "src" / "kiban" / "linear" / "native" / "shapes.hpp"

HEAD = """\
// Made by scripts/write_shapes.py from the programmes that kiban writes; do not edit.
#pragma once

#include "structure.hpp"

namespace kiban {

constexpr Shape SHAPES[] = {
"""
TAIL = """\
};

}  // namespace kiban
"""


def programmes() -> Iterator[tuple[str, Staircase]]:
    """The programmes whose structures are known, the most frequent first."""
    from tests.cases.blocks import SITE

    assert SITE.grid is not None
    none = np.zeros(SITE.steps)
    plain = replace(SITE, tranches=(), measures=(), unserved_price_myen_per_mwh=None, supply=SITE.supply[:2])
    campus = replace(plain, grid=replace(SITE.grid, max_export_mw=0.0))
    firm = {"arrivals_mw": none, "max_backlog_mwh": none, "min_it_mw": float(SITE.firm_mw.max())}
    yield "a campus: battery, deferrable load, grid, backup", write_programme(campus)
    yield "without a grid", write_programme(replace(campus, grid=None))
    yield "without deferrable load", write_programme(replace(campus, **firm))
    yield "without a grid and deferrable load", write_programme(replace(campus, grid=None, **firm))
    yield "an island: two storages, a store of cold, cells that age", write_programme(read_island())


def read_island() -> Resources:
    """The example whose hour has the most states."""
    preparation = prepare(parse_scenario(tomllib.loads(example_path("okinawa").read_text(encoding="utf-8"))))
    return preparation.resources_for(preparation.cooling_systems[0])


def describe(form: KernelForm, layout: Layout) -> str:
    """The structure of a form as the initial value of a `Shape`."""
    width, rows, local, lags = layout.shape[2], layout.shape[4], layout.shape[5], layout.lag_column.size
    floors = [kind(~column.free) for column in form.columns]
    bounds = [kind(np.isfinite(column.width)) for column in form.columns]
    entries, lagged = int(layout.entry_start[width]), int(layout.lag_start[lags])
    lists = (
        floors,
        bounds,
        [int(capacity >= 0) for capacity in layout.columns[:width, 2]],
        layout.columns[:width, 3],
        layout.entry_start[: width + 1],
        layout.entry_row[:entries],
        layout.lag_column,
        layout.lag_start[: lags + 1],
        layout.lag_row[:lagged],
    )
    parts = [f"{rows}, {local}, {width}, {lags}"]
    parts += ["{" + ", ".join(str(int(number)) for number in numbers) + "}" for numbers in lists]
    return "    {" + ",\n     ".join(parts) + "},\n"


def kind(exists: np.ndarray) -> int:
    """No hour, every hour, some hours: as `Kind` counts."""
    return 1 if exists.all() else 2 if exists.any() else 0


def write() -> str:
    """The file's text."""
    known: dict[str, str] = {}
    for name, programme in programmes():
        form = read_form(programme)
        known.setdefault(describe(form, lay_out(form)), name)
    return HEAD + "".join(f"    // {name}\n{shape}" for shape, name in known.items()) + TAIL


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    FILE.write_text(write(), encoding="utf-8")
