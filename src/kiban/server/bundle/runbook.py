"""The runbook of a plan: its capacities and limits, what the service does not operate, and what to do at each alert."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from kiban.quantities import Language, format_percent, format_quantity, round_significant
from kiban.report.names import subject_name
from kiban.report.phrases import load_phrases, phrase
from kiban.server.bundle.alerts import RuleFile, spoken
from kiban.server.bundle.figures import SHOWN_DIGITS, Figures
from kiban.server.bundle.schedulers import whole_kw
from kiban.server.operating.meters import WATTS_PER_MW

SHARES: Final = ("clean_share", "clean_share_plan", "clean_share_month")
ROWS: Final = (
    ("it_watts", ()), ("firm_watts", ()), ("firm_least_watts", ()), ("flexible_watts", ("waiting",)),
    ("delay_hours", ("waiting",)), ("load_watts", ()), ("pue_mean", ()), ("pue_most", ()),
    ("import_limit_watts", ("grid",)), ("export_limit_watts", ("export",)), ("backup_watts", ("backup",)),
    ("backup_week_hours", ("backup",)), ("backup_permitted_hours", ("permit",)), ("clean_share_plan", ()),
    ("clean_share", ("clean",)), ("clean_share_month", ()), ("reserve_least_watts", ()),
    ("reserve_hours_short", ()),
)  # fmt: skip
"""Figures of the table, and what a plan must have for them."""


def make_runbook(figures: Figures, rules: tuple[RuleFile, ...], language: Language) -> str:
    """The runbook in Markdown."""
    blanks = runbook_blanks(figures, language)

    def say(key: str, **more: object) -> str:
        return phrase(f"runbook.{key}", language, **{**blanks, **more})

    lines = [f"# {say('title')}", "", say("introduction"), "", say("names_figures"), ""]
    lines += [f"## {say('figures')}", "", *_table((say("what"), say("value")), _figure_rows(figures, language)), ""]
    lines += [
        f"## {say('units')}",
        "",
        *_table((say("unit"), say("power"), say("energy")), _units(figures, language)),
        "",
    ]
    lines += [f"## {say('service')}", "", say("refused", keys=", ".join(f"`{key}`" for key in figures.refused))
              if figures.refused else say("operated"), ""]  # fmt: skip
    lines += [say("watch_without" if figures.refused else "watch"), ""]
    lines += [f"## {say('orders')}", "", say("order_text").strip(), ""]
    lines += [f"## {say('alerts')}", "", say("alerts_text"), ""]
    named: dict[str, list[dict[str, Any]]] = {}
    for one in rules:
        for rule in one.alerts:
            named.setdefault(rule["alert"], []).append(rule)
    severities = ("critical", "warning", "info")
    rows = sorted(named.values(), key=lambda same: severities.index(same[0]["labels"]["severity"]))
    lines += _table(
        (say("alert"), say("severity"), say("meaning")),
        [(f"[{same[0]['alert']}](#{same[0]['alert'].lower()})", say(f"severity_{same[0]['labels']['severity']}"),
          say_summary(same, language)) for same in rows],
    )  # fmt: skip
    for same in rows:
        name = same[0]["alert"]
        lines += ["", f"### {name}", "", phrase(f"alert_means.{name}", language, **blanks), ""]
        for rule in same:
            lasting = say("lasting", time=rule["for"]) if "for" in rule else ""
            lines.append(f"- {say('condition')}: `{rule['expr']}`{lasting}")
        lines += ["", phrase(f"alert_do.{name}", language, **blanks)]
    return "\n".join(lines) + "\n"


def runbook_blanks(figures: Figures, language: Language) -> Mapping[str, Any]:
    """The figures as a runbook says them: powers with their unit, shares in per cent."""
    return {
        **figures.values,
        **spoken(figures.values),
        **{name: format_percent(float(figures[name]), language) for name in SHARES},
        "accelerator_kw": whole_kw(figures) or "?",
    }


def say_summary(same: Sequence[Mapping[str, Any]], language: Language) -> str:
    """What an alert says, with dots where Prometheus fills in what it found; of several rules, where they differ."""
    key = "summary" if language == "en" else f"summary_{language}"
    said = [re.sub(r"\{\{.*?\}\}", "…", rule["annotations"][key]) for rule in same]
    if len(said) == 1:
        return said[0]
    ends = zip(*(reversed(one) for one in said), strict=False)
    same_end = [signs[0] for signs in takewhile(lambda signs: len(set(signs)) == 1, ends)]
    return f"…{''.join(reversed(same_end))}"


def known_sections(language: Language) -> frozenset[str]:
    """Alerts that a runbook can explain."""
    keys = load_phrases(language)
    return frozenset(key.removeprefix("alert_do.") for key in keys if key.startswith("alert_do."))


def _figure_rows(figures: Figures, language: Language) -> list[tuple[str, str]]:
    blanks = runbook_blanks(figures, language)
    rows = []
    for name, needs in ROWS:
        if set(needs) <= figures.has:
            stem, _, unit = name.rpartition("_")
            shown = blanks[stem] if unit in {"watts", "watthours"} else blanks[name]
            if unit in {"hours", "short"}:
                shown = format_quantity(float(figures[name]), "h", language)
            rows.append((phrase(f"runbook_figure.{name}", language), str(shown)))
    return rows


def _amount(value: float, unit: str, language: Language) -> str:
    return format_quantity(round_significant(value, SHOWN_DIGITS), unit, language)


def _units(figures: Figures, language: Language) -> list[tuple[str, str, str]]:
    rows = [
        (subject_name(name, language), _amount(power, "MW", language), "") for name, power in figures.plants_mw.items()
    ]
    rows += [
        (
            subject_name(name, language),
            " / ".join(_amount(value, "MW", language) for value in (store.charge_mw, store.discharge_mw)),
            _amount(store.energy_mwh, "MWh", language),
        )
        for name, store in figures.stores.items()
    ]
    for name in ("import_limit_watts", "backup_watts"):
        if figures[name]:
            power = _amount(float(figures[name]) / WATTS_PER_MW, "MW", language)
            rows.append((phrase(f"runbook_figure.{name}", language), power, ""))
    return rows


def _table(head: tuple[str, ...], rows: list[Any]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
