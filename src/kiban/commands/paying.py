"""`kiban pay | compare | sweep`: who pays for a policy, instruments side by side, and a rate over a range."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.new_file import require_new, write_new
from kiban.commands.terminal import Insist, Lang, choose_language, complain, progress, show, write
from kiban.errors import EXIT_INFEASIBLE
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.finance.comparison import AnyQuestion
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
    from kiban.errors import OutputError, Problem
    from kiban.scenario.examples import find_national

    language = choose_language(lang)
    if budget_form is not None:
        require_new(budget_form)
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
        payment = question.pay(package, report=tell)
        tell(Message("progress.pay_downside"))
        payment = question.with_downside(payment)
        if draws is not None:
            from kiban.finance.joint_draws import with_draws

            own = question.scenario.seed if seed is None else seed
            payment = with_draws(question, payment, draws=draws, seed=own, correlations=correlations, report=tell)
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
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Lay packages side by side as they are, at equal cost, or at the least cost that reaches an aim."""
    from kiban.errors import InputError, Problem
    from kiban.finance.comparison import INSTRUMENTS, as_they_are, equal_cost, least_public_money

    if sum(aim is not None for aim in (budget, induce, clean)) > 1:
        raise InputError(Problem("command.two_aims"))
    language, names = choose_language(lang), tuple(packages or INSTRUMENTS)
    title = "reverse" if induce is not None or clean is not None else "comparison" if budget is not None else "packages"
    with _comparing(scenario, names, against, language, spinner=not as_json, insist=insist) as question:
        if budget is not None:
            found = equal_cost(question, budget, names)
        elif induce is not None:
            found = least_public_money(question, "induced_it_mw", induce, names)
        elif clean is not None:
            found = least_public_money(question, "clean_share", clean, names)
        else:
            found = as_they_are(question, names)
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
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Ask the same question over a range of one rate."""
    from kiban.finance.comparison import SWEEPS, sweep

    language = choose_language(lang)
    name = over.partition("=")[0]
    with _comparing(
        subject, [SWEEPS.get(name, name)], against, language, spinner=not as_json, insist=insist
    ) as question:
        found = sweep(question, over)
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
    from kiban.finance.paying import InfeasibleError, Question

    try:
        with progress(language, spinner=spinner) as tell:
            tell(Message("progress.inputs"))
            asked, compared = read_subject(subject).insisting(insist), tuple(against or ("none",))
            yield Question(asked, against=compared, about=packages), tell
    except InfeasibleError as error:
        plan = error.plan
    else:
        return
    from kiban.report.phrases import phrase
    from kiban.report.plan.terminal import plan_text

    show(lambda width: plan_text(plan, language, width))
    complain(phrase("command.no_design", language))
    raise typer.Exit(EXIT_INFEASIBLE)


@contextlib.contextmanager
def _comparing(
    subject: str | None,
    packages: Sequence[str],
    against: list[str] | None,
    language: Language,
    *,
    spinner: bool,
    insist: bool,
) -> Iterator[AnyQuestion]:
    """The question about a subject, be it a campus or a country, that is asked about one package after the other."""
    from kiban.scenario.examples import find_national

    national = find_national(subject) if subject is not None else None
    if national is None:
        with _asking(subject, packages, against, language, spinner=spinner, insist=insist) as (question, _):
            yield question
        return
    from kiban.commands.national import asking_national_file

    with asking_national_file(national, packages, against, spinner=spinner, insist=insist, language=language) as asked:
        yield asked


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
