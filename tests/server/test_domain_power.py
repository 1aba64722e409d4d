"""Load targets for the Domain Power Service, at a command that takes what the documentation of dpsctl names."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kiban.operation.power_limit import PowerLimit
from kiban.report.messages import say
from kiban.server.operating import domain_power
from kiban.server.operating.domain_power import DomainPower, target_command
from kiban.server.operating.schedulers import SchedulerAwayError

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
# The options of `dpsctl nvgrid set-load-target` with what each may be, written down by hand from its documentation.
DPSCTL = r"""#!{python}
import json, re, sys
kinds = {{
    "value": r"[0-9]+(\.[0-9]+)?", "unit": "watt|kilowatt|megawatt", "start-time": "{time}", "end-time": "{time}",
    "feed-tags": r"[\w-]+(,[\w-]+)*", "correlation-id": r"\S+", "best-effort": "true|false", "default": "",
}}
command, asked = sys.argv[1:3], {{}}
for word in sys.argv[3:]:
    name, _, value = word.removeprefix("--").partition("=")
    if not word.startswith("--") or name not in kinds or name in asked or not re.fullmatch(kinds[name], value):
        sys.exit(f"flag provided but not defined, or invalid value: {{word}}")
    asked[name] = value
if command != ["nvgrid", "set-load-target"] or ("value" in asked) == ("default" in asked):
    sys.exit("usage")
if asked.get("feed-tags") == "nowhere":
    sys.exit("unknown feed tag nowhere")
with open("{log}", "a") as log:
    log.write(json.dumps(asked) + "\n")
"""


@pytest.fixture
def dpsctl(tmp_path: Path) -> Path:
    place = tmp_path / "dpsctl"
    moment = "[0-9]{4}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z"
    place.write_text(DPSCTL.format(python=sys.executable, time=moment, log=tmp_path / "asked"), encoding="utf-8")
    place.chmod(0o755)
    return place


def limit(number: int = 1, firm_mw: float = 50.0, flexible_mw: float = 12.5) -> PowerLimit:
    begins = NOW.astimezone(timezone(timedelta(hours=9)))
    return PowerLimit(number, begins, begins + timedelta(minutes=10), firm_mw, flexible_mw, "call")


def asked(dpsctl: Path) -> list[dict[str, str]]:
    log = dpsctl.parent / "asked"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def test_a_limit_is_a_load_target_that_ends(dpsctl: Path) -> None:
    power = DomainPower(("feed-a1", "feed-a2"), command=str(dpsctl), now=lambda: NOW)
    power.apply(limit())
    power.apply(limit())
    assert asked(dpsctl) == [
        {
            "value": "62500000", "unit": "watt",
            "start-time": "2026-07-01T12:00:00Z", "end-time": "2026-07-01T12:10:00Z",
            "best-effort": "true", "correlation-id": "kiban-1", "feed-tags": "feed-a1,feed-a2",
        }
    ]  # fmt: skip
    power.apply(limit(2))
    assert [one["correlation-id"] for one in asked(dpsctl)] == ["kiban-1", "kiban-2"]


def test_all_feeds_and_a_limit_of_nothing(dpsctl: Path) -> None:
    DomainPower(command=str(dpsctl), now=lambda: NOW).apply(limit(firm_mw=0.0, flexible_mw=0.0))
    (found,) = asked(dpsctl)
    assert found["value"] == "1"
    assert "feed-tags" not in found


def test_what_has_expired_is_left_alone(dpsctl: Path) -> None:
    DomainPower(command=str(dpsctl), now=lambda: NOW + timedelta(minutes=10)).apply(limit())
    assert asked(dpsctl) == []


def test_a_refusal_is_told_and_tried_again(dpsctl: Path) -> None:
    power = DomainPower(("nowhere",), command=str(dpsctl), now=lambda: NOW)
    for _ in range(2):
        with pytest.raises(SchedulerAwayError) as caught:
            power.apply(limit())
        assert "refused the load target: unknown feed tag nowhere" in say(caught.value.problem, "en")
        assert "unknown feed tag nowhere" in say(caught.value.problem, "ja")


def test_a_machine_without_dpsctl_and_a_service_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SchedulerAwayError, match="is not installed here"):
        DomainPower(command=str(tmp_path / "none"), now=lambda: NOW).apply(limit())
    monkeypatch.setattr(domain_power, "ANSWER_SECONDS", 0.2)
    hanging = tmp_path / "dpsctl"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    hanging.chmod(0o755)
    with pytest.raises(SchedulerAwayError, match=r"did not answer within 0\.2 s"):
        DomainPower(command=str(hanging), now=lambda: NOW).apply(limit())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("value", "-1"), ("value", "6MW"), ("unit", "MW"), ("start-time", "2026-07-01 12:00"), ("end-time", "12:00"),
        ("feed-tags", "a b"), ("best-effort", "yes"), ("correlation-id", ""), ("strategy", "x"),
    ],
)  # fmt: skip
def test_the_command_refuses_what_is_not_documented(dpsctl: Path, name: str, value: str) -> None:
    import subprocess

    words = [word for word in target_command(limit(), ("a",), str(dpsctl)) if not word.startswith(f"--{name}=")]
    assert subprocess.run(words, check=False).returncode == (1 if name == "value" else 0)
    assert subprocess.run([*words, f"--{name}={value}"], check=False, capture_output=True).returncode == 1
