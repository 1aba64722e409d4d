"""What has no plan: it is explained, and the command left with its own exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

from kiban.commands.terminal import complain, show, write
from kiban.errors import EXIT_INFEASIBLE
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.national.result.plan import NationalPlan
    from kiban.planning.plan import Plan


def leave_without_design(language: Language, plan: Plan | None = None, *, as_json: bool = False) -> NoReturn:
    """Say that there is no design, with the plan that explains why where one is given, and leave."""
    if plan is not None and as_json:
        from kiban.report.plan.record import summarise, to_json

        write(to_json(summarise(plan)))
    elif plan is not None:
        from kiban.report.plan.terminal import plan_text

        show(lambda width: plan_text(plan, language, width))
    _leave("command.no_design", language)


def leave_without_national_plan(language: Language, plan: NationalPlan, *, as_json: bool = False) -> NoReturn:
    """Show the national plan that explains why there is none, and leave."""
    if as_json:
        from kiban.report.national.document import national_document
        from kiban.report.plan.record import to_json

        write(to_json(national_document(plan)))
    else:
        from kiban.report.national.terminal import national_text

        show(lambda width: national_text(plan, language, width))
    _leave("command.no_national_plan", language)


def _leave(said: str, language: Language) -> NoReturn:
    from kiban.report.phrases import phrase

    complain(phrase(said, language))
    raise typer.Exit(EXIT_INFEASIBLE)
