"""A national study at the command line: what `build`, `check` and `pay` do with a file that has `[national]`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kiban.commands.pooling import pooling
from kiban.commands.resuming import resuming
from kiban.commands.terminal import complain, progress, show, write
from kiban.commands.unsolved import leave_without_design, leave_without_national_plan
from kiban.errors import EXIT_INFEASIBLE, InputError, Problem
from kiban.messages import Message
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.finance.national import NationalQuestion
    from kiban.national.search.cut_pool import CutPool
    from kiban.scenario.package import Package
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore


def build_national_file(
    path: Path,
    out: str | None,
    *,
    as_json: bool,
    draws: int | None = None,
    movable_gap: float | None = None,
    price_response: bool = False,
    resume: str | None = None,
    workers: str | None = None,
    insist: bool = False,
    language: Language,
) -> None:
    """Plan a national study and print it; with `out`, save report, JSON and map to a new folder.

    `draws` and `movable_gap` go before `[risk] draws` and `[national] movable_gap` of the file; `price_response` makes
    prices of areas answer, whatever the file says.
    """
    from kiban.national.building import build_national
    from kiban.report.phrases import phrase
    from kiban.scenario.national_file import read_national, with_price_response

    begun = time.perf_counter()
    study = read_national(path).insisting(insist)
    if movable_gap is not None:
        study = study.changed(national={**study.national.model_dump(), "movable_gap": movable_gap})
    if price_response:
        study = with_price_response(study)
    if draws is not None:
        study = study.changed(risk={**(study.risk.model_dump() if study.risk is not None else {}), "draws": draws})
    if out is not None:
        from kiban.report.plan.folder import check_folder

        check_folder(out)
    with resuming(resume) as store, pooling(workers) as others, progress(language, spinner=not as_json) as tell:
        plan = build_national(study, pool=open_cut_pool(store, others), report=tell)
    if as_json:
        from kiban.report.national.document import national_document
        from kiban.report.plan.record import to_json

        write(to_json(national_document(plan)))
    else:
        from kiban.report.national.terminal import national_text

        show(lambda width: national_text(plan, language, width))
    outcome = [phrase("progress.done", language, seconds=f"{time.perf_counter() - begun:.1f}")]
    if out is not None:
        from kiban.report.national.folder import save_national

        save_national(plan, out)
        outcome.append(phrase("progress.saved", language, folder=out))
    complain("; ".join(outcome))
    if plan.status == "infeasible":
        raise typer.Exit(EXIT_INFEASIBLE)


def move_national_file(
    path: Path, bandwidth_gbit_s: float | None, *, as_json: bool, insist: bool = False, language: Language
) -> None:
    """Move compute between the sites of a national study's plan, hour by hour, and print what that saves."""
    from kiban.national.building import build_national
    from kiban.national.result.movement import move_compute
    from kiban.scenario.national_file import read_national

    study = read_national(path).insisting(insist)
    if study.phases is not None:  # said before the minutes that a plan takes
        raise InputError(Problem("movement.phases", key="phases"))
    if study.national.price_response != "none":
        raise InputError(Problem("national_study.response_build", key="national.price_response"))
    with progress(language, spinner=not as_json) as tell:
        plan = build_national(study, report=tell)
        movement = move_compute(plan, bandwidth_gbit_s=bandwidth_gbit_s, report=tell) if plan.sites else None
    if movement is None:
        leave_without_design(language)
    if as_json:
        from kiban.report.national.movement import movement_document
        from kiban.report.plan.record import to_json

        write(to_json(movement_document(movement, language)))
    else:
        from kiban.report.national.movement import movement_text

        show(lambda _: movement_text(movement, language))


def pay_national_file(
    path: Path,
    packages: Sequence[str],
    against: Sequence[str] | None,
    book: str | None,
    *,
    as_json: bool,
    insist: bool = False,
    language: Language,
) -> None:
    """Who pays for packages in a national study, and where; with `book`, the ledger as an Excel file."""
    if book is not None:
        from kiban.report.plan.workbook import check_new_file

        check_new_file(book)
    with asking_national_file(
        path, packages, against, spinner=not as_json, insist=insist, language=language
    ) as question:
        payment = question.pay(packages)
        question.tell(Message("progress.pay_downside"))
        payment = question.with_downside(payment)
    if book is not None:
        from kiban.report.national.payment_workbook import save_ledger_book

        save_ledger_book(payment, book)
    if as_json:
        from kiban.report.national.payment_document import national_payment_document
        from kiban.report.plan.record import to_json

        write(to_json(national_payment_document(payment)))
    else:
        from kiban.report.national.payment_terminal import national_payment_text

        show(lambda width: national_payment_text(payment, language, width))


@contextlib.contextmanager
def asking_national_file(
    path: Path,
    packages: Sequence[str | Package],
    against: Sequence[str] | None,
    *,
    spinner: bool,
    insist: bool = False,
    language: Language,
    store: AnswerStore | None = None,
    workers: Pool | None = None,
) -> Iterator[NationalQuestion]:
    """The question about a national study; one without a plan is explained, and left."""
    from kiban.finance.national import NationalQuestion
    from kiban.finance.national_choice import NationalInfeasibleError
    from kiban.scenario.national_file import read_national
    from kiban.scenario.package import load_package

    study, compared = read_national(path).insisting(insist), tuple(against or ("none",))
    for package in (*packages, *compared):
        # What is not there is said before anything is solved.
        load_package(package, study.folder)
    try:
        with progress(language, spinner=spinner) as tell:
            yield NationalQuestion(study, against=compared, memory=open_cut_pool(store, workers), report=tell)
    except NationalInfeasibleError as error:
        plan = error.plan
    else:
        return
    leave_without_national_plan(language, plan)


def open_cut_pool(store: AnswerStore | None, workers: Pool | None) -> CutPool:
    """What was evaluated of the sites, in a store where there is one, by a pool where there is one."""
    from kiban.national.search.cut_pool import CutPool
    from kiban.national.search.site_tasks import SiteWorkers

    return CutPool(store=store, workers=None if workers is None else SiteWorkers(workers))


def check_national_file(path: Path, language: Language, *, insist: bool = False) -> None:
    """Read a national study and the inputs of every site without solving; show the candidates."""
    with progress(language) as tell:
        tell(Message("progress.national_reading"))
        from kiban.catalogue import load_catalogue
        from kiban.national.study.assembly import write_problem
        from kiban.scenario.national_file import read_national
        from kiban.scenario.plausibility import note_doubts

        study = read_national(path).insisting(insist)
        problem, excluded = write_problem(study, load_catalogue())
    from kiban.report.national.check import candidates_text

    show(lambda _: candidates_text(problem.places, tuple(excluded), note_doubts(study), language))
