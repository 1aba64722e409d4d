"""A saved plan beside the one that its scenario gives here and now, byte by byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiban.errors import OutputError, Problem, reason_of
from kiban.planning.making import describe_making
from kiban.planning.plan import Plan
from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.report.plan.crate import CRATE, day_of
from kiban.report.plan.folder import PROVENANCE, crate_bytes, plan_contents
from kiban.report.plan.record import to_json

FEW = 8
"""Files or causes that are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of building a plan again.

    `files` counts the files of the plan, `differing` names those whose bytes are others now, `causes` what made the
    plan that is different here (there, here), and `costs_myen` the yearly cost (there, here).
    """

    folder: str
    files: int
    differing: tuple[str, ...]
    causes: Mapping[str, tuple[str, str]]
    costs_myen: tuple[float, float]

    @property
    def is_same(self) -> bool:
        """Whether every byte is the same, but for what made the plan."""
        return not self.differing


def compare_plans(folder: Path, saved: Plan, again: Plan) -> Reproduction:
    """What is in a plan's folder beside the plan that was built again of its scenario.

    Raises `OutputError` where a file of the folder cannot be read.
    """
    contents = plan_contents(again, folder)
    provenance = _read(folder / PROVENANCE)
    made = describe_making(saved.scenario, folder)
    told = _told(provenance)
    # What made it stands among its files, and may be another without another result.
    contents[PROVENANCE] = _with_making(contents[PROVENANCE], told)
    # So is the day on which it was made.
    day = day_of(_read(folder / CRATE))
    if day is not None:
        files = {name: content for name, content in contents.items() if name != CRATE}
        contents[CRATE] = crate_bytes(again, files, day)
    elif not (folder / CRATE).exists():
        del contents[CRATE]  # an earlier kiban wrote none
    differing = tuple(name for name, content in sorted(contents.items()) if _read(folder / name) != content)
    causes = made.differences(told)
    costs = (saved.cost_myen_per_year, again.cost_myen_per_year)
    return Reproduction(str(folder), len(contents), differing, causes, costs)


def reproduction_text(found: Reproduction, language: Language) -> str:
    """One sentence where all is the same; else what differs, and what made it that is not the same here."""
    if found.is_same:
        lines = [phrase("reproduce.same", language, folder=found.folder, files=found.files)]
    else:
        there, here = found.costs_myen
        lines = [
            phrase("reproduce.differs", language, folder=found.folder, count=len(found.differing), files=found.files),
            *(f"  {name}" for name in found.differing[:FEW]),
            phrase("reproduce.cost", language, there=f"{there:.10g}", here=f"{here:.10g}"),
        ]
    if found.causes:
        lines.append(phrase("reproduce.causes", language))
    elif not found.is_same:
        lines.append(phrase("reproduce.no_cause", language))
    lines += [
        "  " + phrase("reproduce.cause", language, name=_named(name, language), there=pair[0], here=pair[1])
        for name, pair in list(found.causes.items())[:FEW]
    ]
    return "\n".join(lines)


def _named(name: str, language: Language) -> str:
    return phrase(f"reproduce.{name}", language) if name in ("edition", "python", "processor_level") else name


def _with_making(provenance: bytes, told: Mapping[str, Any]) -> bytes:
    """A provenance as it would be had this made the plan."""
    return to_json(json.loads(provenance) | {"made": told}).encode("utf-8")


def _told(provenance: bytes) -> Mapping[str, Any]:
    """What the provenance says of what made the plan; nothing where an earlier kiban wrote it."""
    try:
        made = json.loads(provenance).get("made", {})
    except (ValueError, AttributeError):
        return {}
    return made if isinstance(made, dict) else {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise OutputError(Problem("signing.unreadable", str(path), reason=reason_of(error))) from None
