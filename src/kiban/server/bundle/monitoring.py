"""What Prometheus scrapes, and whom Alertmanager tells of what."""

from __future__ import annotations

from typing import Any, Final

from kiban.server.bundle.alerts import RuleFile
from kiban.server.bundle.figures import Figures

SERVICE_TARGET: Final = "127.0.0.1:9464"
CAMPUS_TARGET: Final = "127.0.0.1:9465"
ALERTMANAGER: Final = "127.0.0.1:9093"
RECEIVER_URL: Final = "http://127.0.0.1:9095"
"""Where alerts go until the site says where."""
SEVERITIES: Final = {"critical": ("30s", "5m", "1h"), "warning": ("2m", "15m", "12h"), "info": ("5m", "1h", "7d")}
"""How long a first alert waits for others of its group, how long later ones do, and after how long it is told again."""
CAUSES: Final = {
    "KibanDown": "KibanDecisionOld|KibanDataOld|KibanSourceAway|KibanSchedulerAway|KibanFallback|KibanSlow|KibanLate",
    "KibanDecisionOld": "KibanFallback|KibanSlow|KibanLate",
    "CampusMeterSilent": "KibanDataOld|KibanFallback",
    "KibanDataOld": "KibanFallback",
    "CampusImportAboveLimit": "CampusImportNearLimit",
}
"""An alert, and those which say nothing more while it fires."""


def make_prometheus(figures: Figures, rules: tuple[RuleFile, ...]) -> dict[str, Any]:
    """The configuration of Prometheus; addresses are in files of their own, which it reads again when they change."""
    return {
        "global": {
            "scrape_interval": "30s",
            "scrape_timeout": "10s",
            "evaluation_interval": "30s",
            "external_labels": {"campus": figures["site"], "plan": figures["plan_short"]},
        },
        "rule_files": [f"rules/{one.name}" for one in rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [ALERTMANAGER]}]}]},
        "scrape_configs": [
            {"job_name": job, "file_sd_configs": [{"files": [f"targets/{job}.yml"]}]} for job in ("kiban", "campus")
        ],
    }


def make_targets() -> dict[str, list[dict[str, Any]]]:
    """Addresses to scrape, by the name of the job."""
    return {
        "kiban": [{"targets": [SERVICE_TARGET]}],
        "campus": [{"targets": [CAMPUS_TARGET]}],
    }


def make_alertmanager() -> dict[str, Any]:
    """The configuration of Alertmanager: a receiver for each severity, and causes that silence their effects."""
    routes = [
        {
            "receiver": severity,
            "matchers": [f'severity="{severity}"'],
            "group_wait": first,
            "group_interval": later,
            "repeat_interval": again,
        }
        for severity, (first, later, again) in SEVERITIES.items()
    ]
    return {
        "route": {"receiver": "warning", "group_by": ["campus", "alertname"], "routes": routes},
        "inhibit_rules": [
            {"source_matchers": [f'alertname="{cause}"'], "target_matchers": [f'alertname=~"{effects}"'],
             "equal": ["campus"]}
            for cause, effects in CAUSES.items()
        ],
        "receivers": [
            {"name": severity,
             "webhook_configs": [{"url": f"{RECEIVER_URL}/{severity}", "send_resolved": True}]}
            for severity in SEVERITIES
        ],
    }  # fmt: skip
