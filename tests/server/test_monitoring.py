"""Alert rules: promtool's own tests, and every alert through a real Prometheus and Alertmanager to a webhook."""

from __future__ import annotations

import re
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from tests.cases.monitoring import Alerts, missing_programs, open_alertmanager, open_pages, open_prometheus
from tests.cases.servers import wait_until

from kiban.operation.live.telemetry import FAULT_KINDS
from kiban.server.operating.gauges import Gauges
from kiban.server.operating.metrics import METRICS

RULES = files("kiban.server.operating") / "rules"
TEXT = (RULES / "kiban.rules.yml").read_text(encoding="utf-8")
ALERTS = {rule["alert"]: rule for rule in yaml.safe_load(TEXT)["groups"][0]["rules"]}
# What makes each alert fire; KibanDown is the page itself.
BAD = {
    "KibanDecisionOld": "kiban_decision_age_seconds 1000",
    "KibanDataOld": "kiban_data_age_seconds 1000",
    "KibanSourceAway": "kiban_source_up 0",
    "KibanSchedulerAway": "kiban_scheduler_up 0",
    "KibanFallback": 'kiban_limit_reason{reason="merit"} 1',
    "KibanUnserved": "kiban_unserved_watts 1000",
    "KibanOverride": 'kiban_limit_reason{reason="override"} 1',
    "KibanForecastAway": 'kiban_forecast_up{source="jma-msm"} 0',
    "KibanForecastDrift": 'kiban_forecast_drift_ratio{series="pue"} 1.5',
    "KibanTwinErrs": 'kiban_twin_error_share{quantity="pue"} 0.9',
}
COUNTED = {
    "KibanTelemetryFault": 'kiban_telemetry_faults_total{{kind="stuck"}} {0}',
    "KibanLate": "kiban_late_steps_total {0}",
    "KibanSlow": 'kiban_step_seconds_bucket{{le="1.0"}} 0\nkiban_step_seconds_bucket{{le="5.0"}} {0}\n'
    'kiban_step_seconds_bucket{{le="+Inf"}} {0}',
}


@pytest.fixture(autouse=True)
def programs() -> None:
    missing = missing_programs()
    if missing:
        pytest.skip(missing)


def test_rules_are_sound_and_pass_their_own_tests() -> None:
    for words in (
        ["check", "rules", str(RULES / "kiban.rules.yml")],
        ["test", "rules", str(RULES / "kiban.rules.test.yml")],
    ):
        done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test_and_speaks_both_languages() -> None:
    tests = yaml.safe_load((RULES / "kiban.rules.test.yml").read_text(encoding="utf-8"))["tests"]
    cases = [(one["alertname"], bool(one["exp_alerts"])) for test in tests for one in test["alert_rule_test"]]
    assert sorted(cases) == sorted((name, fires) for name in ALERTS for fires in (True, False))
    for rule in ALERTS.values():
        assert set(rule["annotations"]) == {"summary", "summary_ja"}
        assert not rule["annotations"]["summary_ja"].isascii()


def test_rules_ask_for_metrics_that_exist() -> None:
    known = {metric.name for metric in METRICS} | {
        f"{metric.name}_bucket" for metric in METRICS if metric.type == "histogram"
    }
    asked = {name for rule in ALERTS.values() for name in re.findall(r"kiban_\w+", rule["expr"])}
    assert asked
    assert asked <= known


def test_every_metric_is_exposed_with_its_meaning() -> None:
    from prometheus_client import generate_latest

    text = generate_latest(Gauges().registry).decode("utf-8")
    for metric in METRICS:
        assert f"# HELP {metric.name} {metric.meaning('en')}\n" in text
        assert f"# TYPE {metric.name} {metric.type}\n" in text
        assert not metric.meaning("ja").isascii()
    assert all(f'kiban_telemetry_faults_total{{kind="{kind}"}} 0.0' in text for kind in FAULT_KINDS)


def test_every_alert_fires_and_resolves_through_the_webhook(tmp_path: Path) -> None:
    """The rules as they are shipped, but for how long they wait and look back."""
    assert set(ALERTS) == {"KibanDown", *BAD, *COUNTED}
    hasty = re.sub(r"for: \d+[mh]", "for: 1s", re.sub(r"\[\d+[mh]\]", "[4s]", TEXT))
    state = {"bad": False, "count": 0, "down": False}

    def page(_: str, __: bytes) -> tuple[int, str]:
        if state["down"]:
            return 500, ""
        if not state["bad"]:
            return 200, "\n".join([*(line.format(state["count"]) for line in COUNTED.values()), ""])
        state["count"] += 10
        return 200, "\n".join([*BAD.values(), *(line.format(state["count"]) for line in COUNTED.values()), ""])

    alerts = Alerts()
    with (
        open_pages(alerts.answer) as webhook,
        open_pages(page) as target,
        open_alertmanager(tmp_path / "alertmanager", webhook) as alertmanager,
        open_prometheus(tmp_path / "prometheus", {"kiban": target}, rules=hasty, alertmanager=alertmanager),
    ):
        state["bad"], began = True, time.monotonic()
        wait_until(lambda: ("KibanSourceAway", "firing") in alerts.heard)
        seconds = time.monotonic() - began
        print(f"\nalert: {seconds:.2f} s from what is wrong to the webhook, 1 s of it asked by the rule")
        others = set(ALERTS) - {"KibanDown"}
        wait_until(lambda: {name for name, status in alerts.heard if status == "firing"} >= others)
        state.update(bad=False, down=True)
        wait_until(lambda: ("KibanDown", "firing") in alerts.heard)
        state["down"] = False
        wait_until(lambda: {name for name, status in alerts.heard if status == "resolved"} >= set(ALERTS))
    assert {name for name, _ in alerts.heard} == set(ALERTS)
