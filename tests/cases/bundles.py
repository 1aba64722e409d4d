"""What tests of bundles share: programs that must be content, and the names that somebody gives to Prometheus."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from kiban.server.bundle.making import Bundle
from kiban.server.operating.meters import METERS, OUTPUT_METRIC, POSSIBLE_METRIC
from kiban.server.operating.metrics import METRICS


def run(*command: str, place: Path | None = None) -> str:
    """What a program says; it must be content."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def alerts_of(bundle: Bundle) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for one in bundle.rules for rule in one.alerts}


def exported() -> set[str]:
    """Names that the service, a campus and the rules themselves give to Prometheus."""
    service = {metric.name for metric in METRICS} | {
        f"{metric.name}_{part}"
        for metric in METRICS
        if metric.type == "histogram"
        for part in ("bucket", "sum", "count")
    }
    return service | {meter.metric for meter in METERS} | {POSSIBLE_METRIC, OUTPUT_METRIC}


def recorded(bundle: Bundle) -> set[str]:
    return {
        rule["record"] for one in bundle.rules for group in one.groups for rule in group["rules"] if "record" in rule
    }
