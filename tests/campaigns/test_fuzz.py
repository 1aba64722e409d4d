"""The fuzz of `fuzz.py`, small enough for every run: 20,000 inputs in process, and some hundreds over HTTP."""

from __future__ import annotations

import pytest
from tests.campaigns import fuzz

SEED = 20_261_129
# Plans are the dear ones: a few hundred here, thousands by hand.
COUNTS = {
    "scenario": 5_000,
    "inside": 300,
    "build": 60,
    "national": 5_500,
    "package": 7_000,
    "toml": 1_840,
    "weather": 300,
}


@pytest.mark.slow
@pytest.mark.parametrize("target", COUNTS)
def test_no_input_ends_in_a_traceback(target: str) -> None:
    tally = fuzz.run_target(target, COUNTS[target], SEED)
    assert tally.failures == {}
    assert tally.counts["inputs"] == COUNTS[target]
    # Neither is everything refused at the door, nor is anything at all accepted.
    assert tally.counts["refused"] > 0
    assert tally.counts["accepted"] > 0


@pytest.mark.slow
def test_no_request_is_answered_with_500() -> None:
    tally = fuzz.run_http(400, SEED)
    assert tally.failures == {}
    assert tally.counts["refused"] > 0
    assert tally.counts["accepted"] > 0


def test_the_campaign_counts_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would notice: a place that raises is counted, shown once, and ends the script with 1."""

    def fail(raw: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(fuzz.TARGETS, "package", (fuzz.draw_package, fail))  # type: ignore[attr-defined]
    monkeypatch.setattr(fuzz, "SHARES", {"package": 1.0})
    said: list[str] = []
    (tally,) = fuzz.run_campaign(5, 0, 1, said.append)
    assert tally.failed == tally.counts["traceback"] == 5
    assert len(tally.failures) == 1
    assert "ZeroDivisionError" in "".join(said)


def test_an_input_that_takes_too_long_is_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(raw: object) -> None:
        while True:
            pass

    monkeypatch.setitem(fuzz.TARGETS, "package", (fuzz.draw_package, hang))  # type: ignore[attr-defined]
    monkeypatch.setattr(fuzz, "HANG_SECONDS", 0.05)
    tally = fuzz.run_target("package", 2, 1)
    assert tally.counts["hang"] == 2
