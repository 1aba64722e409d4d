"""Small national studies: one site, two days, no hazard."""

from __future__ import annotations

from kiban.scenario.national import NationalScenario
from kiban.scenario.national_file import parse_national

HARMLESS = {
    "id": "tomakomai",
    "shaking_probability_30y": 0.0,
    "tsunami_class": 0,
    "flood_class": 0,
    "typhoon_class": 0,
    "snow_depth_maximum_cm": 0,
    "land_price_myen_per_m2": 0,
    "fixed_cost_myen_per_year": 0,
    "max_mw": 400.0,
}
"""Tomakomai without what stands beside its programme."""


def one_site(*, year: int | None = None, connection_year: int = 2026, **sections: object) -> NationalScenario:
    """100 MW at one site over two days, at a rate that is given; `sections` are tables in the place of others."""
    national = {"name": "one site", "sites": ["tomakomai"], "hours": 48, "first_hour": 2400, "gap": 1e-4}
    content: dict[str, object] = {
        "national": national if year is None else {**national, "year": year},
        "tranche": [{"id": "answers", "it_load_mw": 100, "firm_shape": "inference"}],
        "site": [{**HARMLESS, "connection_year": connection_year}],
        "area": {"hokkaido": {"headroom_mw": 2000}},
        "cooling": {"system": "direct_liquid"},
        "target": {"clean_share": 0.5},
        "finance": {"discount_rate": 0.05},
    }
    return parse_national({**content, **sections})


SMALL_TOML = """\
[national]
name = "two places"
sites = ["tomakomai", "inzai"]
hours = 24
first_hour = 2400
gap = 1e-4

[[tranche]]
id = "training"
it_load_mw = [200, 400]

[[site]]
id = "tomakomai"
connection_year = 2026
max_mw = 400
min_mw = 0

[[site]]
id = "inzai"
connection_year = 2026
max_mw = 400
min_mw = 0

[area.hokkaido]
headroom_mw = 2000

[area.tokyo]
headroom_mw = 2000

[phases]
years = [2029, 2031]
last_year = 2040

[cooling]
system = "direct_liquid"

[target]
clean_share = 0.2
"""
"""Two sites over a day, in two phases, as a file."""
