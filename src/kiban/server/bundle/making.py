"""The files of a bundle, and their way to a folder.

README.md, README.ja.md       what is there, and in which order to put it to work
RUNBOOK.en.md, RUNBOOK.ja.md  the plan's limits, and what to do at each alert
plan/                         the plan as the service reads it, with every file that it names
prometheus/                   configuration, addresses, rules, and promtool's tests of them
alertmanager/                 whom to tell of what
slurm/                        a fragment of slurm.conf, and a check of jobs
manifest.json                 of which plan it is, and the hash of every file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiban.errors import OutputError, Problem, reason_of
from kiban.operation.live.record import digest_of
from kiban.report.phrases import phrase
from kiban.report.plan.folder import check_folder
from kiban.server.bundle.alerts import LANGUAGES, RuleFile, make_rules, read_margins
from kiban.server.bundle.dashboards import make_dashboards
from kiban.server.bundle.deployment import make_ansible, make_terraform
from kiban.server.bundle.figures import Figures, read_figures
from kiban.server.bundle.kubernetes import make_kubernetes
from kiban.server.bundle.manifest import MANIFEST, list_changed, make_manifest, read_manifest
from kiban.server.bundle.monitoring import make_alertmanager, make_prometheus, make_targets
from kiban.server.bundle.plan_folder import carry_plan
from kiban.server.bundle.readme import make_readme
from kiban.server.bundle.runbook import make_runbook
from kiban.server.bundle.schedulers import make_slurm
from kiban.server.bundle.text import yaml_text
from kiban.whole_files import write_whole

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

KEPT: Final = ".before"
"""What a person has changed is kept under its name with this ending."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """The operations of a plan as code: every file by its name."""

    figures: Figures
    rules: tuple[RuleFile, ...]
    contents: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """Where a bundle was written, and files of before that a person had changed."""

    folder: Path
    kept: tuple[str, ...]


def make_bundle(plan: Plan, *, runbook: str = "") -> Bundle:
    """The bundle of a plan, the same bytes each time; `runbook` is the address under which the runbook will stand.

    Raises `InputError` for a plan without a design, and for a file that it names and that is gone.
    """
    figures = read_figures(plan, read_margins())
    rules = make_rules(figures, runbook)
    carried, plan_files = carry_plan(plan)
    operated = digest_of(carried)
    head = f'Of the plan "{figures["title"]}" ({figures["plan_short"]}). Written by `kiban bundle`: changes are lost.'
    texts = {
        "prometheus/prometheus.yml": yaml_text(make_prometheus(figures, rules), head),
        **{
            f"prometheus/targets/{job}.yml": yaml_text(targets, phrase(f"bundle.targets_{job}", "en"))
            for job, targets in make_targets().items()
        },
        **{f"prometheus/rules/{one.name}": yaml_text({"groups": one.groups}, head) for one in rules},
        **{
            f"prometheus/rules/{one.test_name}": yaml_text(
                one.test_content(), f"promtool test rules {one.test_name}", head
            )
            for one in rules
        },
        "alertmanager/alertmanager.yml": yaml_text(make_alertmanager(), head, phrase("bundle.receivers", "en")),
        **make_dashboards(figures),
        **make_slurm(figures),
        **make_kubernetes(figures, head, operated),
        **make_ansible(figures, operated),
        **make_terraform(figures, operated),
        **{f"RUNBOOK.{language}.md": make_runbook(figures, rules, language) for language in LANGUAGES},
    }
    names = [*texts, *(f"plan/{name}" for name in plan_files)]
    texts |= {
        "README.md" if language == "en" else f"README.{language}.md": make_readme(figures, names, language)
        for language in LANGUAGES
    }
    contents = {name: text.encode("utf-8") for name, text in texts.items()}
    contents |= {f"plan/{name}": content for name, content in plan_files.items()}
    contents[MANIFEST] = make_manifest(figures, contents, operated)
    return Bundle(figures, rules, contents)


def write_bundle(bundle: Bundle, folder: str | Path, *, force: bool = False) -> Written:
    """Write a bundle to a new or empty folder; with `force` in place of the bundle that is there.

    Each file is whole, the manifest comes last. What a person has changed in the bundle of before is kept beside it
    (`NAME.before`), what is not of a bundle is not touched. Raises `OutputError` where the place is taken by something
    else or cannot be written.
    """
    folder = Path(folder)
    before = read_manifest(folder) if force else None
    if before is None:
        check_folder(folder)
    try:
        if before is None:
            return Written(write_whole(folder, bundle.contents, make_parents=True), ())
        kept = tuple(
            name for name in list_changed(folder, before) if bundle.contents.get(name) != (folder / name).read_bytes()
        )
        for name in kept:
            write_whole(folder / f"{name}{KEPT}", (folder / name).read_bytes(), replace=True)
        for name in (*(name for name in bundle.contents if name != MANIFEST), MANIFEST):
            write_whole(folder / name, bundle.contents[name], replace=True, make_parents=True)
        for name in set(before["files"]) - set(bundle.contents):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            Problem("output.unwritable", str(folder), remedy="output.writable", reason=reason_of(error))
        ) from None
    return Written(folder, kept)


def check_place(folder: str | Path, *, force: bool) -> None:
    """Raise `OutputError` unless a bundle can be written there; worth asking before a plan is built."""
    if not (force and read_manifest(Path(folder)) is not None):
        check_folder(folder)
