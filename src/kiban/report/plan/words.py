"""The sentences of a plan: its answer, the worth of its constraints, its proof, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kiban.calendar import HOURS_PER_YEAR
from kiban.planning.assumptions import group_by_subject
from kiban.planning.design import MEASURE, capacity_parts
from kiban.planning.plan import (
    LEAST_CAPACITIES,
    NO_SUPPLY,
    NO_SUPPLY_AT_TIMES,
    SURPLUS,
    Alternative,
    Change,
    Infeasibility,
    Plan,
    Relaxation,
    Worth,
)
from kiban.planning.provenance import Entry
from kiban.quantities import (
    Language,
    MoneyFormat,
    format_exact,
    format_given,
    format_number,
    format_quantity,
    format_share,
    round_outward,
    term,
    unit_text,
)
from kiban.report.names import (
    input_name,
    money_of,
    site_name,
    subject_name,
)
from kiban.report.phrases import load_phrases, phrase, phrase_or
from kiban.scenario import Scenario, SeriesReference

NEGLIGIBLE_POWER_SHARE = 1e-4
"""Capacities below this share of the largest one are the solver's dust, not a design."""
WORTHLESS_MYEN = 1e-4
SHOWN_WORTHS = 5
SERVING = frozenset({"it"})
_LEAST, _LIMIT = "_least", "_limit"
_POINT = 0.01


@dataclass(frozen=True, slots=True)
class Built:
    """A capacity that is built; `unit` as in names (`mw`), empty for a measure."""

    name: str
    subject: str
    unit: str
    value: float


def built_capacities(plan: Plan) -> tuple[Built, ...]:
    """Capacities above the solver's dust, in the order of the plan."""
    powers = [value for name, value in plan.capacities.items() if not name.startswith(MEASURE)]
    least = max(NEGLIGIBLE_POWER_SHARE * max(powers, default=0.0), 1e-6)
    return tuple(Built(name, *capacity_parts(name), value) for name, value in plan.capacities.items() if value > least)


def answer(plan: Plan, language: Language) -> str:
    """The sentence that answers the question of the scenario."""
    scenario = plan.scenario
    words = {
        "load": _load(plan, language),
        "place": phrase("answer.place", language, site=site_name(scenario, language)),
        "target": _target(scenario, language),
    }
    if plan.status == "infeasible":
        return phrase("answer.infeasible", language, **words)
    money = money_of(plan, language)
    cost = _capital(phrase("answer.cost", language, **words, cost=money.amount(plan.cost_myen_per_year)))
    prices = []
    gpu_hour = plan.indicators.get("cost_yen_per_gpu_hour")
    if gpu_hour is not None:
        prices.append(phrase("answer.per_gpu_hour", language, price=money.price(gpu_hour / 1e6)))
    power = plan.indicators.get("power_cost_myen_per_mwh")
    if power is not None:
        prices.append(phrase("answer.power", language, price=money.energy_price(power)))
    separator = "、" if language == "ja" else "; "
    values = {
        "cost": cost,
        "prices": phrase("answer.prices", language, prices=separator.join(prices)) if prices else "",
        "design": _design(plan, language),
    }
    if plan.cooling_system == "given":
        return phrase("answer.design_without_cooling", language, **values)
    return phrase("answer.design", language, **values, cooling=term(plan.cooling_system, language))


def _load(plan: Plan, language: Language) -> str:
    load = plan.scenario.load.it_load_mw
    if not isinstance(load, SeriesReference):
        return phrase("answer.load", language, it_load=format_given(load))
    energy = plan.indicators.get("it_energy_mwh_per_year")
    if energy is None:
        return phrase("answer.load_unknown", language)
    return phrase("answer.load_series", language, it_load=format_number(energy / HOURS_PER_YEAR))


def _target(scenario: Scenario, language: Language) -> str:
    targets = describe_targets(scenario, language)
    return phrase("answer.target", language, targets=_comma(language).join(targets)) if targets else ""


def describe_targets(scenario: Scenario, language: Language) -> list[str]:
    """What the design must reach, in words; empty where nothing is asked."""
    target, words = scenario.target, []
    if target.clean_share is not None:
        share = f"{format_given(target.clean_share * 100)}{'' if language == 'ja' else ' '}%"
        words.append(phrase("answer.clean", language, share=share))
    if target.carbon_cap_t_per_year is not None:
        cap = f"{target.carbon_cap_t_per_year:,.10g}"
        words.append(phrase("answer.carbon_cap", language, cap=cap))
    if target.water_cap_m3_per_year is not None:
        words.append(phrase("answer.water_cap", language, cap=f"{target.water_cap_m3_per_year:,.10g}"))
    return words


def _design(plan: Plan, language: Language) -> str:
    built = {capacity.subject: capacity for capacity in built_capacities(plan)}
    items = []
    for subject, capacity in built.items():
        amount = amount_text(capacity.value, capacity.unit, language)
        if subject in SERVING:
            continue
        if subject.startswith(MEASURE):
            name = subject.removeprefix(MEASURE).replace("_", " ")
            items.append(phrase("answer.measure", language, name=name))
        elif subject == "battery_energy" and "battery_power" in built:
            power = built["battery_power"]
            text = amount_text(power.value, power.unit, language)
            items.append(phrase("answer.battery", language, power=text, energy=amount))
        elif subject == "battery_power" and "battery_energy" in built:
            continue
        elif subject == "interconnection":
            items.append(phrase("answer.connection", language, amount=amount))
        else:
            items.append(phrase("answer.item", language, amount=amount, name=subject_name(subject, language)))
    return join_words(items, language) or phrase("answer.nothing", language)


def amount_text(value: float, unit: str, language: Language) -> str:
    """A capacity with three digits and its unit."""
    return f"{format_number(value)} {unit_text(unit, language)}".rstrip()


def join_words(items: Sequence[str], language: Language) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return _comma(language).join(items[:-1]) + phrase("answer.and", language) + items[-1]


def _comma(language: Language) -> str:
    return phrase("answer.comma", language)


def valuable_worths(plan: Plan) -> tuple[Worth, ...]:
    """Constraints that are worth anything, the most valuable first, as the plan orders them."""
    return tuple(worth for worth in plan.worths if worth.saving_myen > WORTHLESS_MYEN)


def worth_sentence(worth: Worth, money: MoneyFormat) -> str:
    """What one unit of relaxation saves, in words, without a full stop."""
    language, saving = money.language, money.amount(worth.saving_myen)
    if f"worth.{worth.name}" in load_phrases(language):
        return phrase(f"worth.{worth.name}", language, saving=saving)
    for ending, kind in ((_LEAST, "least"), (_LIMIT, "limit")):
        if worth.name.endswith(ending):
            name = subject_name(worth.name.removesuffix(ending), language)
            unit = unit_text(worth.unit, language)
            return phrase(f"worth.{kind}", language, unit=unit, name=name, saving=saving)
    name = worth.name.replace("_", " ")
    return phrase("worth.other", language, unit=unit_text(worth.unit, language), name=name, saving=saving)


def worth_now(worth: Worth, language: Language) -> str:
    """The key that holds the constraint, with the value that it has now where the scenario could have written it."""
    if worth.unit == "degC" and worth.limit == 0:
        return worth.key
    limit = worth.limit * _POINT if worth.unit == "point" else worth.limit
    return phrase("worth.now", language, key=worth.key, limit=format_given(limit))


def cooling_sentences(plan: Plan, language: Language) -> list[str]:
    """The chosen cooling system and by how much the others are dearer."""
    name = term(plan.cooling_system, language)
    if not plan.alternatives:
        return [_capital(phrase("cooling.only", language, name=name))]
    sentences = [phrase("cooling.chosen", language, name=name)]
    sentences += [alternative_sentence(other, plan, language) for other in plan.alternatives]
    return [_capital(sentence) for sentence in sentences]


def alternative_sentence(other: Alternative, plan: Plan, language: Language) -> str:
    """How much dearer another cooling system is."""
    more = max(other.cost_myen_per_year - plan.net_cost_myen_per_year, 0.0)
    share = more / plan.cost_myen_per_year if plan.cost_myen_per_year > 0 else 0.0
    return phrase(
        "cooling.at_least" if other.is_bound else "cooling.exact",
        language,
        name=term(other.cooling_system, language),
        more=money_of(plan, language).amount(more),
        share=f"+{format_share(share, language)}",
    )


def proof_sentence(plan: Plan, language: Language) -> str:
    """The certificate in one line; money in million yen with every digit that the proof has."""
    certificate = plan.certificate
    if certificate is None:
        return ""
    return phrase(
        "proof.line",
        language,
        primal=f"{certificate.primal:,.6f}",
        dual=f"{certificate.dual:,.6f}",
        unit=unit_text("myen", language),
        gap=f"{certificate.relative_gap:.1e}",
        solver=certificate.solver.replace("clarabel", "Clarabel").replace("highs", "HiGHS"),
        iterations=certificate.iterations,
    )


def assumed_sentences(inputs: Sequence[Entry], language: Language) -> list[str]:
    """How many inputs are of which origin, the assumed ones by subject, and every synthetic series by name."""
    counts = dict.fromkeys(("verified", "assumed", "given", "derived", "synthetic"), 0)
    for entry in inputs:
        counts[entry.status] += 1
    sentences = [phrase("assumed.counts", language, inputs=len(inputs), **counts)]
    groups = [
        phrase("assumed.group", language, name=subject_heading(subject, language), count=len(members))
        for subject, members in group_by_subject(entry for entry in inputs if entry.status == "assumed")
    ]
    if groups:
        sentences.append(phrase("assumed.groups", language, groups=_comma(language).join(groups)))
    synthetic = [_synthetic_name(entry, language) for entry in inputs if entry.status == "synthetic"]
    if synthetic:
        sentences.append(phrase("assumed.synthetic", language, names=_comma(language).join(synthetic)))
    return sentences


def subject_heading(subject: str, language: Language) -> str:
    """Word for a subject of inputs."""
    return phrase_or(f"subject.{subject}", language, term(subject, language))


def _synthetic_name(entry: Entry, language: Language) -> str:
    """The series' name; for the weather the fields that were generated."""
    for note in entry.notes:
        generated = note.values.get("weather_columns", ())
        if isinstance(generated, tuple) and generated:
            return join_words([phrase_or(f"column.{field}", language, field) for field in generated], language)
    return input_name(entry.name, language)


def plan_heading(plan: Plan, language: Language) -> str:
    """What a plan is of: site, size and policy."""
    scenario, policy = plan.scenario, plan.policy
    load = scenario.load.it_load_mw
    what = site_name(scenario, language)
    if isinstance(load, int | float):
        what = phrase("about.size", language, site=what, load=format_exact(load))
    if policy is None or not scenario.policy.packages:
        return what
    title = policy.title_ja if language == "ja" else policy.title_en
    return phrase("about.under", language, what=what, policy=title)


def infeasible_sentences(plan: Plan, language: Language) -> dict[str, list[str]]:
    """Why there is no design, by title: what collides, which hours fall short, what would help."""
    explanation = plan.infeasibility
    if explanation is None:
        return {}
    found = {"title.collisions": [_collision(key, explanation, language) for key in explanation.collisions]}
    if explanation.shortfall_mwh > 0:
        energy = format_number(explanation.shortfall_mwh)
        found["title.hours"] = [phrase("infeasible.shortfall", language, energy=energy)]
    if explanation.hours:
        hours = _comma(language).join(hour_text(hour, plan.scenario, language) for hour in explanation.hours)
        found.setdefault("title.hours", []).append(phrase("infeasible.hours", language, hours=hours))
    found["title.relaxations"] = [relaxation_sentence(item, plan, language) for item in explanation.relaxations]
    found["title.relaxations"].append(
        phrase("infeasible.alone" if explanation.relaxations else "infeasible.none", language)
    )
    return found


def _collision(key: str, explanation: Infeasibility, language: Language) -> str:
    """A colliding key with its value where a relaxation tells it."""
    if key in (LEAST_CAPACITIES, NO_SUPPLY, NO_SUPPLY_AT_TIMES, SURPLUS):
        return phrase(f"infeasible.{key}", language)
    name = key_name(key, language)
    for change in (change for relaxation in explanation.relaxations for change in relaxation.changes):
        if change.key == key:
            code = "infeasible.share" if change.unit == "share" else "infeasible.limit"
            amount = format_quantity(change.current, "share", language)
            return phrase(code, language, key=key, current=format_given(change.current), name=name, amount=amount)
    return phrase("infeasible.key", language, key=key, name=name)


def key_name(key: str, language: Language) -> str:
    """What a scenario key limits, in words."""
    known = {
        "target.clean_share": "clean_share",
        "target.carbon_cap_t_per_year": "year.emissions",
        "target.water_cap_m3_per_year": "year.water",
        "load.max_it_capacity_mw": "it",
        "battery.max_power_mw": "battery_power",
        "battery.max_energy_mwh": "battery_energy",
    }
    parts = key.split(".")
    if parts[0] == "storage":
        return term(f"storage_{parts[1]}_{'energy' if parts[-1].endswith('mwh') else 'power'}", language)
    name = known.get(key, parts[1] if parts[0] == "supply" and len(parts) > 1 else parts[0])
    if "." in name:
        return phrase(name, language)
    return term({"grid": "interconnection"}.get(name, name), language)


def relaxation_sentence(relaxation: Relaxation, plan: Plan, language: Language) -> str:
    """The changes that make the scenario feasible, rounded to the safe side, and what the plan would cost."""
    changes = [_change(change, language) for change in relaxation.changes]
    words = join_words(changes, language)
    cost = money_of(plan, language).amount(relaxation.cost_myen_per_year)
    return phrase("infeasible.relaxation", language, changes=words, cost=cost)


def relaxation_words(relaxation: Relaxation, language: Language) -> str:
    """The changes in words and units, from what holds to what is needed: クリーン電力比率 100% → 41.6%."""
    changes = []
    for change in relaxation.changes:
        now, needed = (
            format_quantity(value, change.unit, language)
            for value in (change.current, round_outward(change.needed, change.current))
        )
        name = _capital(key_name(change.key, language))
        changes.append(phrase("infeasible.step", language, name=name, now=now, needed=needed))
    return join_words(changes, language)


def _change(change: Change, language: Language) -> str:
    """What to write in the scenario and what stands there now; a share is said in per cent as well."""
    needed = round_outward(change.needed, change.current)
    given, current = format_given(needed), format_given(change.current)
    if change.unit != "share":
        return phrase("infeasible.change", language, key=change.key, needed=given, current=current)
    amount, now = (format_quantity(value, "share", language) for value in (needed, change.current))
    return phrase("infeasible.change_share", language, key=change.key, needed=given, amount=amount, current=now)


def hour_text(label: str, scenario: Scenario, language: Language) -> str:
    """An hour `2001-01-15 18:00` for a reader; the year of a typical year is no year and is left out."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)", label)
    if found is None:
        return label
    year, month, day, hour, minute = (int(part) for part in found.groups())
    named = scenario.weather.source != "typical"
    if language == "ja":
        clock = f"{hour}時" if minute == 0 else f"{hour}時{minute}分"
        return f"{f'{year}年' if named else ''}{month}月{day}日{clock}"
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day} {names[month - 1]}{f' {year}' if named else ''} {hour:02d}:{minute:02d}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
