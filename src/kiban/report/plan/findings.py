"""The finding of each chart, in a sentence that serves as its title."""

from __future__ import annotations

from kiban.planning.assumptions import rank_assumptions
from kiban.planning.cost_groups import group_costs
from kiban.planning.design import design_rows
from kiban.planning.hours import WEEKS, describe_hours
from kiban.planning.plan import Plan
from kiban.quantities import Language, format_share
from kiban.report.names import input_name, money_of, subject_name
from kiban.report.phrases import phrase
from kiban.report.plan.words import amount_text, built_capacities, join_words, valuable_worths, worth_sentence

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
    figures = describe_hours(plan)
    if figures is None:
        return {}
    total = f"{figures.hours:,}"
    found = {"clean": phrase("finding.clean", language, hours=f"{figures.clean_hours:,}", total=total)}
    weeks = {name: format_share(share, language) for name, share in figures.week_shares.items()}
    if weeks.keys() == WEEKS.keys():
        found["weeks"] = phrase("finding.weeks", language, **weeks)
    shares = figures.month_shares
    if shares:
        lean, rich = min(shares, key=lambda month: shares[month]), max(shares, key=lambda month: shares[month])
        found["months"] = phrase(
            "finding.months",
            language,
            lean=phrase(f"month.{lean}", language),
            low=format_share(shares[lean], language),
            rich=phrase(f"month.{rich}", language),
            high=format_share(shares[rich], language),
        )
    if figures.free_hours is not None and figures.high_value_myen_per_mwh is not None:
        high = money_of(plan, language).energy_price(figures.high_value_myen_per_mwh)
        found["value"] = phrase("finding.value", language, free=f"{figures.free_hours:,}", total=total, high=high)
    return found
