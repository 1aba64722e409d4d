"""A national study at the command line: what `kiban build` does with a file that has `[national]`."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from kiban.commands.terminal import complain, progress, show, write
from kiban.errors import EXIT_INFEASIBLE
from kiban.quantities import Language


def build_national_file(path: Path, out: str | None, *, as_json: bool, language: Language) -> None:
    """Plan a national study and print it; with `out`, save report, JSON and map to a new folder."""
    from kiban.report.phrases import phrase
    from kiban.scenario.national_file import read_national
    from kiban.siting.building import build_national

    begun = time.perf_counter()
    study = read_national(path)
    if out is not None:
        from kiban.report.folder import check_folder

        check_folder(out)
    with progress(language, spinner=not as_json) as tell:
        plan = build_national(study, report=tell)
    if as_json:
        from kiban.report.national_summary import summarise_national
        from kiban.report.summary import to_json

        write(to_json(summarise_national(plan)))
    else:
        from kiban.report.national import national_page

        show(lambda width: national_page(plan, language, width))
    outcome = [phrase("progress.done", language, seconds=f"{time.perf_counter() - begun:.1f}")]
    if out is not None:
        from kiban.report.national_folder import save_national

        save_national(plan, out)
        outcome.append(phrase("progress.saved", language, folder=out))
    complain("; ".join(outcome))
    if plan.status == "infeasible":
        raise typer.Exit(EXIT_INFEASIBLE)


def check_national_file(path: Path, language: Language) -> None:
    """Read a national study and the inputs of every site without solving; show the candidates."""
    with progress(language) as tell:
        tell("reading sites")
        from kiban.catalogue import load_catalogue
        from kiban.scenario.national_file import read_national
        from kiban.siting.study import write_problem

        problem, excluded = write_problem(read_national(path), load_catalogue())
    from kiban.report.national_candidates import candidates_page

    show(lambda _: candidates_page(problem.places, tuple(excluded), language))
