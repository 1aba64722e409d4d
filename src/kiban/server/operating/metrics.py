"""What a service that operates says of itself to Prometheus: one table of names, units and meanings.

Names follow Prometheus's rules: base units at the end (watts, watthours, seconds, yen), `_total` for counts. What a
name means stands in `sentences/operate.LANGUAGE.toml` under `metric`, in both languages; dashboards, alert rules and
the documentation take the names from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from kiban.quantities import Language
from kiban.report.phrases import phrase

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Type = Literal["gauge", "counter", "histogram"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: its name, what kind it is, its unit ("1" is a number, "share" lies between 0 and 1), its labels."""

    name: str
    type: Type
    unit: str
    labels: tuple[str, ...] = ()

    def meaning(self, language: Language) -> str:
        """What it says."""
        return phrase(f"metric.{self.name}", language)


METRICS: Final = (
    Metric("kiban_limit_watts", "gauge", "W", ("compute",)),
    Metric("kiban_limit_number", "gauge", "1"),
    Metric("kiban_limit_reason", "gauge", "1", ("reason",)),
    Metric("kiban_limit_remaining_seconds", "gauge", "s"),
    Metric("kiban_decision_age_seconds", "gauge", "s"),
    Metric("kiban_data_age_seconds", "gauge", "s"),
    Metric("kiban_source_up", "gauge", "1"),
    Metric("kiban_scheduler_up", "gauge", "1"),
    Metric("kiban_caller_up", "gauge", "1", ("source",)),
    Metric("kiban_forecast_up", "gauge", "1", ("source",)),
    Metric("kiban_forecast_info", "gauge", "1", ("source", "version")),
    Metric("kiban_forecast_age_seconds", "gauge", "s"),
    Metric("kiban_forecast_loss", "gauge", "1", ("series",)),
    Metric("kiban_forecast_drift_ratio", "gauge", "share", ("series",)),
    Metric("kiban_offer_watts", "gauge", "W"),
    Metric("kiban_power_cap_share", "gauge", "share"),
    Metric("kiban_decisions_total", "counter", "1", ("reason",)),
    Metric("kiban_fallbacks_total", "counter", "1", ("reason",)),
    Metric("kiban_overrides_total", "counter", "1"),
    Metric("kiban_calls_total", "counter", "1"),
    Metric("kiban_telemetry_faults_total", "counter", "1", ("kind",)),
    Metric("kiban_scheduler_failures_total", "counter", "1"),
    Metric("kiban_late_steps_total", "counter", "1"),
    Metric("kiban_solver_seconds", "histogram", "s"),
    Metric("kiban_step_seconds", "histogram", "s"),
    Metric("kiban_power_watts", "gauge", "W", ("flow", "kind")),
    Metric("kiban_state_of_charge_watthours", "gauge", "Wh"),
    Metric("kiban_backlog_watthours", "gauge", "Wh"),
    Metric("kiban_unserved_watts", "gauge", "W"),
    Metric("kiban_clean_share", "gauge", "share"),
    Metric("kiban_regret_yen", "gauge", "yen"),
    Metric("kiban_budget_price_ratio", "gauge", "share", ("limit",)),
    Metric("kiban_twin_ratio", "gauge", "share", ("quantity",)),
    Metric("kiban_twin_error_share", "gauge", "share", ("quantity",)),
)
BUCKETS_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


def make_metrics(registry: CollectorRegistry) -> Mapping[str, object]:
    """The metrics by name, registered; a registry of one's own keeps several services in a process apart."""
    from prometheus_client import Counter, Gauge, Histogram

    made: dict[str, object] = {}
    for one in METRICS:
        meaning = one.meaning("en")
        if one.type == "gauge":
            made[one.name] = Gauge(one.name, meaning, one.labels, registry=registry)
        elif one.type == "counter":
            made[one.name] = Counter(one.name.removesuffix("_total"), meaning, one.labels, registry=registry)
        else:
            made[one.name] = Histogram(one.name, meaning, one.labels, registry=registry, buckets=BUCKETS_SECONDS)
    return made
