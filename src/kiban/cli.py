"""The command line: `kiban build | check | schema | init | sites | sources | pay | compare | sweep | what-is |
race | impact | economy | growth | connect | run | outages | levers | offers | operate | bundle | replay | forecast |
frontier | report | reproduce | why | key | sign | verify | serve | audit`.

Results go to stdout, progress and problems to stderr. Exit codes: 0 fine, 1 a fault of ours, 2 the user's
input, 3 evidence that does not hold, 4 infeasible. Whatever is heavy is imported by the command that needs it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from kiban.commands import (
    audit,
    bundling,
    connect,
    economy,
    forecast,
    frontier,
    growth,
    impact,
    levers,
    offers,
    operating,
    outages,
    paying,
    place,
    race,
    report,
    reproducing,
    running,
    serve,
    signing,
    what_is,
    why,
)
from kiban.commands.pooling import PoolOption
from kiban.commands.resuming import Resume
from kiban.commands.terminal import (
    Insist,
    Lang,
    choose_language,
    complain,
    complain_of,
    language_in,
    leave_closed_pipe,
    progress,
    show,
    write,
)
from kiban.errors import (
    EXIT_FAULT,
    EXIT_INFEASIBLE,
    EXIT_INPUT,
    InputError,
    KibanError,
    OutputError,
    Problem,
    ScenarioError,
    reason_of,
)
from kiban.messages import Message
from kiban.progress import Report
from kiban.quantities import Language

if TYPE_CHECKING:
    from kiban.planning.plan import Plan
    from kiban.scenario import Scenario as StudiedScenario

EXIT_INTERRUPTED = 130
NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG})
DEBUG = "KIBAN_DEBUG"
LANGUAGE = "kiban.language"
"""Where the invocation keeps its language, for errors that come before or after a command knows it."""


class Guarded(TyperGroup):
    """Turns errors into sentences on stderr and exit codes; no traceback unless `KIBAN_DEBUG` is set."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Note the language before any command reads its own options."""
        ctx.meta[LANGUAGE] = language_in(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        language = ctx.meta[LANGUAGE]
        try:
            return super().invoke(ctx)
        except InputError as error:
            complain_of(error, language)
            raise typer.Exit(EXIT_INPUT) from None
        except BrokenPipeError:
            leave_closed_pipe()
            raise typer.Exit from None
        except KeyboardInterrupt:
            from kiban.report.phrases import phrase

            complain(phrase("command.interrupted", language))
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except Exception as error:
            if type(error).__module__.startswith(("typer", "click")):
                raise  # usage errors, and typer's own way to leave
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                # Some of what is written to stdout is written by libraries.
                leave_closed_pipe()
                complain_of(OutputError(Problem("command.output", reason=reason_of(error))), language)
                raise typer.Exit(EXIT_INPUT) from None
            _complain_of_fault(error, language)
            raise typer.Exit(EXIT_FAULT) from None


app = typer.Typer(
    cls=Guarded,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Plan AI data centres together with their clean power, at provably least cost.",
    epilog="Exit codes: 0 fine, 1 a fault of kiban, 2 the input, 3 broken evidence, 4 infeasible.",
)

Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A TOML file, or the name of an example.")]
OptionalScenario = Annotated[
    str | None,
    typer.Argument(metavar="SCENARIO", help="A TOML file, or the name of an example; default: tomakomai."),
]


def main() -> None:
    """Entry point of the command `kiban`."""
    # Who started it may have closed them; what is written then goes nowhere.
    sys.stdout, sys.stderr = sys.stdout or io.StringIO(), sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        app(prog_name="kiban")
    except BrokenPipeError:
        leave_closed_pipe()
    except SystemExit as leaving:
        # Help is written by rich, which leaves with 1 where its reader has gone away.
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        leave_closed_pipe()


def _show_version(wanted: bool) -> None:
    if wanted:
        from kiban import __version__

        write(f"kiban {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Plan AI data centres together with their clean power, at provably least cost."""
    if context.invoked_subcommand is None:
        write(f"{context.get_help()}\n")


@app.command("build")
def build_command(
    scenario: OptionalScenario = None,
    out: Annotated[str | None, typer.Option("--out", metavar="DIR", help="Save the plan to this new folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the report.")] = False,
    draws: Annotated[
        int | None,
        typer.Option("--draws", metavar="N", min=0, max=5000, help="National: draws of assumptions; flip points."),
    ] = None,
    movable_gap: Annotated[
        float | None,
        typer.Option(
            "--movable-gap", metavar="SHARE", min=1e-6, max=1.0, help="National: gap on the cost that siting moves."
        ),
    ] = None,
    price_response: Annotated[
        bool, typer.Option("--price-response", help="National: hourly prices of areas rise with what all sites draw.")
    ] = False,
    resume: Resume = None,
    pool: PoolOption = None,
    at: place.At = None,
    weather: place.Weather = None,
    years: place.Years = None,
    load_mw: place.LoadMw = None,
    wind_mw: place.WindMw = None,
    currency: place.Currency = None,
    changes: place.Changes = None,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Find the least-cost plan of a scenario, or of a place by its coordinates, and prove it."""
    language = choose_language(lang)
    from kiban.scenario.examples import find_national

    asked = place.read_place(scenario, at, weather, years, load_mw, wind_mw, currency, changes)
    if asked is not None:
        from kiban.report.phrases import phrase

        complain(phrase("place.planned" if wind_mw is None else "place.planned_with_wind", language))
    national = find_national(scenario) if scenario is not None else None
    if national is not None:
        from kiban.commands.national import build_national_file

        build_national_file(
            national,
            out,
            as_json=as_json,
            draws=draws,
            movable_gap=movable_gap,
            price_response=price_response,
            resume=resume,
            workers=pool,
            insist=insist,
            language=language,
        )
        return
    options = {
        "--draws": draws is not None,
        "--movable-gap": movable_gap is not None,
        "--price-response": price_response,
        "--resume": resume is not None,
        "--pool": pool is not None,
    }
    given = next((name for name, is_given in options.items() if is_given), None)
    if given is not None:
        raise ScenarioError(Problem("command.only_national", key=given))
    begun = time.perf_counter()
    with progress(language, spinner=not as_json) as tell:
        plan = _build(asked or scenario, out, tell, insist=insist)
        if out is not None and plan.status == "optimal":
            from kiban.report.plan.folder import save_plan

            tell(Message("progress.saving"))
            save_plan(plan, out)
    if as_json:
        from kiban.report.plan.record import summarise, to_json

        write(to_json(summarise(plan)))
    else:
        from kiban.report.plan.terminal import plan_text

        show(lambda width: plan_text(plan, language, width))
    _close(plan, out, language, time.perf_counter() - begun)
    if plan.status == "infeasible":
        raise typer.Exit(EXIT_INFEASIBLE)


@app.command("check")
def check_command(scenario: Scenario, insist: Insist = False, lang: Lang = None) -> None:
    """Read a scenario and its inputs without solving; show what will be used."""
    language = choose_language(lang)
    from kiban.scenario.examples import find_national

    national = find_national(scenario)
    if national is not None:
        from kiban.commands.national import check_national_file

        check_national_file(national, language, insist=insist)
        return
    with progress(language) as tell:
        tell(Message("progress.inputs"))
        import kiban

        preparation = kiban.check(scenario, insist=insist)
    from kiban.report.plan.check import check_text

    show(lambda _: check_text(preparation, language, scenario))


@app.command("schema")
def schema_command(
    national: Annotated[bool, typer.Option("--national", help="Of national studies.")] = False,
) -> None:
    """Print the JSON Schema of scenarios: every key with its meaning and range."""
    import json

    if national:
        from kiban.scenario.national import NationalScenario as Model
    else:
        from kiban.scenario import Scenario as Model  # type: ignore[assignment]

    write(json.dumps(Model.model_json_schema(), ensure_ascii=False, indent=2) + "\n")


@app.command("init")
def init_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new file.")] = "scenario",
    lang: Lang = None,
) -> None:
    """Write a commented scenario to start from to a new file."""
    from kiban.report.phrases import phrase
    from kiban.report.starter import write_starter

    language = choose_language(lang)
    path = write_starter(name, language)
    write(phrase("init.written", language, path=path) + "\n")


@app.command("sites")
def sites_command(
    site: Annotated[str | None, typer.Argument(metavar="ID", help="Show what is known about this site.")] = None,
    lang: Lang = None,
) -> None:
    """List the candidate sites of the catalogue."""
    from kiban.catalogue import load_catalogue
    from kiban.report.catalogue import site_text, sites_text

    language, catalogue = choose_language(lang), load_catalogue()
    if site is None:
        show(lambda _: sites_text(catalogue, language))
    else:
        found = catalogue.site(site)
        show(lambda _: site_text(catalogue, found, language))


@app.command("sources")
def sources_command(
    pattern: Annotated[
        str | None, typer.Argument(metavar="PATTERN", help="An id, its beginning, a glob, a site, or words.")
    ] = None,
    lang: Lang = None,
) -> None:
    """Show where figures come from."""
    from kiban.catalogue import describe, load_catalogue
    from kiban.report.catalogue import facts_text, sources_text

    language, catalogue = choose_language(lang), load_catalogue()
    if pattern is None:
        show(lambda _: sources_text(catalogue, language))
    else:
        found = describe(catalogue, pattern)
        show(lambda _: facts_text(catalogue, found, language))


paying.register(app)
running.register(app)
operating.register(app)
bundling.register(app)
forecast.register(app)
what_is.register(app)
impact.register(app)
economy.register(app)
growth.register(app)
race.register(app)
connect.register(app)
outages.register(app)
levers.register(app)
offers.register(app)
frontier.register(app)
report.register(app)
reproducing.register(app)
signing.register(app)
why.register(app)
serve.register(app)
audit.register(app)


def _build(scenario: StudiedScenario | str | None, out: str | None, tell: Report, *, insist: bool) -> Plan:
    """The plan; the folder is looked at before the work, so that a name that is taken costs no time."""
    from kiban.scenario.examples import load_scenario

    read = load_scenario(scenario).insisting(insist)
    if out is not None:
        from kiban.report.plan.folder import check_folder

        check_folder(out)
    from kiban.planning.building import build

    return build(read, report=tell)


def _close(plan: Plan, out: str | None, language: Language, seconds: float) -> None:
    """Say on stderr what became of the plan."""
    from kiban.report.phrases import phrase

    done = phrase("progress.done", language, seconds=f"{seconds:.1f}")
    if out is None:
        outcome = phrase("progress.not_saved", language) if plan.status == "optimal" else ""
    elif plan.status == "optimal":
        outcome = phrase("progress.saved", language, folder=out)
    else:
        outcome = phrase("progress.not_saved_infeasible", language)
    complain("; ".join(filter(None, (done, outcome))))


def _complain_of_fault(error: BaseException, language: Language) -> None:
    """One sentence for a fault of ours, and how to report it."""
    from kiban.report.phrases import phrase

    said = " ".join(str(error).split())
    name = type(error).__name__
    what = said if isinstance(error, KibanError) else f"{name}: {said}" if said else name
    complain(phrase("command.fault", language, what=what.rstrip(".")))
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    else:
        complain(phrase("command.report", language, setting=f"{DEBUG}=1"))


if __name__ == "__main__":
    main()
