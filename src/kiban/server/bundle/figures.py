"""The numbers of a plan as its operations need them, in base units, named as templates name them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kiban.operation.live.bounds import Bounds, BuiltStore, read_bounds
from kiban.operation.live.record import digest_of
from kiban.operation.live.steering import LIFE
from kiban.operation.live.telemetry import GAP, STEP
from kiban.quantities import SIGNIFICANT_DIGITS, round_significant
from kiban.report.names import site_name
from kiban.server.operating.meters import WATTS_PER_MW
from kiban.version import installed_version

if TYPE_CHECKING:
    from kiban.planning.plan import Plan

Figure = float | int | str
WATTS_PER_KW: Final = 1e3
SECONDS_PER_MINUTE: Final = 60.0
SHOWN_DIGITS: Final = SIGNIFICANT_DIGITS + 1
LETTERS_OF_DIGEST: Final = 12


@dataclass(frozen=True, eq=False)
class Figures:
    """The numbers of a plan by name, what it has, and what of it the living service does not operate."""

    values: Mapping[str, Figure]
    has: frozenset[str]
    """Among `grid`, `export`, `backup`, `permit`, `store`, `waiting`, `clean`, `accelerators`."""
    plants_mw: Mapping[str, float]
    """Capacity of each supply option that is built."""
    free_plants: tuple[str, ...]
    """Those whose output costs nothing: the campus says of each what it could give."""
    stores: Mapping[str, BuiltStore]
    refused: tuple[str, ...]
    """Scenario keys of what the plan has built and `kiban operate` does not know."""

    def __getitem__(self, name: str) -> Figure:
        return self.values[name]


def read_figures(plan: Plan, margins: Mapping[str, float]) -> Figures:
    """The numbers of a plan; raises `InputError` for a plan without a design.

    Power is in W, energy in Wh, each rounded to a kW or a kWh. `margins` are those of the alerts
    (`templates/campus.yml`).
    """
    bounds = read_bounds(plan, runs_share=margins["backup_runs_share"])
    digest = digest_of(plan)
    values: dict[str, Figure] = {
        "plan": digest,
        "plan_short": digest[:LETTERS_OF_DIGEST],
        "title": plan.scenario.name,
        "site": plan.scenario.site.id or site_name(plan.scenario, "en"),
        "kiban": installed_version(),
        "life_minutes": round(LIFE.total_seconds() / SECONDS_PER_MINUTE),
        "step_minutes": round(STEP.total_seconds() / SECONDS_PER_MINUTE),
        "fresh_minutes": round(GAP.total_seconds() / SECONDS_PER_MINUTE),
        **{f"margin_{name}": value for name, value in margins.items()},
        "margin_permitted_percent": f"{margins['permitted_share']:.0%}",
        **_compute_figures(bounds, margins),
        **_supply_figures(bounds, plan, margins),
    }
    power_kw = plan.indicators.get("it_power_kw_per_gpu")
    if power_kw is not None and math.isfinite(power_kw):
        values["watts_per_accelerator"] = math.ceil(power_kw * WATTS_PER_KW - 1e-6)
    has = {
        "grid": bounds.import_limit_mw > 0.0,
        "export": bounds.export_limit_mw > 0.0,
        "backup": bounds.backup_mw > 0.0,
        "permit": bounds.backup_mw > 0.0 and plan.scenario.backup.permitted_hours_per_year is not None,
        "store": bounds.battery is not None,
        "waiting": bounds.waiting_mwh > 0.0,
        "clean": plan.scenario.target.clean_share is not None,
        "accelerators": "watts_per_accelerator" in values,
    }
    return Figures(
        values=values,
        has=frozenset(name for name, there in has.items() if there),
        plants_mw=bounds.plants_mw,
        free_plants=bounds.free_plants,
        stores=bounds.stores,
        refused=bounds.refused,
    )


def _compute_figures(bounds: Bounds, margins: Mapping[str, float]) -> dict[str, Figure]:
    return {
        "it_watts": _watts(bounds.it_mw),
        "firm_watts": _watts(bounds.firm_most_mw),
        "firm_least_watts": _watts(bounds.firm_least_mw),
        "flexible_watts": _watts(bounds.flexible_mw),
        "flexible_kw": math.floor(bounds.flexible_mw * WATTS_PER_MW / WATTS_PER_KW + 1e-6),
        "delay_hours": _plain(bounds.delay_hours),
        "waiting_watthours": _watts(bounds.waiting_mwh),
        "pue_mean": round_significant(bounds.pue_mean, SHOWN_DIGITS),
        "pue_most": round_significant(bounds.pue_most, SHOWN_DIGITS),
        "load_watts": _watts(bounds.load_most_mw),
        "unserved_watts": _watts(margins["unserved_share"] * bounds.firm_most_mw),
        "ignored_watts": _watts(margins["ignored_share"] * bounds.flexible_mw),
    }


def _supply_figures(bounds: Bounds, plan: Plan, margins: Mapping[str, float]) -> dict[str, Figure]:
    battery = bounds.battery or BuiltStore(0.0, 0.0, 0.0, 0.0)
    permitted = plan.scenario.backup.permitted_hours_per_year
    alert_hours = margins["backup_hours_share"] * bounds.backup_week_hours + margins["backup_hours_more"]
    return {
        "import_limit_watts": _watts(bounds.import_limit_mw),
        "export_limit_watts": _watts(bounds.export_limit_mw),
        "backup_watts": _watts(bounds.backup_mw),
        "backup_runs_watts": _watts(margins["backup_runs_share"] * bounds.backup_mw),
        "backup_week_hours": _plain(bounds.backup_week_hours),
        "backup_alert_hours": _plain(alert_hours),
        "backup_permitted_hours": "" if permitted is None else _plain(permitted),
        "clean_share": _plain(plan.scenario.target.clean_share or 0.0),
        "clean_share_plan": round_significant(plan.indicators["clean_share"], SHOWN_DIGITS),
        "clean_share_month": round_significant(bounds.clean_share_month, SHOWN_DIGITS),
        "store_watthours": _watts(battery.energy_mwh),
        "store_charge_watts": _watts(battery.charge_mw),
        "store_discharge_watts": _watts(battery.discharge_mw),
        "store_gives_share": _plain(battery.discharge_efficiency),
        "reserve_hours_short": _plain(bounds.reserve_short_hours),
        "reserve_least_watts": _watts(bounds.reserve_least_mw),
        "reserve_alert_watts": min(_watts(bounds.reserve_least_mw), 0),
    }


def _watts(megawatts: float) -> int:
    return round(megawatts * WATTS_PER_MW / WATTS_PER_KW) * round(WATTS_PER_KW)


def _plain(value: float) -> float | int:
    found = round(value, 6)
    return int(found) if float(found).is_integer() else found
