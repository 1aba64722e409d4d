"""The plan as the service reads it: its folder without what only people read, and every file that it names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiban.errors import InputError, Problem, reason_of
from kiban.outside import may_open
from kiban.report.plan.folder import HOURLY, SCENARIO, SUMMARY, hourly_bytes
from kiban.report.plan.record import summarise, to_json
from kiban.scenario import dump_scenario
from kiban.scenario.file import carry_files

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

INPUTS: Final = "inputs"


def carry_plan(plan: Plan) -> tuple[Plan, dict[str, bytes]]:
    """The plan with its files under names of their own in `inputs`, and the files of its folder by name.

    Raises `InputError` for a file that cannot be read any more.
    """
    scenario, found = carry_files(plan.scenario, INPUTS)
    carried = replace(plan, scenario=scenario)
    return carried, {
        SCENARIO: dump_scenario(scenario, scenario.folder).encode("utf-8"),
        SUMMARY: to_json(summarise(carried)).encode("utf-8"),
        HOURLY: hourly_bytes(carried.time, carried.hourly),
        **{name: _read(path) for name, path in found.items()},
    }


def _read(path: Path) -> bytes:
    if not may_open(path):
        raise InputError(Problem("files", path.name))
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(Problem("bundle.no_input", str(path), reason=reason_of(error))) from None
