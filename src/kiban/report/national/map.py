"""The sites of a national plan on a map: one SVG without anything from outside."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

from kiban.national.result.plan import NationalPlan, SitePlan
from kiban.national.study.candidates import coastline
from kiban.quantities import Language, format_number
from kiban.report.phrases import phrase, phrase_or

WIDTH, HEIGHT, MARGIN = 760.0, 820.0, 20.0
WEST, EAST, SOUTH, NORTH = 128.5, 146.5, 30.6, 45.8
INSET = (20.0, 190.0, 150.0, 150.0)
"""Left, top, width and height of the box with Okinawa."""
INSET_WEST, INSET_EAST, INSET_SOUTH, INSET_NORTH = 127.2, 128.7, 25.8, 27.2
FULL_RADIUS, FULL_MW = 30.0, 600.0
COLOURS = {"training": "#2f6db3", "other": ("#d1772b", "#3b8f5a", "#8a5aa8", "#b0413e", "#6b6b6b")}
LAND, COAST, SEA, INK, FAINT = "#e9e6df", "#b7b1a3", "#f7fafc", "#222222", "#8b8b8b"
LEAST_DRAWN_MW = 0.5


def draw_map(plan: NationalPlan, language: Language) -> str:
    """The map: candidates as small rings, sites of the plan as discs with an area as their load, by tranche."""
    title = phrase("national.map_title", language)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
        f' aria-label="{escape(title)}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH:g}" height="{HEIGHT:g}" fill="{SEA}"/>',
    ]
    left, top, width, height = INSET
    parts.append(f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="none" stroke="{FAINT}"/>')
    for outline in coastline().values():
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(lat, lon) for lat, lon in outline))
        parts.append(f'<polygon points="{points}" fill="{LAND}" stroke="{COAST}"/>')
    chosen = {site.candidate.id for site in plan.sites}
    for candidate in plan.candidates:
        if candidate.id not in chosen:
            x, y = _place(candidate.latitude_deg, candidate.longitude_deg)
            name = candidate.name_ja if language == "ja" else candidate.name_en
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="none" stroke="{FAINT}">'
                f"<title>{escape(name)}</title></circle>"
            )
    colours = _colours(plan)
    # Large discs first, so that small ones stay visible.
    for site in sorted(plan.sites, key=lambda site: (-site.total_mw, site.candidate.id)):
        parts += _disc(site, colours, language)
    parts += _legend(plan, colours, language)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _place(latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
    """Position on the map; Okinawa lies in its box."""
    if latitude_deg < INSET_NORTH + 1 and longitude_deg < INSET_EAST + 1:
        left, top, width, height = INSET
        x = left + (longitude_deg - INSET_WEST) / (INSET_EAST - INSET_WEST) * width
        return x, top + (INSET_NORTH - latitude_deg) / (INSET_NORTH - INSET_SOUTH) * height
    # Plate carree, narrowed by the cosine of the middle latitude.
    scale = (HEIGHT - 2 * MARGIN) / (NORTH - SOUTH)
    narrow = math.cos(math.radians((NORTH + SOUTH) / 2))
    middle = WIDTH / 2 + (longitude_deg - (WEST + EAST) / 2) * scale * narrow
    return middle, MARGIN + (NORTH - latitude_deg) * scale


def _colours(plan: NationalPlan) -> dict[str, str]:
    palette = [str(COLOURS["training"]), *COLOURS["other"]]
    return {tranche.id: palette[number % len(palette)] for number, tranche in enumerate(plan.study.tranche)}


def _disc(site: SitePlan, colours: dict[str, str], language: Language) -> Iterable[str]:
    x, y = _place(site.candidate.latitude_deg, site.candidate.longitude_deg)
    radius = max(FULL_RADIUS * math.sqrt(site.total_mw / FULL_MW), 4.0)
    name = site.candidate.name_ja if language == "ja" else site.candidate.name_en
    said = f"{name} {format_number(site.total_mw)} MW"
    yield f"<g><title>{escape(said)}</title>"
    begun = -math.pi / 2
    for tranche, mw in site.load_mw.items():
        share = mw / site.total_mw
        if share < 1e-3:
            continue
        if share > 1 - 1e-3:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colours[tranche]}" fill-opacity="0.8"/>'
            continue
        ended = begun + 2 * math.pi * share
        x1, y1 = x + radius * math.cos(begun), y + radius * math.sin(begun)
        x2, y2 = x + radius * math.cos(ended), y + radius * math.sin(ended)
        large = 1 if share > 0.5 else 0
        yield (
            f'<path d="M{x:.1f},{y:.1f} L{x1:.1f},{y1:.1f} A{radius:.1f},{radius:.1f} 0 {large} 1 {x2:.1f},{y2:.1f} Z"'
            f' fill="{colours[tranche]}" fill-opacity="0.8"/>'
        )
        begun = ended
    yield f'<text x="{x + radius + 3:.1f}" y="{y + 4:.1f}" fill="{INK}">{escape(said)}</text></g>'


def _legend(plan: NationalPlan, colours: dict[str, str], language: Language) -> Iterable[str]:
    yield f'<g fill="{INK}">'
    for number, tranche in enumerate(plan.study.tranche):
        y = MARGIN + 18 * number
        total = format_number(sum(site.load_mw.get(tranche.id, 0.0) for site in plan.sites))
        fill = f'fill="{colours[tranche.id]}" fill-opacity="0.8"'
        yield f'<rect x="{MARGIN:g}" y="{y:.1f}" width="12" height="12" {fill}/>'
        yield f'<text x="{MARGIN + 18:g}" y="{y + 10:.1f}">{escape(tranche.id)} {total} MW</text>'
    y = MARGIN + 18 * len(plan.study.tranche) + 14
    for area in plan.areas:
        if area.load_mw > LEAST_DRAWN_MW:
            name = phrase_or(f"area.{area.area}", language, area.area)
            yield f'<text x="{MARGIN:g}" y="{y:.1f}">{escape(name)} {format_number(area.load_mw)} MW</text>'
            y += 16
    yield "</g>"
