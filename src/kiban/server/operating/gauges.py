"""The metrics of a service, brought up to date after every step and, what ages, at every scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiban.operation.budget import BACKUP, CARBON, UNCLEAN, WATER
from kiban.operation.live.campus import GENERATED, IMPORT, LOAD, SERVED, STORED, WAITING
from kiban.operation.live.orders import Call, Override
from kiban.operation.live.telemetry import FAULT_KINDS
from kiban.operation.power_limit import REASONS
from kiban.server.operating.meters import WATTS_PER_MW
from kiban.server.operating.metrics import make_metrics

if TYPE_CHECKING:
    from kiban.server.operating.service import Service, Step

YEN_PER_MYEN = 1e6
FALLBACKS = ("last_plan", "merit")
FLOWS = {"import": IMPORT, "backup": GENERATED, "load": LOAD, "flexible": SERVED, "firm": "firm_mw"}
LIMITS = {UNCLEAN: "clean_share", CARBON: "carbon_cap", WATER: "water_cap", BACKUP: "backup_hours"}
"""The scenario's keys of the limits that are paced, by the names of their prices."""
GUESSED = {"import": "import_mw", "backup": "backup_mw", "charge": "charge_mw", "discharge": "discharge_mw"}


class Gauges:
    """The metrics of one service, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry

        self.registry = CollectorRegistry()
        self._made: dict[str, Any] = dict(make_metrics(self.registry))
        self._counted: dict[str, int] = {}
        for reason in REASONS:
            self._made["kiban_decisions_total"].labels(reason)
        for reason in FALLBACKS:
            self._made["kiban_fallbacks_total"].labels(reason)
        # A count that only appears with its first fault shows Prometheus no increase.
        for kind in FAULT_KINDS:
            self._made["kiban_telemetry_faults_total"].labels(kind)

    def text(self, service: Service) -> bytes:
        """What is exposed now."""
        from prometheus_client import generate_latest

        self._age(service)
        return generate_latest(self.registry)

    def count_order(self, order: Override | Call) -> None:
        """An order was taken."""
        name = "kiban_overrides_total" if isinstance(order, Override) else "kiban_calls_total"
        self._made[name].inc()

    def update(self, service: Service, step: Step) -> None:
        """After a step."""
        made, decision = self._made, step.decision
        limit = decision.limit
        made["kiban_limit_watts"].labels("firm").set(limit.firm_mw * WATTS_PER_MW)
        made["kiban_limit_watts"].labels("flexible").set(limit.flexible_mw * WATTS_PER_MW)
        made["kiban_power_cap_share"].set(limit.cap_share)
        made["kiban_limit_number"].set(limit.number)
        for reason in REASONS:
            made["kiban_limit_reason"].labels(reason).set(1.0 if reason == limit.reason else 0.0)
        made["kiban_decisions_total"].labels(limit.reason).inc()
        if limit.reason in FALLBACKS:
            made["kiban_fallbacks_total"].labels(limit.reason).inc()
        for fault in step.faults:
            made["kiban_telemetry_faults_total"].labels(fault.kind).inc()
        if step.solver_seconds is not None:
            made["kiban_solver_seconds"].observe(step.solver_seconds)
        made["kiban_step_seconds"].observe(step.seconds)
        for flow, name in GUESSED.items():
            made["kiban_power_watts"].labels(flow, "expected").set(getattr(decision.guess, name) * WATTS_PER_MW)
        telemetry = service.steering.telemetry
        for flow, name in FLOWS.items():
            value = telemetry.value(name, step.at)
            if value is not None:
                made["kiban_power_watts"].labels(flow, "measured").set(value * WATTS_PER_MW)
        for metric, name in (("kiban_state_of_charge_watthours", STORED), ("kiban_backlog_watthours", WAITING)):
            value = telemetry.value(name, step.at) if name in telemetry.series else None
            if value is not None:
                made[metric].set(value * WATTS_PER_MW)
        made["kiban_unserved_watts"].set(decision.guess.unserved_mw * WATTS_PER_MW)
        if step.day is not None:
            made["kiban_clean_share"].set(step.day.clean_share)
            made["kiban_regret_yen"].set(step.day.regret_myen * YEN_PER_MYEN)
        for price, factor in service.steering.pacing.factors.items():
            made["kiban_budget_price_ratio"].labels(LIMITS[price]).set(factor)
        issued, judge = service.steering.issued, service.steering.judge
        if issued is not None:
            made["kiban_forecast_info"].clear()
            made["kiban_forecast_info"].labels(issued.name, issued.version if issued.accepted else "").set(1.0)
        for metric, by_series in (
            ("kiban_forecast_loss", judge.losses),
            ("kiban_forecast_drift_ratio", judge.drift),
        ):
            made[metric].clear()
            for series, value in by_series.items():
                made[metric].labels(series).set(value)
        for quantity, found in service.steering.twin.calibrations.items():
            if found.ratio is not None:
                made["kiban_twin_ratio"].labels(quantity).set(found.ratio)
            if found.twin_error_share is not None:
                made["kiban_twin_error_share"].labels(quantity).set(found.twin_error_share)
        self._age(service)

    def _age(self, service: Service) -> None:
        made, now = self._made, service.clock.now()
        if service.last is not None:
            made["kiban_decision_age_seconds"].set((now - service.last.at).total_seconds())
        if service.limit is not None:
            made["kiban_limit_remaining_seconds"].set(max((service.limit.expires - now).total_seconds(), 0.0))
        made["kiban_data_age_seconds"].set(service.steering.telemetry.age(now).total_seconds())
        made["kiban_source_up"].set(0.0 if service.source_fault else 1.0)
        made["kiban_scheduler_up"].set(0.0 if service.scheduler_fault else 1.0)
        if service.forecasts is not None:
            made["kiban_forecast_up"].labels(service.forecasts.name).set(0.0 if service.forecast_fault else 1.0)
        issued = service.steering.issued
        if issued is not None:
            made["kiban_forecast_age_seconds"].set((now - issued.newest).total_seconds())
        for source, fault in service.caller_faults.items():
            made["kiban_caller_up"].labels(source).set(0.0 if fault else 1.0)
        if service.offers:
            made["kiban_offer_watts"].set(min(one.reduction_mw for one in service.offers) * WATTS_PER_MW)
        for name, count in (
            ("kiban_late_steps_total", service.late_steps),
            ("kiban_scheduler_failures_total", service.scheduler_failures),
        ):
            made[name].inc(count - self._counted.get(name, 0))
            self._counted[name] = count
