"""Names under which a campus measures itself for Prometheus, and what kiban makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from kiban.operation.events import BATTERY
from kiban.operation.live.campus import POSSIBLE
from kiban.quantities import MYEN_PER_MWH_OF_YEN_PER_KWH
from kiban.scenario.plant import COOLING_STORAGE

WATTS_PER_MW: Final = 1e6


@dataclass(frozen=True, slots=True)
class MeterName:
    """A metric of the campus, kiban's series, and the factor from its unit to the series'."""

    metric: str
    series: str
    factor: float = 1.0 / WATTS_PER_MW


UNIT_LABEL: Final = "unit"
"""Label of the name of a plant, or of a store beside the battery."""
POSSIBLE_METRIC: Final = "campus_possible_power_watts"
METERS: Final = (
    MeterName("campus_firm_power_watts", "firm_mw"),
    MeterName("campus_flexible_power_watts", "served_mw"),
    MeterName("campus_meter_power_watts", "load_mw"),
    MeterName("campus_flexible_arrivals_watts", "arrivals_mw"),
    MeterName("campus_backlog_watthours", "backlog_mwh"),
    MeterName("campus_state_of_charge_watthours", "state_of_charge_mwh"),
    MeterName("campus_charge_power_watts", "charge_mw"),
    MeterName("campus_discharge_power_watts", "discharge_mw"),
    MeterName("campus_import_power_watts", "import_mw"),
    MeterName("campus_backup_power_watts", "backup_mw"),
    MeterName("campus_export_power_watts", "export_mw"),
    MeterName("campus_price_yen_per_kilowatthour", "price_myen_per_mwh", MYEN_PER_MWH_OF_YEN_PER_KWH),
)
OUTPUT_METRIC: Final = "campus_output_power_watts"
"""What a plant that is paid for gives."""
STORE_METRICS: Final = (
    MeterName("campus_state_of_charge_watthours", "state_of_charge_mwh"),
    MeterName("campus_charge_power_watts", "charge_mw"),
    MeterName("campus_discharge_power_watts", "discharge_mw"),
)
"""Of a store beside the battery with its name as the unit."""
COLD_SERIES: Final = {"charge_mw": "filling_power_mw", "discharge_mw": "spared_power_mw"}
"""What flows are called of a store of cold."""
_BY_METRIC: Final = {meter.metric: meter for meter in METERS}


def find_meter(metric: str, unit: str) -> MeterName | None:
    """The meter of a metric; plants, and stores beside the battery, are told apart by the unit. None for another."""
    if metric == POSSIBLE_METRIC:
        return MeterName(metric, f"{POSSIBLE}{unit}_mw")
    if metric == OUTPUT_METRIC:
        return MeterName(metric, f"{unit}_mw")
    found = _BY_METRIC.get(metric)
    if found is not None and found in STORE_METRICS and unit not in ("", BATTERY):
        flow = COLD_SERIES.get(found.series, found.series) if unit == COOLING_STORAGE else found.series
        return replace(found, series=f"{unit}_{flow}")
    return found
