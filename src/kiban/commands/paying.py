"""`kiban pay | compare | sweep`: who pays for a policy, instruments side by side, and a rate over a range."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.pooling import PoolOption, pooling
from kiban.commands.resuming import Resume, resuming, telling
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write
from kiban.commands.unsolved import leave_without_design
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.finance.compared import InstrumentRow
    from kiban.finance.comparison import Wanted
    from kiban.finance.paying import Question
    from kiban.scenario import Scenario

Packages = Annotated[
    list[str], typer.Option("--package", metavar="NAME", help="A policy package or its file; may be repeated.")
]
Against = Annotated[
    list[str] | None, typer.Option("--against", metavar="NAME", help="What to compare with; default: none.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")]
Draws = Annotated[
    int | None,
    typer.Option("--draws", metavar="N", help="Draw what is assumed N times: how firm the answer is; takes minutes."),
]
Subject = Annotated[
    str | None,
    typer.Argument(metavar="PLAN|SCENARIO", help="A plan's folder, a TOML file, or an example; default: tomakomai."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of PAY."""
    app.command("pay")(pay_command)
    app.command("compare")(compare_command)
    app.command("sweep")(sweep_command)


def pay_command(
    subject: Subject = None,
    package: Packages = ["tax-credit"],  # noqa: B006
    against: Against = None,
    book: Annotated[
        str | None,
        typer.Option("--book", metavar="FILE", help="Write the cash flow (or national ledger) to this new Excel file."),
    ] = None,
    budget_form: Annotated[
        Path | None,
        typer.Option("--budget-form", metavar="FILE", help="Write the loss by fiscal year to this new CSV file."),
    ] = None,
    draws: Draws = None,
    resume: Resume = None,
    pool: PoolOption = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the draws; default: the scenario's.")] = None,
    correlate: Annotated[
        list[str] | None,
        typer.Option("--correlate", metavar="ROW,ROW=R", help="Correlation of two drawn rows; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Show who pays for a policy package, what is windfall and what is induced."""
    from kiban.errors import InputError, OutputError, Problem
    from kiban.finance.public_risk import DRAWS
    from kiban.scenario.examples import find_national

    language = choose_language(lang)
    if budget_form is not None:
        require_new(budget_form)
    if resume is not None and draws is None:
        raise InputError(Problem("command.resume_alone", key="--resume"))
    if pool is not None and draws is None:
        raise InputError(Problem("command.pool_alone", key="--pool"))
    correlations = read_correlations(correlate or ())
    national = find_national(subject) if subject is not None else None
    if national is not None:
        from kiban.commands.national import pay_national_file

        if budget_form is not None:
            raise OutputError(Problem("command.only_one_site", key="--budget-form"))
        if draws is not None:
            raise OutputError(Problem("command.only_one_site", key="--draws"))
        pay_national_file(national, package, against, book, as_json=as_json, insist=insist, language=language)
        return
    with _asking(subject, package, against, language, spinner=not as_json, insist=insist) as (question, tell):
        payment = question.pay(package, report=tell, draws=DRAWS)
        if draws is not None:
            from kiban.finance.joint_draws import with_draws

            own = question.scenario.seed if seed is None else seed
            with resuming(resume) as store, pooling(pool) as others:
                payment = with_draws(
                    question, payment, draws=draws, seed=own, correlations=correlations, report=tell, store=store,
                    pool=others,
                )  # fmt: skip
        if book is not None:
            from kiban.report.payment.workbook import save_model_book

            save_model_book(payment.after.cash, book)
        if budget_form is not None:
            from kiban.finance.fiscal import FiscalViews
            from kiban.report.payment.fiscal import budget_csv

            write_new(budget_form, budget_csv(FiscalViews(payment).budget, language).encode())
    if as_json:
        from kiban.report.payment.document import payment_document
        from kiban.report.plan.record import to_json

        write(to_json(payment_document(payment)))
    else:
        from kiban.report.payment.terminal import payment_text

        show(lambda _: payment_text(payment, language))


def compare_command(
    packages: Annotated[
        list[str] | None, typer.Argument(metavar="PACKAGE", help="Packages to compare; default: five instruments.")
    ] = None,
    scenario: Annotated[str | None, typer.Option("--scenario", metavar="SCENARIO", help="Default: tomakomai.")] = None,
    budget: Annotated[
        float | None, typer.Option("--budget-myen", help="Spend exactly this in present value, million yen.")
    ] = None,
    induce: Annotated[
        float | None, typer.Option("--induce-mw", help="Find the least public money that induces this load, MW.")
    ] = None,
    clean: Annotated[
        float | None, typer.Option("--clean-share", help="Find the least public money that reaches this clean share.")
    ] = None,
    against: Against = None,
    resume: Resume = None,
    pool: PoolOption = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Lay packages side by side as they are, at equal cost, or at the least cost that reaches an aim."""
    from kiban.errors import InputError, Problem
    from kiban.finance.comparison import (
        INSTRUMENTS,
        as_they_are_wanted,
        equal_cost_wanted,
        least_public_money_wanted,
    )
    from kiban.scenario.package import load_package

    if sum(aim is not None for aim in (budget, induce, clean)) > 1:
        raise InputError(Problem("command.two_aims"))
    language, names = choose_language(lang), tuple(packages or INSTRUMENTS)
    title = "reverse" if induce is not None or clean is not None else "comparison" if budget is not None else "packages"

    def wanted(folder: Path) -> list[Wanted]:
        loaded = [load_package(name, folder) for name in names]
        if budget is not None:
            return equal_cost_wanted(budget, loaded)
        if induce is not None:
            return least_public_money_wanted("induced_it_mw", induce, loaded)
        if clean is not None:
            return least_public_money_wanted("clean_share", clean, loaded)
        return as_they_are_wanted(loaded)

    found = _answer_all(scenario, wanted, against, language, resume, pool, spinner=not as_json, insist=insist)
    if as_json:
        from kiban.report.payment.figures import instrument_documents
        from kiban.report.plan.record import to_json

        write(to_json({"instruments": instrument_documents(found)}))
    else:
        from kiban.report.payment.terminal import comparison_text
        from kiban.report.phrases import phrase

        show(lambda width: comparison_text(found, phrase(f"pay.title.{title}", language), language, width))


def sweep_command(
    subject: Subject = None,
    over: Annotated[
        str, typer.Option("--over", metavar="RATE=FROM:TO:STEP", help="credit_rate, grant_rate, ... and its range.")
    ] = "credit_rate=0:0.5:0.1",
    against: Against = None,
    resume: Resume = None,
    pool: PoolOption = None,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Ask the same question over a range of one rate."""
    from kiban.finance.comparison import sweep_wanted

    language = choose_language(lang)
    found = _answer_all(
        subject, lambda folder: sweep_wanted(over, folder), against, language, resume, pool, spinner=not as_json,
        insist=insist,
    )  # fmt: skip
    if as_json:
        from kiban.report.payment.figures import instrument_documents
        from kiban.report.plan.record import to_json

        write(to_json({"over": over, "points": instrument_documents(found)}))
    else:
        from kiban.report.payment.terminal import sweep_text
        from kiban.report.phrases import phrase

        show(lambda _: sweep_text(found, phrase("pay.title.sweep", language), language))


def read_correlations(given: Sequence[str]) -> dict[tuple[str, str], float]:
    """Correlations by pair of rows; InputError with every one that is none."""
    from kiban.errors import InputError, Problem

    found, problems = {}, []
    for text in given:
        pair, _, value = text.partition("=")
        first, comma, second = pair.partition(",")
        try:
            number = float(value)
        except ValueError:
            comma = ""
        if comma:
            found[first.strip(), second.strip()] = number
        else:
            problems.append(Problem("command.correlation", key="--correlate", text=text))
    if problems:
        raise InputError(problems)
    return found


@contextlib.contextmanager
def _asking(
    subject: str | None,
    packages: Sequence[str],
    against: list[str] | None,
    language: Language,
    *,
    spinner: bool,
    insist: bool,
) -> Iterator[tuple[Question, Report]]:
    """The question about a subject and where to tell progress; a scenario without a design is explained, and left."""
    from kiban.finance.paying import Question

    with _explaining(language), progress(language, spinner=spinner) as tell:
        tell(Message("progress.inputs"))
        asked, compared = read_subject(subject).insisting(insist), tuple(against or ("none",))
        yield Question(asked, against=compared, about=packages), tell


@contextlib.contextmanager
def _explaining(language: Language) -> Iterator[None]:
    """A scenario without a design is explained, and left."""
    from kiban.finance.paying import InfeasibleError

    try:
        yield
    except InfeasibleError as error:
        plan = error.plan
    else:
        return
    leave_without_design(language, plan)


def _answer_all(
    subject: str | None,
    wanted: Callable[[Path], list[Wanted]],
    against: list[str] | None,
    language: Language,
    resume: str | None,
    pool: str | None,
    *,
    spinner: bool,
    insist: bool,
) -> list[InstrumentRow]:
    """The answers that are wanted about a subject, be it a campus or a country; `wanted` is told the subject's folder.

    With `resume` each answer is kept there, and what is there is not made again. `pool`: who answers,
    or of a country who evaluates its sites.
    """
    from kiban.finance.compared import instrument_rows
    from kiban.finance.comparison import answer
    from kiban.finance.policy_points import point_tasks
    from kiban.scenario.examples import find_national
    from kiban.tasks.answering import answer_all

    national, compared = find_national(subject) if subject is not None else None, tuple(against or ("none",))
    with resuming(resume) as store:
        if national is None:
            with _explaining(language), progress(language, spinner=spinner) as tell:
                tell(Message("progress.inputs"))
                asked = read_subject(subject).insisting(insist)
                tasks = point_tasks(asked, compared, wanted(asked.folder))
                with pooling(pool) as others:
                    return list(answer_all(tasks, store=store, pool=others, progress=telling(store, language, tell)))
        from kiban.commands.national import asking_national_file

        packages = [one.package for one in wanted(national.parent)]
        with (
            pooling(pool) as others,
            asking_national_file(
                national, packages, against, spinner=spinner, insist=insist, language=language, store=store,
                workers=others,
            ) as question,
        ):  # fmt: skip
            return instrument_rows([answer(question, one) for one in wanted(question.folder)])
    raise AssertionError("a subject without a design leaves the command")


def read_subject(subject: str | None) -> Scenario:
    """The scenario of a plan's folder, of a file, or of the example of that name."""
    from kiban.errors import InputError, Problem
    from kiban.report.plan.folder import load_plan
    from kiban.scenario.examples import find_national, load_scenario

    if subject is not None and Path(subject).is_dir():
        return load_plan(subject).scenario
    if subject is not None and find_national(subject) is not None:
        raise InputError(Problem("command.not_compared", subject))
    return load_scenario(subject)
