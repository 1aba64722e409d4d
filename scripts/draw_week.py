"""Draw a winter and a summer week of a plan as SVG: python scripts/draw_week.py [EXAMPLE] [--lang ja] [--plan FOLDER].

Writes docs/images/week.svg for the default example and week-EXAMPLE.svg for another, with `.ja` before the suffix
in Japanese. `--plan` takes a saved plan instead of building the example.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
import numpy.typing as npt

import kiban
from kiban.planning.plan import Plan
from kiban.quantities import Language, format_number, format_share, term
from kiban.scenario.examples import DEFAULT_EXAMPLE

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
HOURS = 168
WEEKS = {"winter": (1, 14), "summer": (7, 16)}
WIDTH, LEFT, RIGHT = 960, 52, 16
PANEL_HEIGHT, PANEL_GAP, HEAD = 200, 66, 24
LINE_HEIGHT, SWATCH, GAP = 22, 12, 22
VISIBLE_MW = 0.05
COLOURS = {
    # name: (light, dark), supply from the bottom of the drawing to its top; apart in brightness too, so that they can
    # be told without colour
    "geothermal": ("#a8503c", "#b8604a"),
    "hydro": ("#2f6fb3", "#3f80c4"),
    "wind": ("#4fae91", "#4fae91"),
    "pv": ("#f2c230", "#e3b52b"),
    "import": ("#9aa3ad", "#8b949e"),
    "backup": ("#4b4453", "#b9aec4"),
    "battery": ("#8d6cc9", "#a284dc"),
    "other": ("#c9c3b4", "#a39d8e"),
}
STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif }
  .title { font-size: 16px; font-weight: 600 } .week { font-weight: 600 } .tick { font-size: 12px }
  .page { fill: #ffffff } text { fill: #1f2328 } .tick { fill: #59636e }
  .grid { stroke: #d9dee3 } .axis { stroke: #59636e } .load { stroke: #1f2328 } .hatch { stroke: #ffffff }
"""
DARK = """
  .page { fill: #0d1117 } text { fill: #e6edf3 } .tick { fill: #9198a1 }
  .grid { stroke: #30363d } .axis { stroke: #9198a1 } .load { stroke: #f0f6fc } .hatch { stroke: #0d1117 }
"""
WORDS: dict[str, dict[Language, str]] = {
    "title": {"en": "{name}: hours of the least-cost plan", "ja": "{name}: 費用最小の計画における時間ごとの需給"},
    "winter": {"en": "Winter", "ja": "冬"},
    "summer": {"en": "Summer", "ja": "夏"},
    "load": {"en": "load", "ja": "負荷"},
    "curtailed": {"en": "curtailed", "ja": "出力制御"},
    "charge": {"en": "below zero: charging", "ja": "0より下: 充電"},
    "discharge": {"en": "battery", "ja": "蓄電池"},
    "share": {"en": "clean in this week: {share}", "ja": "この週のクリーン電力比率: {share}"},
    "alt": {
        "en": "Stacked hourly supply in MW against the electric load of the campus, one week in winter, one in summer.",
        "ja": "冬と夏の1週間について、1時間ごとの供給の積み上げ(MW)と電力負荷を比べた図。",
    },
}
WEEKDAYS: dict[Language, str] = {"en": "Mon Tue Wed Thu Fri Sat Sun", "ja": "月 火 水 木 金 土 日"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layer:
    """One colour of the stack: its name in code, its column over the year (MW), and its text in the legend."""

    kind: str
    power_mw: Floats
    text: str


def layers_of(plan: Plan, language: Language) -> list[Layer]:
    """Supply from the steadiest to the most flexible."""
    found = []
    taken = {"load_mw", "it_load_mw", "curtailment_mw", "export_mw", "charge_mw", "unserved_mw", "dropped_mw"}
    taken |= {"firm_mw", "arrivals_mw", "served_mw"}
    supply = [name for name in plan.hourly if name.endswith("_mw") and name not in taken]
    kinds = list(COLOURS)
    order = [*kinds[: kinds.index("import")], "other", "import", "backup", "discharge"]

    def kind_of(column: str) -> str:
        name = column.removesuffix("_mw").removesuffix("_available")
        return "wind" if name.startswith("wind") else name if name in order else "other"

    for column in sorted(supply, key=lambda column: order.index(kind_of(column))):
        name = column.removesuffix("_mw").removesuffix("_available")
        size = {"import": "interconnection_mw", "discharge": "battery_power_mw"}.get(name, f"{name}_mw")
        text = f"{_name(name, language)} {format_number(plan.capacities[size])} MW"
        if name == "discharge":
            text += f", {format_number(plan.capacities['battery_energy_mwh'])} MWh"
        kind = kind_of(column)
        power = np.asarray(plan.hourly[column])
        if name == "discharge":
            power = np.maximum(power - plan.hourly["charge_mw"], 0.0)
        found.append(Layer("battery" if name == "discharge" else kind, power, text))
    return found


def draw(plan: Plan, language: Language) -> str:
    """The picture as SVG text."""
    charge = _net_charge(plan)
    curtailment = np.asarray(plan.hourly.get("curtailment_mw", np.zeros(len(plan.time))))
    starts = {name: _start(plan, *day) for name, day in WEEKS.items()}
    shown = np.concatenate([np.arange(start, start + HOURS) for start in starts.values()])
    layers = [layer for layer in layers_of(plan, language) if layer.power_mw[shown].max() >= VISIBLE_MW]
    top = max(float(sum((layer.power_mw for layer in layers), np.zeros(len(plan.time)))[shown].max()), 1.0)
    bottom = float(charge[shown].max())
    step = _tick(top + bottom)
    high, low = step * np.ceil(top / step), -step * np.ceil(bottom / step) if bottom >= VISIBLE_MW else 0.0
    legend, rows = _legend(layers, plan, language, curtailed=bool(curtailment[shown].max() >= VISIBLE_MW))
    first = HEAD + 18 + rows * LINE_HEIGHT + 34
    height = first + len(WEEKS) * (PANEL_HEIGHT + PANEL_GAP) - 24
    title = WORDS["title"][language].format(name=plan.scenario.name)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(WORDS["alt"][language])}</desc>',
        f"<metadata>{escape(json.dumps(fingerprint(plan)), quote=False)}</metadata>",
        _style(),
        '<defs><pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="5" stroke-width="4"/>'
        "</pattern></defs>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        f'<text class="title" x="{LEFT}" y="{HEAD + 4}">{escape(title)}</text>',
        *legend,
    ]
    for number, (week, start) in enumerate(starts.items()):
        y = first + number * (PANEL_HEIGHT + PANEL_GAP)
        parts += _panel(plan, language, layers, week=week, start=start, y=y, low=low, high=float(high), step=step)
    return "\n".join([*parts, "</svg>", ""])


def fingerprint(plan: Plan) -> dict[str, float]:
    """What the picture was drawn from: cost and capacities, five digits."""
    figures = {"cost_myen_per_year": plan.cost_myen_per_year, **plan.capacities}
    return {name: float(f"{value:.5g}") for name, value in figures.items()}


def _panel(
    plan: Plan,
    language: Language,
    layers: list[Layer],
    *,
    week: str,
    start: int,
    y: int,
    low: float,
    high: float,
    step: float,
) -> list[str]:
    part = slice(start, start + HOURS)
    x = LEFT + np.arange(HOURS + 1) * (WIDTH - LEFT - RIGHT) / HOURS

    def height(power: Floats | float) -> Floats:
        return np.asarray(y + (high - power) / (high - low) * PANEL_HEIGHT)

    drawn = []
    level = np.zeros(HOURS)
    for layer in layers:
        above = level + layer.power_mw[part]
        drawn.append(_area(x, height(level), height(above), f"c-{layer.kind}"))
        level = above
    zero = np.zeros(HOURS)
    load, charge = np.asarray(plan.hourly["load_mw"])[part], _net_charge(plan)[part]
    curtailed = np.asarray(plan.hourly.get("curtailment_mw", np.zeros(len(plan.time))))[part]
    drawn.append(_area(x, height(level - curtailed), height(level), "hatched"))
    if low < 0:
        drawn.append(_area(x, height(zero), height(-charge), "c-battery"))
    ticks = np.arange(low, high + step / 2, step)
    grid = [
        f'<line class="{"axis" if abs(tick) < 1e-9 else "grid"}" x1="{LEFT}" x2="{WIDTH - RIGHT}"'
        f' y1="{float(height(tick)):.1f}" y2="{float(height(tick)):.1f}"/>'
        f'<text class="tick" x="{LEFT - 8}" y="{float(height(tick)) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in ticks
    ]
    line = f'<path class="load" d="{_steps(x, height(load))}" fill="none" stroke-width="1.8"/>'
    days = []
    for day in range(HOURS // 24):
        moment = plan.time[start + 24 * day]
        middle = (x[24 * day] + x[24 * day + 24]) / 2
        name = WEEKDAYS[language].split()[moment.day_of_week]
        said = (
            f"{name} {moment.day} {MONTHS[moment.month - 1]}"
            if language == "en"
            else f"{moment.month}/{moment.day}({name})"
        )
        days.append(
            f'<text class="tick" x="{middle:.1f}" y="{y + PANEL_HEIGHT + 18}" text-anchor="middle">{said}</text>'
        )
        days.append(
            f'<line class="axis" x1="{x[24 * day]:.1f}" x2="{x[24 * day]:.1f}"'
            f' y1="{y + PANEL_HEIGHT}" y2="{y + PANEL_HEIGHT + 5}"/>'
        )
    unclean = sum(
        (np.asarray(plan.hourly[name])[part] * factor for name, factor in _unclean(plan, part) if name in plan.hourly),
        zero,
    )
    share = format_share(1.0 - float(unclean.sum() / load.sum()), language)
    head = [
        f'<text class="week" x="{LEFT}" y="{y - 12}">{WORDS[week][language]}</text>',
        f'<text class="tick" x="{WIDTH - RIGHT}" y="{y - 12}" text-anchor="end">'
        f"{WORDS['share'][language].format(share=share)}</text>",
        f'<text class="tick" x="{LEFT - 8}" y="{y - 12}" text-anchor="end">MW</text>',
    ]
    return [*head, *grid, *drawn, line, *days]


def _net_charge(plan: Plan) -> Floats:
    """Charging less discharging, MW; an hour with energy to spare may do both, which says nothing to a reader."""
    if "charge_mw" not in plan.hourly:
        return np.zeros(len(plan.time))
    return np.maximum(np.asarray(plan.hourly["charge_mw"]) - plan.hourly["discharge_mw"], 0.0)


def _unclean(plan: Plan, part: slice) -> list[tuple[str, Floats]]:
    share = np.asarray(plan.hourly.get("grid_clean_share", np.zeros(len(plan.time))))[part]
    return [("import_mw", 1.0 - share), ("backup_mw", np.ones(share.size))]


def _legend(layers: list[Layer], plan: Plan, language: Language, *, curtailed: bool) -> tuple[list[str], int]:
    entries = [(f"c-{layer.kind}", layer.text) for layer in layers]
    if any(layer.kind == "battery" for layer in layers):
        entries.append(("", WORDS["charge"][language]))
    if curtailed:
        entries.append(("hatched", WORDS["curtailed"][language]))
    entries.append(("load", WORDS["load"][language]))
    parts, x, row = [], float(LEFT), 0
    for kind, text in entries:
        width = (SWATCH + 7 if kind else 0) + _width(text) + GAP
        if x + width > WIDTH - RIGHT + GAP:
            x, row = float(LEFT), row + 1
        y = HEAD + 32 + row * LINE_HEIGHT
        if kind == "load":
            parts.append(
                f'<line class="load" x1="{x}" x2="{x + SWATCH}" y1="{y - 4}" y2="{y - 4}" stroke-width="1.8"/>'
            )
        elif kind:
            shape = f'x="{x}" y="{y - 10}" width="{SWATCH}" height="{SWATCH}" rx="2"'
            if kind == "hatched":
                parts.append(f'<rect class="c-pv" {shape}/>')
            parts.append(f'<rect class="{kind}" {shape}/>')
        parts.append(f'<text x="{x + (SWATCH + 7 if kind else 0):.0f}" y="{y}">{escape(text)}</text>')
        x += width
    return parts, row + 1


def _style() -> str:
    light = " ".join(f".c-{kind} {{ fill: {colours[0]} }}" for kind, colours in COLOURS.items())
    dark = " ".join(f".c-{kind} {{ fill: {colours[1]} }}" for kind, colours in COLOURS.items())
    hatched = ".hatched { fill: url(#hatched) }"
    return f"<style>{STYLE}  {light} {hatched}\n@media (prefers-color-scheme: dark) {{{DARK}  {dark} }}</style>"


def _area(x: Floats, low: Floats, high: Floats, kind: str) -> str:
    """An area of steps; empty where it has no height."""
    if np.abs(low - high).max() < 0.05:
        return ""
    back = _steps(x, low, backward=True)
    return f'<path class="{kind}" d="{_steps(x, high)}{back}Z"/>'


def _steps(x: Floats, y: Floats, *, backward: bool = False) -> str:
    """Path of a step function with edges `x`: forward it starts one, backward it goes on with a line."""
    order = range(len(y) - 1, -1, -1) if backward else range(len(y))
    edges = [(x[i + 1], x[i]) if backward else (x[i], x[i + 1]) for i in order]
    path, last = "", ""
    for i, (_, end) in zip(order, edges, strict=True):
        level = f"{y[i]:.1f}"
        if not path:
            path = f"{'L' if backward else 'M'}{edges[0][0]:.1f},{level}"
        elif level != last:
            path += f"V{level}"
        path += f"H{end:.1f}"
        last = level
    return path


def _name(name: str, language: Language) -> str:
    return WORDS[name][language] if name in WORDS else term(name, language)


def _start(plan: Plan, month: int, day: int) -> int:
    found = np.flatnonzero((plan.time.month == month) & (plan.time.day == day))
    return int(found[0])


def _tick(span: float) -> float:
    rough = span / 8
    size = 10.0 ** np.floor(np.log10(rough))
    return float(next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough))


def _width(text: str) -> float:
    """Rough width of a text of 13 pixels."""
    return sum(13.0 if unicodedata.east_asian_width(sign) in "FWA" else 6.9 for sign in text)


def image_path(example: str, language: Language) -> Path:
    """Where the picture of an example lies."""
    name = "week" if example == DEFAULT_EXAMPLE else f"week-{example}"
    return FOLDER / f"{name}{'.ja' if language == 'ja' else ''}.svg"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("example", nargs="?", default=DEFAULT_EXAMPLE)
    parser.add_argument("--lang", choices=("en", "ja"), default="en")
    parser.add_argument("--plan", type=Path)
    chosen = parser.parse_args()
    drawn_plan = kiban.load(chosen.plan) if chosen.plan else kiban.build(chosen.example)
    path = image_path(chosen.example, chosen.lang)
    path.write_text(draw(drawn_plan, chosen.lang), encoding="utf-8")
    print(path)
