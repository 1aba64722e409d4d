"""Names under which a campus measures itself for Prometheus, and what kiban makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kiban.operation.live.campus import POSSIBLE

WATTS_PER_MW: Final = 1e6
MYEN_PER_MWH_OF_YEN_PER_KWH: Final = 1e-3


@dataclass(frozen=True, slots=True)
class MeterName:
    """A metric of the campus, kiban's series, and the factor from its unit to the series'."""

    metric: str
    series: str
    factor: float = 1.0 / WATTS_PER_MW


UNIT_LABEL: Final = "unit"
"""Label of a plant's name."""
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
    MeterName("campus_price_yen_per_kilowatthour", "price_myen_per_mwh", MYEN_PER_MWH_OF_YEN_PER_KWH),
)
_BY_METRIC: Final = {meter.metric: meter for meter in METERS}


def find_meter(metric: str, unit: str) -> MeterName | None:
    """The meter of a metric; what a plant could give is told apart by its unit. None for another metric."""
    if metric == POSSIBLE_METRIC:
        return MeterName(metric, f"{POSSIBLE}{unit}_mw")
    return _BY_METRIC.get(metric)
