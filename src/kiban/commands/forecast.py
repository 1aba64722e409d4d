"""`kiban forecast`: models of forecasts are trained, judged in yen, promoted, rolled back and retired."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiban.commands.running import (
    DAY,
    AsJson,
    FillGaps,
    PriceFiles,
    Subject,
    WindHeight,
    find_plan,
    read_days,
)
from kiban.commands.terminal import Insist, Lang, choose_language, progress, show, write
from kiban.errors import InputError, Problem

if TYPE_CHECKING:
    from kiban.operation.register import Register
    from kiban.planning.plan import Plan
    from kiban.progress import Report

forecast_app = typer.Typer(
    help="Train, judge and promote models of forecasts.",
    epilog="Exit codes: 0 fine, 1 a fault of kiban, 2 the input.",
    add_completion=False,
)

Models = Annotated[Path, typer.Option("--register", metavar="FILE", help="The file in which models are kept.")]
WeatherFiles = Annotated[
    list[str] | None, typer.Option("--weather", metavar="FILE", help="Weather of that time; may be repeated.")
]
First = Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day.")]
Horizon = Annotated[float, typer.Option("--horizon", metavar="HOURS", min=1, max=168, help="Hours ahead.")]
DEFAULT_HORIZON_HOURS = 48.0


def register(app: typer.Typer) -> None:
    """Add `kiban forecast` to the command line."""
    app.add_typer(forecast_app, name="forecast")


@forecast_app.command("train")
def train_command(
    models: Models,
    subject: Subject = None,
    weather: WeatherFiles = None,
    prices: PriceFiles = None,
    first: First = None,
    last: Last = None,
    wind_height: WindHeight = None,
    fill_gaps: FillGaps = None,
    horizon: Horizon = DEFAULT_HORIZON_HOURS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the fit.")] = 1,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Fit a model to a time (default: the plan's own year) and enter it in the register as a challenger."""
    from kiban.operation.forecast.training import Settings, require_library
    from kiban.operation.learning import learn
    from kiban.operation.register import Register
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    require_library()
    kept = Register(models, create=True)
    with progress(language) as tell:
        plan = _plan(subject, tell, insist=insist)
        period = read_days(weather, prices, first, last, wind_height, fill_gaps)
        model = learn(plan, period, Settings(horizon_hours=round(horizon), seed=seed))
        version = kept.add(model, _now())
    origin = model.origin
    days = f"{origin.steps * origin.step_hours / 24:g}"
    said = {"first": origin.first[:10], "last": origin.last[:10], "days": days, "path": models}
    write(phrase("model.trained", language, version=version, **said) + "\n")


@forecast_app.command("score")
def score_command(
    models: Models,
    subject: Subject = None,
    version: Annotated[
        str | None, typer.Option("--model", metavar="VERSION", help="The model; default: the newest challenger.")
    ] = None,
    weather: WeatherFiles = None,
    prices: PriceFiles = None,
    first: First = None,
    last: Last = None,
    wind_height: WindHeight = None,
    fill_gaps: FillGaps = None,
    horizon: Horizon = DEFAULT_HORIZON_HOURS,
    as_json: AsJson = False,
    insist: Insist = False,
    lang: Lang = None,
) -> None:
    """Operate a plan with a model and with the champion, and keep in the register which was cheaper."""
    from kiban.operation.learning import NO_CHAMPION, judge_of, try_model
    from kiban.operation.register import Register
    from kiban.report.operation.models import trial_document, trial_text

    language = choose_language(lang)
    kept = Register(models)
    chosen = version or _newest_challenger(kept)
    rival = kept.champion
    if rival == chosen:
        raise InputError(Problem("register.champion", str(models), chosen))
    model = kept.load(chosen)
    with progress(language, spinner=not as_json) as tell:
        plan = _plan(subject, tell, insist=insist)
        period = read_days(weather, prices, first, last, wind_height, fill_gaps)
        opponent = NO_CHAMPION if rival is None else kept.load(rival)
        trial = try_model(plan, model, opponent, period, horizon_hours=horizon, report=tell)
        judgement = judge_of(trial, rival or NO_CHAMPION)
        kept.judge(chosen, judgement, _now())
    if as_json:
        from kiban.report.plan.record import to_json

        write(to_json(trial_document(trial, judgement, chosen)))
    else:
        show(lambda _: trial_text(trial, judgement, chosen, language))


@forecast_app.command("promote")
def promote_command(
    models: Models,
    version: Annotated[
        str | None, typer.Argument(metavar="VERSION", help="The model; default: the newest challenger.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Put the champion before this one in its place again.")] = False,
    retire: Annotated[bool, typer.Option("--retire", help="Take the model out of use for good instead.")] = False,
    lang: Lang = None,
) -> None:
    """Make a model the champion, if a replay has shown that it costs no more; or go back; or retire one."""
    from kiban.operation.register import Register
    from kiban.report.phrases import phrase

    language = choose_language(lang)
    if back and (version is not None or retire):
        raise InputError(Problem("register.back_alone", key="--back"))
    if retire and version is None:
        raise InputError(Problem("register.retire_which", key="--retire"))
    kept = Register(models)
    if back:
        write(phrase("model.rolled_back", language, version=kept.roll_back(_now())) + "\n")
        return
    chosen = version or _newest_challenger(kept)
    if retire:
        kept.retire(chosen, _now())
        write(phrase("model.retired", language, version=chosen) + "\n")
        return
    kept.promote(chosen, _now())
    write(phrase("model.promoted", language, version=chosen) + "\n")


@forecast_app.command("list")
def list_command(models: Models, lang: Lang = None) -> None:
    """Show the models of a register: what each is, since when, and what a replay has found."""
    from kiban.operation.register import Register
    from kiban.report.operation.models import register_text

    language = choose_language(lang)
    entries = Register(models).entries()
    show(lambda _: register_text(entries, language))


def _plan(subject: str | None, tell: Report, *, insist: bool) -> Plan:
    plan = find_plan(subject, tell, insist=insist)
    if plan.status != "optimal":
        raise InputError(Problem("operation.no_design"))
    return plan


def _newest_challenger(kept: Register) -> str:
    found = [entry.version for entry in kept.entries() if entry.state == "challenger"]
    if not found:
        raise InputError(Problem("register.no_challenger", str(kept.path)))
    return found[-1]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
