"""Rules of Prometheus for a plan, and promtool's test of each alert: it fires when it shall, and is quiet else.

Rules of the living service are those that come with `kiban operate`; rules of the campus are made from
`templates/campus.yml` with the plan's numbers. Every alert says itself in both languages and names its section of
the runbook.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from kiban.operation.events import BATTERY
from kiban.quantities import Language
from kiban.report.phrases import phrase
from kiban.server.bundle.figures import Figure, Figures
from kiban.server.bundle.filling import fill, load_template, suits
from kiban.server.bundle.text import load_library
from kiban.server.operating.meters import METERS, OUTPUT_METRIC, POSSIBLE_METRIC, UNIT_LABEL, WATTS_PER_MW

CAMPUS: Final = "campus.yml"
SERVICE_RULES, SERVICE_TESTS = "kiban.rules.yml", "kiban.rules.test.yml"
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ja")
ALWAYS: Final = {
    "firm_mw": (), "backlog_mwh": ("waiting",), "served_mw": ("waiting",), "load_mw": (), "import_mw": ("grid",),
    "backup_mw": ("backup",),
}  # fmt: skip
"""Series on which windows or other rules rest, and what a plan must have for that."""
CHARGE_METRIC: Final = "campus_state_of_charge_watthours"
HOURS_PER_WEEK: Final = 168
WEEKS_PER_DAY: Final = 7
STEPS_PER_HOUR: Final = 12
QUIET_HOURS: Final = 336
"""Before the backup begins to run in the test of the permit."""
PROMETHEUS: Final = {
    "found": "{{ $value | humanize }}",
    "share": "{{ $value | humanizePercentage }}",
}
"""What Prometheus fills into what an alert says."""
PREFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class RuleFile:
    """Rules of one file, and the tests of its alerts."""

    name: str
    groups: list[dict[str, Any]]
    tests: list[dict[str, Any]]
    evaluated: str
    """How often promtool evaluates them."""

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """Every rule that is an alert."""
        return [rule for group in self.groups for rule in group["rules"] if "alert" in rule]

    @property
    def test_name(self) -> str:
        """Name of the file of tests."""
        return f"{self.name.removesuffix('.yml')}.test.yml"

    def test_content(self) -> dict[str, Any]:
        """What promtool reads."""
        return {"rule_files": [self.name], "evaluation_interval": self.evaluated, "tests": self.tests}


def read_margins() -> Mapping[str, float]:
    """Margins of the alerts: how far from a limit of the plan an alert stands."""
    found: Mapping[str, float] = load_template(CAMPUS)["margins"]
    return found


def make_rules(figures: Figures, runbook: str) -> tuple[RuleFile, ...]:
    """All rules; `runbook` is the address of the runbook before its language: `RUNBOOK.en.md#alert`."""
    template = load_template(CAMPUS)
    values = {**figures.values, **trial_values(figures)}
    has = set(figures.has)
    if values["backup_alert_hours"] < HOURS_PER_WEEK - 2 and "backup" in has:  # type: ignore[operator]
        has.add("backup_weeks")
    files_made = [_service_rules(template["service"], values, runbook)]
    for name, group, slow, every, evaluated in (
        ("campus.rules.yml", "campus", False, "1m", "1m"),
        ("campus_budgets.rules.yml", "campus_budgets", True, "15m", "1h"),
    ):
        chosen = [one for one in (*template["records"], *template["alerts"])
                  if one.get("slow", False) is slow and suits(one, has)]  # fmt: skip
        rules = [_rule(fill(one, values), values, runbook) for one in chosen]
        tests = [_test(fill(one, values), values, runbook) for one in chosen if "alert" in one]
        if not slow:
            needed, silent = list_needed(figures), list[tuple[NeededMeter, dict[str, Any]]]()
            for meter in needed:
                one = _silent(template["silent"], values, meter)
                rules.append(_rule(one, {**values, "meter": f"{meter.metric} {meter.unit}".strip()}, runbook))
                silent.append((meter, rules[-1]))
            tests += [_silent_test(silent[first::2], needed) for first in (0, 1) if silent[first::2]]
        if rules:
            files_made.append(RuleFile(name, [{"name": group, "interval": every, "rules": rules}], tests, evaluated))
    return tuple(files_made)


@dataclass(frozen=True, slots=True)
class NeededMeter:
    """What the campus must measure: the selector that asks for it, and a series that it finds."""

    selector: str
    series: str
    metric: str
    unit: str


def list_needed(figures: Figures) -> tuple[NeededMeter, ...]:
    """What the campus must measure: each metric, of plants and of stores beside the battery each unit."""
    metrics = [meter.metric for meter in METERS if meter.series in ALWAYS and set(ALWAYS[meter.series]) <= figures.has]
    found = [NeededMeter(metric, metric, metric, "") for metric in metrics]
    for store in figures.stores:
        if store == BATTERY:
            # The battery may go without its name.
            own = f'{CHARGE_METRIC}{{{UNIT_LABEL}=~"|{BATTERY}"}}'
            found.append(NeededMeter(own, CHARGE_METRIC, CHARGE_METRIC, BATTERY))
        else:
            found.append(_of_unit(CHARGE_METRIC, store))
    found += [_of_unit(POSSIBLE_METRIC, name) for name in figures.plants_mw]
    found += [_of_unit(OUTPUT_METRIC, name) for name in figures.plants_mw if name not in figures.free_plants]
    return tuple(found)


def _of_unit(metric: str, unit: str) -> NeededMeter:
    selector = f'{metric}{{{UNIT_LABEL}="{unit}"}}'
    return NeededMeter(selector, selector, metric, unit)


def trial_values(figures: Figures) -> dict[str, Figure]:
    """Values with which the tests let alerts fire, from the plan's own limits."""
    limit, it = _number(figures["import_limit_watts"]), _number(figures["it_watts"])
    alert_watts, backup = _number(figures["reserve_alert_watts"]), _number(figures["backup_watts"])
    hours = math.floor(_number(figures["backup_alert_hours"])) + 1
    permitted = figures["backup_permitted_hours"]
    permit_hours = 0 if permitted == "" else math.floor(
        _number(figures["margin_permitted_share"]) * _number(permitted)
    ) + 1  # fmt: skip
    weeks = math.ceil(permit_hours / HOURS_PER_WEEK) + QUIET_HOURS // HOURS_PER_WEEK
    short = alert_watts - round(WATTS_PER_MW)
    return {
        "half_import_watts": limit // 2,
        "near_import_watts": round(0.98 * limit),
        "over_import_watts": round(1.02 * limit),
        "tenth_it_watts": it // 10,
        "over_it_watts": it + it // 10,
        "reserve_test_watts": backup - short,
        "reserve_found_watts": short,
        "backup_test_hours": hours,
        "backup_test_steps": STEPS_PER_HOUR * hours - 2,
        "permit_test_hours": permit_hours,
        "permit_test_steps": STEPS_PER_HOUR * permit_hours,
        "permit_test_days": WEEKS_PER_DAY * weeks,
        "clean_alert_share": round(
            _number(figures["clean_share_month"]) - _number(figures["margin_clean_points"]), 4
        ),
    }  # fmt: skip


def say_alert(name: str, values: Mapping[str, Figure], runbook: str) -> dict[str, str]:
    """What an alert of the campus says, in both languages, and where it is explained."""
    said = {
        "summary" if language == "en" else f"summary_{language}": phrase(
            f"alert.{name}", language, **{**values, **spoken(values), **PROMETHEUS}
        )
        for language in LANGUAGES
    }
    return {**said, **runbook_places(name, runbook)}


def runbook_places(name: str, runbook: str) -> dict[str, str]:
    """Address of an alert's section in each language."""
    keys = {language: "runbook_url" if language == "en" else f"runbook_url_{language}" for language in LANGUAGES}
    return {key: f"{runbook}RUNBOOK.{language}.md#{name.lower()}" for language, key in keys.items()}


def spoken(values: Mapping[str, Figure]) -> dict[str, str]:
    """Every power and energy in words, under its name without the unit: `import_limit` is 38.13 MW."""
    said = {}
    for name, value in values.items():
        stem, _, unit = name.rpartition("_")
        if unit in {"watts", "watthours"} and not isinstance(value, str):
            number, prefix = scale(float(value))
            said[stem] = f"{number:.4g} {prefix}{'Wh' if unit == 'watthours' else 'W'}"
    return said


def humanize(value: float) -> str:
    """A number as Prometheus's function `humanize` writes it."""
    number, prefix = scale(value)
    return f"{number:.4g}{prefix}"


def scale(value: float) -> tuple[float, str]:
    """A number below a thousand and its prefix."""
    return next(((value / factor, prefix) for factor, prefix in PREFIXES if abs(value) >= factor), (value, ""))


def expected(text: str, value: float) -> str:
    """What Prometheus makes of an annotation for a value."""
    said = text.replace("{{ $value | humanizePercentage }}", f"{100 * value:.4g}%")
    return said.replace("{{ $value | humanize }}", humanize(value))


def _number(value: Figure) -> int:
    assert not isinstance(value, str)
    return value  # type: ignore[return-value]


def _rule(one: Mapping[str, Any], values: Mapping[str, Figure], runbook: str) -> dict[str, Any]:
    if "record" in one:
        return {"record": one["record"], "expr": one["expr"]}
    name = one["alert"]
    rule: dict[str, Any] = {"alert": name, "expr": one["expr"]}
    if "for" in one:
        rule["for"] = one["for"]
    rule["labels"] = {"severity": one["severity"], **one.get("rule_labels", {})}
    rule["annotations"] = say_alert(name, values, runbook)
    return rule


def _test(one: Mapping[str, Any], values: Mapping[str, Figure], runbook: str) -> dict[str, Any]:
    rule, test = _rule(one, values, runbook), one["test"]
    labels = test.get("labels", {})
    return _case(rule, test["series"], test, float(test["value"]), labels)


def _case(
    rule: Mapping[str, Any], series: Mapping[str, str], test: Mapping[str, Any], value: float, labels: Mapping[str, str]
) -> dict[str, Any]:
    fires = {
        "exp_labels": {**rule["labels"], **labels},
        "exp_annotations": {key: expected(text, value) for key, text in rule["annotations"].items()},
    }
    return {
        "interval": test["interval"],
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": test["fires"], "alertname": rule["alert"], "exp_alerts": [fires]},
            {"eval_time": test["quiet"], "alertname": rule["alert"], "exp_alerts": []},
        ],
    }


def _silent(template: Mapping[str, Any], values: Mapping[str, Figure], meter: NeededMeter) -> dict[str, Any]:
    one: dict[str, Any] = fill(dict(template), {**values, "selector": meter.selector})
    return {**one, "rule_labels": {"meter": meter.metric, **({UNIT_LABEL: meter.unit} if meter.unit else {})}}


def _silent_test(
    silent: Sequence[tuple[NeededMeter, Mapping[str, Any]]], needed: Sequence[NeededMeter]
) -> dict[str, Any]:
    """Some meters are silent for half an hour, the others are not: their alerts fire, and no others."""
    quiet = {meter.series for meter, _ in silent}
    series = {one.series: "1x5 _x30 1x30" if one.series in quiet else "1x65" for one in needed}
    cases = [_case(rule, series, {"interval": "1m", "fires": "25m", "quiet": "45m"}, 1.0, {}) for _, rule in silent]
    found: dict[str, Any] = cases[0]
    moment = found["alert_rule_test"][0]
    moment["exp_alerts"] = [alert for case in cases for alert in case["alert_rule_test"][0]["exp_alerts"]]
    return found


def _service_rules(changes: Mapping[str, Any], values: Mapping[str, Figure], runbook: str) -> RuleFile:
    """The rules that come with the service, each with its place in the runbook and with thresholds of the plan."""
    folder = files("kiban.server.operating") / "rules"
    rules, tests = (
        deepcopy(load_library().safe_load((folder / name).read_text(encoding="utf-8")))
        for name in (SERVICE_RULES, SERVICE_TESTS)
    )
    for rule in rules["groups"][0]["rules"]:
        rule.update(fill(changes.get(rule["alert"], {}), values))
        rule["annotations"] |= runbook_places(rule["alert"], runbook)
    for test in tests["tests"]:
        for moment in test["alert_rule_test"]:
            for alert in moment["exp_alerts"]:
                alert["exp_annotations"] |= runbook_places(moment["alertname"], runbook)
    return RuleFile(SERVICE_RULES, rules["groups"], tests["tests"], tests["evaluation_interval"])
