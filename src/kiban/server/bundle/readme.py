"""What a bundle holds and in which order it is put to work, in two languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.server.bundle.figures import Figures
from kiban.server.bundle.runbook import runbook_blanks

PARTS: Final = (
    "RUNBOOK",
    "plan",
    "prometheus",
    "alertmanager",
    "grafana",
    "slurm",
    "kubernetes",
    "ansible",
    "terraform",
)
STEPS: Final = ("plan", "prometheus", "alertmanager", "grafana", "slurm", "kubernetes", "ansible", "terraform")


def make_readme(figures: Figures, names: Iterable[str], language: Language) -> str:
    """The page that stands first in a bundle of these files."""
    there = {name.replace(".", "/").split("/")[0] for name in names}
    blanks = runbook_blanks(figures, language)

    def say(key: str, **more: object) -> str:
        return phrase(f"bundle_readme.{key}", language, **{**blanks, "keys": "", **more})

    lines = [f"# {say('title')}", "", say("introduction"), ""]
    if figures.refused:
        lines += [say("refused", keys=", ".join(f"`{key}`" for key in figures.refused)), ""]
    lines += [f"| {say('part')} | {say('holds')} |", "| --- | --- |"]
    lines += [f"| `{_shown(part)}` | {say(f'part_{part}')} |" for part in PARTS if part in there]
    lines += ["", f"## {say('steps')}", ""]
    lines += [f"{number}. {say(f'step_{part}').strip()}"
              for number, part in enumerate((part for part in STEPS if part in there), start=1)]  # fmt: skip
    lines += ["", f"## {say('checked')}", "", say("checked_text").strip(), ""]
    return "\n".join(lines)


def _shown(part: str) -> str:
    return "RUNBOOK.*.md" if part == "RUNBOOK" else f"{part}/"
