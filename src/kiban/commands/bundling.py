"""`kiban bundle`: the operations of a plan as code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kiban.commands.running import Subject, find_plan
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, write

DEFAULT_FOLDER = "bundle"


def register(app: typer.Typer) -> None:
    """Add `kiban bundle` to the command line."""
    app.command("bundle")(bundle_command)


def bundle_command(
    subject: Subject = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Folder of the bundle; default: bundle.")
    ] = DEFAULT_FOLDER,
    runbook: Annotated[
        str, typer.Option("--runbook", metavar="URL", help="Where the runbook will stand, for the links of alerts.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Take the place of the bundle that is there; what was changed is kept.")
    ] = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Write the operations of a plan as code: monitoring, dashboards, roles, manifests and a runbook."""
    from kiban.report.phrases import phrase
    from kiban.server.bundle.dashboards import check_library
    from kiban.server.bundle.making import check_place, make_bundle, write_bundle
    from kiban.server.bundle.text import load_library

    language = choose_language(lang)
    load_library()
    check_library()
    check_place(out, force=force)
    with progress(language) as tell:
        plan = find_plan(subject, tell, insist=insist)
        bundle = make_bundle(plan, runbook=f"{runbook.rstrip('/')}/" if runbook else "")
        written = write_bundle(bundle, Path(out), force=force)
    alerts = sum(len(one.alerts) for one in bundle.rules)
    write(phrase("bundle.written", language, folder=out, count=len(bundle.contents), alerts=alerts) + "\n")
    if bundle.figures.refused:
        complain(phrase("bundle.refused", language, keys=", ".join(bundle.figures.refused)))
    for name in written.kept:
        complain(phrase("bundle.kept", language, name=name))
