"""The national plan at the command line: where, why, what is built, what it costs, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from kiban.catalogue import load_catalogue
from kiban.national.result.plan import Delay, Entry, FlipPoint, NationalPlan, Relaxation, Robustness, SitePlan
from kiban.quantities import (
    MWH_PER_GWH,
    YEN_PER_MYEN,
    Language,
    MoneyFormat,
    format_number,
    format_percent,
    format_share,
    term,
)
from kiban.report.layout import INDENT, NOTHING, Sentence, bullets, lines, pairs, remark, section, table
from kiban.report.messages import say
from kiban.report.names import study_money
from kiban.report.national.flows import flows_section, weather_note
from kiban.report.national.limits import limits_section
from kiban.report.national.prices import prices_section
from kiban.report.national.words import (
    answer,
    movable_sentence,
    name_of,
    near_sentence,
    policy_notes,
    power_text,
    site_name,
    turnover_sentence,
    why_sentence,
)
from kiban.report.phrases import phrase, phrase_or

LEAST_SHOWN_MW = 0.5
SHOWN_ENTRIES = 8
COST_ITEMS = ("compute", "power", "hazard", "land", "site", "latency")


def national_text(plan: NationalPlan, language: Language, width: int) -> RenderableType:
    """Everything that `kiban build` prints of a national plan."""
    money = study_money(plan.study.money, language)
    if plan.status == "infeasible":
        return _infeasible_text(plan, language, money)
    parts: list[RenderableType] = [Sentence(answer(plan, language), style="bold")]
    if plan.income_myen:
        net = plan.net_cost_myen
        parts.append(Sentence(_say("income", language, income=money.amount(plan.income_myen), net=money.amount(net))))
    parts += section(_say("title_sites", language), _sites(plan, language, money, width))
    waiting = [site for site in plan.sites if site.waits]
    if waiting:
        parts.append(remark("  " + " ".join(_waits(site, language) for site in waiting)))
    if len(plan.study.years) > 1:
        parts += section(_say("title_phases", language), _phases(plan, language))
    parts += section(_say("title_served", language), bullets(_served(plan, language)))
    parts += section(
        _say("title_why", language), bullets(why_sentence(plan, site, language, money) for site in plan.sites)
    )
    parts += section(_say("title_power", language), bullets(_built(site, language) for site in plan.sites))
    if plan.late_supply:
        parts.append(remark("  " + _late(plan, language)))
    parts += section(_say("title_costs", language), pairs(_costs(plan, language, money)))
    parts += section(_say("title_areas", language), _areas(plan, language))
    if plan.flows is not None:
        parts += section(phrase("flows.title", language), flows_section(plan.flows, language, money))
    if plan.limits:
        parts += section(phrase("limits.title", language), limits_section(plan, language, money))
    if plan.price_answer is not None:
        answered = prices_section(plan, plan.price_answer, language, money)
        parts += section(phrase("national_prices.title", language), answered)
    parts += section(_say("title_hazard", language), bullets(_hazard(site, language, money) for site in plan.sites))
    if plan.excluded:
        parts += section(_say("title_excluded", language), bullets(_excluded(plan, language)))
    if plan.near_optima:
        near = [near_sentence(plan, other, language, money) for other in plan.near_optima]
        parts += section(_say("title_near", language), bullets(near))
    if plan.entries:
        entries = [_entry(plan, entry, language, money) for entry in plan.entries[:SHOWN_ENTRIES]]
        parts += section(_say("title_entry", language), bullets(entries))
    if plan.robustness is not None:
        parts += section(_say("title_risk", language), _risk(plan, plan.robustness, language, money))
        if plan.robustness.flips:
            flips = [
                _flip(plan, flip, language) + turnover_sentence(plan, flip, language) for flip in plan.robustness.flips
            ]
            flips += [_delay(plan, plan.delay, language, money)] if plan.delay is not None else []
            parts += section(_say("title_flips", language), bullets(flips))
    parts += section(
        _say("title_proof", language), lines([_bounds(plan, language, money), movable_sentence(plan, language, money)])
    )
    parts += section(
        _say("title_notes", language),
        bullets(
            [
                *(say(note, language) for note in plan.notes),
                _say("note_model", language),
                *policy_notes(plan, language),
                weather_note(plan, language),
                *([say(plan.one_way.note(), language)] if plan.one_way is not None else ()),
            ]
        ),
    )
    return Group(*parts)


def _say(key: str, language: Language, /, **values: object) -> str:
    return phrase(f"national.{key}", language, **values)


def _join(words: Iterable[str], language: Language) -> str:
    return _say("comma", language).join(words)


def _area(area: str, language: Language) -> str:
    return phrase_or(f"area.{area}", language, area)


def _sites(plan: NationalPlan, language: Language, money: MoneyFormat, width: int) -> RenderableType:
    tranches = [tranche.id for tranche in plan.study.tranche]
    unit = "億円" if money.language == "ja" else "¥ m"
    scale = 100.0 if money.language == "ja" else 1.0
    yen = "円" if money.language == "ja" else "¥"
    columns: list[tuple[str, list[str]]] = [
        (_say("site", language), [name_of(site.candidate, language) for site in plan.sites]),
        *((name, [_mw(site.load_mw.get(name, 0.0)) for site in plan.sites]) for name in tranches),
        (_say("total", language), [_mw(site.total_mw) for site in plan.sites]),
        (
            _say("per_mw", language, unit=unit),
            [format_number(site.cost_myen / site.total_mw / scale, 4) for site in plan.sites],
        ),
        (
            _say("power_price", language, unit=yen),
            [format_number(site.power_cost_myen_per_mwh * YEN_PER_MYEN) for site in plan.sites],
        ),
        (_say("clean", language), [format_percent(site.clean_share, language) for site in plan.sites]),
        (
            _say("round_trip_tokyo", language),
            [format_number(site.candidate.round_trip_ms["tokyo"]) for site in plan.sites],
        ),
        (
            _say("round_trip_osaka", language),
            [format_number(site.candidate.round_trip_ms["osaka"]) for site in plan.sites],
        ),
        (_say("year", language), [f"{site.candidate.connection_year:.0f}" for site in plan.sites]),
    ]
    totals = [sum(site.load_mw.get(name, 0.0) for site in plan.sites) for name in tranches]
    whole = sum(totals)
    bottom = [_say("total", language), *(_mw(total) for total in totals), _mw(whole)]
    bottom.append(format_number(plan.cost_myen / whole / scale, 4))
    while len(columns) > len(tranches) + 2 and sum(_columns_wide(*column) for column in columns) > width - INDENT:
        columns.pop()
    bottom = [*bottom, *[NOTHING] * len(columns)][: len(columns)]
    rows = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    headings = [heading for heading, _ in columns]
    return table(headings, [*rows, bottom], numeric=range(1, len(headings)), bold=(len(rows),))


def _columns_wide(heading: str, cells: list[str]) -> int:
    """Room that a column needs, with the blanks beside it."""
    return 3 + max(cell_len(text) for text in [*heading.split("\n"), *cells])


def _mw(mw: float) -> str:
    return NOTHING if mw < LEAST_SHOWN_MW else f"{mw:,.0f}"


def _waits(site: SitePlan, language: Language) -> str:
    year = f"{site.candidate.connection_year:.0f}"
    return _say("waits", language, name=name_of(site.candidate, language), year=year)


def _phases(plan: NationalPlan, language: Language) -> RenderableType:
    headings = [_say("site", language), *(str(year) for year in plan.study.years)]
    rows = [[name_of(site.candidate, language), *(_mw(mw) for mw in site.phase_load_mw)] for site in plan.sites]
    totals = [sum(site.phase_load_mw[phase] for site in plan.sites) for phase in range(len(plan.study.years))]
    rows.append([_say("total", language), *(_mw(total) for total in totals)])
    return table(headings, rows, numeric=range(1, len(headings)), bold=(len(rows) - 1,))


def _served(plan: NationalPlan, language: Language) -> list[str]:
    sentences = []
    for tranche in plan.study.tranche:
        served = plan.served_mw[tranche.id]
        limit = _say("served_anywhere", language)
        if tranche.max_round_trip_ms is not None:
            hub = _say(f"hub_{tranche.hub}", language)
            limit = _say("served_within", language, limit=format_number(tranche.max_round_trip_ms), hub=hub)
        demand = power_text(tranche.load_mw(len(served) - 1))
        sentences.append(
            _say("served", language, name=tranche.id, load=power_text(served[-1]), demand=demand, limit=limit)
        )
    return sentences


def _built(site: SitePlan, language: Language) -> str:
    words = []
    for name, value in site.capacities.items():
        if name == "it" or name.endswith("_excess") or value < LEAST_SHOWN_MW:
            continue
        amount = f"{format_number(value)} {'MWh' if name == 'battery_energy' else 'MW'}"
        words.append(_say("built_item", language, amount=amount, what=term(name, language)))
    return _say("built", language, name=name_of(site.candidate, language), mix=_join(words, language))


def _late(plan: NationalPlan, language: Language) -> str:
    options = [
        _say("late_item", language, what=term(name, language), year=math.ceil(first))
        for name, first in sorted(plan.late_supply.items(), key=lambda item: (item[1], item[0]))
    ]
    year = plan.study.years[0]
    return _say("late", language, year=year, start=plan.study.national.decision_year, options=_join(options, language))


def _costs(plan: NationalPlan, language: Language, money: MoneyFormat) -> list[tuple[str, str]]:
    totals = {item: sum(site.costs[item] for site in plan.sites) for item in COST_ITEMS}
    totals["reinforcement"] = plan.reinforcement_myen
    rows = [(_say(f"item_{item}", language), money.amount(cost)) for item, cost in totals.items() if cost]
    return [*rows, (_say("total", language), money.amount(plan.cost_myen))]


def _areas(plan: NationalPlan, language: Language) -> RenderableType:
    names = ("area", "mw", "headroom", "connection", "reinforcement", "floor", "curtailed")
    used = [area for area in plan.areas if area.load_mw > LEAST_SHOWN_MW]
    rows = [
        [
            _area(area.area, language),
            _mw(area.load_mw),
            _mw(area.headroom_mw),
            _mw(area.connection_mw),
            _mw(area.reinforcement_mw),
            _gwh(area.floor_import_mwh),
            NOTHING if area.curtailed_mwh is None else _gwh(area.curtailed_mwh),
        ]
        for area in used
    ]
    made = table([_say(name, language) for name in names], rows, numeric=range(1, len(names)))
    floor = sum(area.floor_import_mwh for area in used)
    curtailed = sum(area.curtailed_mwh or 0.0 for area in used)
    return Group(
        made, Text(), remark(_say("absorbed", language, floor=_gwh(floor) or "0", curtailed=_gwh(curtailed) or "0"))
    )


def _gwh(mwh: float) -> str:
    return f"{mwh / MWH_PER_GWH:,.0f}"


def _hazard(site: SitePlan, language: Language, money: MoneyFormat) -> str:
    return _say(
        "hazard_line",
        language,
        name=name_of(site.candidate, language),
        cost=money.amount(site.hazard.total_myen),
        protection=_say(f"protection_{site.hazard.protection}", language),
        hours=format_number(site.hazard.downtime_hours),
    )


def _excluded(plan: NationalPlan, language: Language) -> list[str]:
    catalogue = load_catalogue()
    names = {site.id: site.name_ja if language == "ja" else site.name_en for site in catalogue.sites.values()}
    return [
        _say(
            "excluded",
            language,
            name=names.get(left.site, left.site),
            key=left.key,
            value=f"{left.value:g}",
            limit=f"{left.limit:g}",
        )
        for left in plan.excluded
    ]


def _entry(plan: NationalPlan, entry: Entry, language: Language, money: MoneyFormat) -> str:
    return _say(
        "entry",
        language,
        name=site_name(plan, entry.site, language),
        support=money.amount(entry.support_myen_per_mw),
        load=power_text(entry.load_mw),
    )


def _delay(plan: NationalPlan, delay: Delay, language: Language, money: MoneyFormat) -> str:
    more = money.amount(delay.more_myen)
    if delay.load_mw < LEAST_SHOWN_MW:
        names = _join((site_name(plan, other, language) for other in delay.instead), language)
        instead = _say("instead", language, names=names or NOTHING)
        outcome = _say("flip_lead_gone", language, instead=instead, more=more)
    else:
        outcome = _say("flip_lead_stays", language, load=power_text(delay.load_mw), more=more)
    return _say("flip_lead", language, site=site_name(plan, delay.site, language), year=delay.year, outcome=outcome)


def _risk(plan: NationalPlan, risk: Robustness, language: Language, money: MoneyFormat) -> RenderableType:
    low, middle, high = (money.amount(cost) for cost in risk.cost_myen)
    spread = _say("risk", language, draws=risk.draws, seed=plan.study.national.seed, low=low, middle=middle, high=high)
    now = {site.candidate.id: site.total_mw for site in plan.sites}
    shown = sorted(
        (name for name in risk.chosen if risk.chosen[name] >= 0.05 or name in now),
        key=lambda name: (-risk.chosen[name], name),
    )
    rows = [
        [
            site_name(plan, name, language),
            format_percent(risk.chosen[name], language),
            _mw(risk.mean_mw[name]),
            _mw(now.get(name, 0.0)),
        ]
        for name in shown
    ]
    headings = [_say(name, language) for name in ("site", "risk_chosen", "risk_mean", "risk_now")]
    made = table(headings, rows, numeric=(1, 2, 3))
    return Group(lines([spread]), Text(), made, Text(), remark(_say("risk_basis", language)))


def _flip(plan: NationalPlan, flip: FlipPoint, language: Language) -> str:
    assumption = _say(f"assumption_{flip.assumption}", language)
    site = site_name(plan, flip.site, language)
    where = []
    if flip.lower is not None:
        where.append(_say("flip_down", language, factor=f"{flip.lower:.2f}"))
    if flip.upper is not None:
        where.append(_say("flip_up", language, factor=f"{flip.upper:.2f}"))
    if not where:
        low, high = plan.robustness.ranges["search"] if plan.robustness is not None else (0.0, 0.0)
        return _say("flip_none", language, assumption=assumption, site=site, low=f"{low:g}", high=f"{high:g}")
    said = _say("flip_or", language).join(where)
    if not flip.instead:
        return _say("flip_alone", language, assumption=assumption, site=site, where=said)
    instead = _join((site_name(plan, name, language) for name in flip.instead), language)
    return _say("flip", language, assumption=assumption, site=site, where=said, instead=instead)


def _bounds(plan: NationalPlan, language: Language, money: MoneyFormat) -> str:
    return _say(
        "bounds",
        language,
        bound=money.amount(plan.bound_myen),
        gap=f"{plan.relative_gap:.2%}",
        rounds=plan.rounds,
        solves=plan.solves,
    )


def _infeasible_text(plan: NationalPlan, language: Language, money: MoneyFormat) -> RenderableType:
    parts: list[RenderableType] = [Sentence(_say("infeasible", language), style="bold")]
    sentences = [_relaxation(change, language, money) for change in plan.relaxations]
    content = bullets(sentences) if sentences else lines([_say("no_relaxation", language)])
    parts += section(_say("title_relaxations", language), content)
    if plan.excluded:
        parts += section(_say("title_excluded", language), bullets(_excluded(plan, language)))
    return Group(*parts)


def _relaxation(change: Relaxation, language: Language, money: MoneyFormat) -> str:
    key, _, name = change.key.partition(".")
    shown = _area(name, language) if key == "headroom" else name
    return _say(
        "relaxation",
        language,
        what=_say(f"key_{key}", language, name=shown) if name else _say(f"key_{key}", language),
        current=_amount(change.current, change.unit, language, money),
        needed=_amount(change.needed, change.unit, language, money),
    )


def _amount(value: float, unit: str, language: Language, money: MoneyFormat) -> str:
    if unit == "myen":
        return money.amount(value)
    if unit == "share":
        return format_share(value, language)
    return f"{format_number(value, 4)} {unit}".rstrip()
