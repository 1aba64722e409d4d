"""A small campus in Tokyo that buys its power some way: a few days, a flat load, numbers that a hand can follow."""

from __future__ import annotations

from typing import Any

import pytest

from kiban.planning.building import build
from kiban.planning.plan import Plan
from kiban.scenario import parse_scenario

HOURS = 96


def campus(procurement: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """The scenario in plain types; sections replace or add to those here."""
    return {
        "name": "Purchases",
        "site": {"name": "Bench", "latitude_deg": 35.8, "longitude_deg": 140.1, "area": "tokyo", "utc_offset_hours": 9},
        "weather": {"source": "none"},
        "time": {"first_hour": 0, "hours": HOURS},
        "load": {
            "it_load_mw": 20.0,
            "firm_shape": "flat",
            "deferrable_share": 0.0,
            "it_annual_cost_myen_per_mw": 1.0,
            "chip": "none",
        },
        "cooling": {"pue": 1.2},
        "battery": {"enabled": False},
        "backup": {"technology": "none", "critical_share": 0.0},
        "grid": {"price_myen_per_mwh": 0.012, "clean_share": 0.2, "emission_factor_t_per_mwh": 0.4},
        "procurement": {"tariff_date": "2026-11", **procurement},
        **sections,
    }


def buy(procurement: dict[str, Any], **sections: Any) -> Plan:
    """The plan of the small campus."""
    plan = build(parse_scenario(campus(procurement, **sections)))
    assert plan.certificate is not None
    assert sum(plan.costs.values()) == pytest.approx(plan.certificate.primal, rel=1e-8)
    return plan
