"""The finding of each chart, in a sentence that serves as its title."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.plan import Plan
from kiban.quantities import Language, format_share
from kiban.report.names import input_name, money_of, subject_name
from kiban.report.phrases import phrase
from kiban.report.plan.assumptions import rank_assumptions
from kiban.report.plan.costs import group_costs
from kiban.report.plan.tables import design_rows
from kiban.report.plan.words import amount_text, built_capacities, join_words, valuable_worths, worth_sentence

WEEK_HOURS = 168
WINTER_WEEK, SUMMER_WEEK = (1, 14), (7, 16)
"""Month and day on which the weeks that charts show begin."""
CLEAN_TOLERANCE = 1e-4
WORTHLESS_MYEN_PER_MWH = 1e-5
_SERVING = ("it", "interconnection", "backup", "battery_energy")


def findings(plan: Plan, language: Language) -> dict[str, str]:
    """Titles of the charts of a plan, by chart; a chart that the plan has nothing for is left out."""
    if plan.status != "optimal":
        return {}
    found = {
        "costs": _costs(plan, language),
        "design": _design(plan, language),
        "worths": _worths(plan, language),
        "inputs": _inputs(plan, language),
    }
    found |= _hours(plan, language)
    return {name: sentence[:1].upper() + sentence[1:] for name, sentence in found.items() if sentence}


def clean_energy(plan: Plan) -> tuple[Array, Array]:
    """Energy of each step that is not clean, and its load, both as MW.

    Supply that a scenario marks as not clean counts with what it could deliver, as in the programme's target.
    """
    hourly = plan.hourly
    load = hourly["load_mw"]
    unclean = np.zeros_like(load)
    if "import_mw" in hourly:
        unclean = unclean + hourly["import_mw"] * (1.0 - hourly.get("grid_clean_share", np.zeros_like(load)))
    if "backup_mw" in hourly:
        unclean = unclean + hourly["backup_mw"]
    for name, option in plan.scenario.supply.items():
        if not option.clean:
            unclean = unclean + hourly.get(f"{name}_available_mw", hourly.get(f"{name}_mw", np.zeros_like(load)))
    return np.minimum(unclean, load), load


def week_start(plan: Plan, month: int, day: int) -> int | None:
    """First step of a week of the first weather year; None where the horizon does not hold all of it."""
    local = _local_time(plan)
    days = local.astype("datetime64[D]")
    in_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    at = np.flatnonzero((_months(local) == month) & (in_month == day) & (local == days))
    steps = _week_steps(plan)
    if not at.size or int(at[0]) + steps > len(local):
        return None
    return int(at[0])


def _local_time(plan: Plan) -> npt.NDArray[np.datetime64]:
    """Start of each step by the place's clock: numpy takes dates apart faster than an index with a time zone."""
    local: npt.NDArray[np.datetime64] = plan.time.tz_localize(None).to_numpy()
    return local


def _months(local: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    return local.astype("datetime64[M]").astype(np.int64) % 12 + 1


def _week_steps(plan: Plan) -> int:
    return round(WEEK_HOURS / plan.scenario.time.step_hours)


def _costs(plan: Plan, language: Language) -> str:
    total, groups = plan.cost_myen_per_year, group_costs(plan.costs)
    if total <= 0 or not groups:
        return ""
    items = [(cost, subject_name(item, language)) for group in groups for item, cost in group.items.items()]
    largest, name = max(items)
    words = {"name": name, "share": format_share(largest / total, language)}
    power = plan.indicators.get("power_cost_myen_per_year")
    if power is None:
        return phrase("finding.costs_one", language, **words)
    return phrase("finding.costs", language, **words, power=format_share(power / total, language))


def _design(plan: Plan, language: Language) -> str:
    plants = [built for built in built_capacities(plan) if built.unit == "mw" and built.subject not in _SERVING]
    if not plants:
        return ""
    largest = max(plants, key=lambda built: built.value)
    words = {
        "name": subject_name(largest.subject, language),
        "amount": amount_text(largest.value, largest.unit, language),
    }
    names = {built.subject for built in plants}
    reached = [
        subject_name(row.subject, language)
        for row in design_rows(plan)
        if row.subject in names and row.limit is not None and row.value >= row.limit * (1.0 - 1e-6)
    ]
    if not reached:
        return phrase("finding.design", language, **words)
    return phrase("finding.design_reached", language, **words, reached=join_words(reached, language))


def _worths(plan: Plan, language: Language) -> str:
    # That less compute costs less says nothing about the limits of the place.
    worths = [worth for worth in valuable_worths(plan) if worth.name != "it_least"]
    if not worths:
        return phrase("finding.worths_none", language)
    return phrase("finding.worths", language, sentence=worth_sentence(worths[0], money_of(plan, language)))


def _inputs(plan: Plan, language: Language) -> str:
    ranked = rank_assumptions(plan)
    inputs = len(plan.provenance)
    if not ranked:
        return phrase("finding.inputs_none", language, inputs=inputs)
    name = input_name(ranked[0].entry.name, language)
    return phrase("finding.inputs", language, inputs=inputs, assumed=len(plan.assumptions), name=name)


def _hours(plan: Plan, language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    unclean, load = clean_energy(plan)
    steps = len(load)
    if not steps or load.sum() <= 0:
        return found
    clean = int(np.sum(unclean <= CLEAN_TOLERANCE * np.maximum(load, 1e-9)) * plan.scenario.time.step_hours)
    total = int(steps * plan.scenario.time.step_hours)
    found["clean"] = phrase("finding.clean", language, hours=f"{clean:,}", total=f"{total:,}")
    weeks = {}
    for name, (month, day) in (("winter", WINTER_WEEK), ("summer", SUMMER_WEEK)):
        start = week_start(plan, month, day)
        if start is not None:
            part = slice(start, start + _week_steps(plan))
            weeks[name] = format_share(1.0 - float(unclean[part].sum() / load[part].sum()), language)
    if len(weeks) == 2:
        found["weeks"] = phrase("finding.weeks", language, **weeks)
    if total >= HOURS_PER_YEAR:
        months = _months(_local_time(plan))
        shares = {
            month: 1.0 - float(unclean[months == month].sum() / load[months == month].sum()) for month in range(1, 13)
        }
        lean, rich = min(shares, key=lambda month: shares[month]), max(shares, key=lambda month: shares[month])
        found["months"] = phrase(
            "finding.months",
            language,
            lean=phrase(f"month.{lean}", language),
            low=format_share(shares[lean], language),
            rich=phrase(f"month.{rich}", language),
            high=format_share(shares[rich], language),
        )
    value = plan.hourly.get("energy_value_myen_per_mwh")
    if value is not None:
        money = money_of(plan, language)
        free = int(np.sum(value < WORTHLESS_MYEN_PER_MWH) * plan.scenario.time.step_hours)
        words = {"free": f"{free:,}", "total": f"{total:,}", "high": money.energy_price(float(np.quantile(value, 0.9)))}
        found["value"] = phrase("finding.value", language, **words)
    return found
