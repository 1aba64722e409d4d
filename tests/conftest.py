"""For every test: hypothesis' profile, all commands put together once, the mark `quick` or `slow`, and in CI no skip
that nobody allowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import hypothesis
import pytest
import typer.testing

TESTS = Path(__file__).parent
SLOW_ROOMS = {"browser", "campaigns", "golden", "oracles", "properties", "server"}
ALLOWED_SKIPS = TESTS / "allowed_skips.txt"

# How long an example takes depends on what else the machine does, so no test fails for that.
hypothesis.settings.register_profile("kiban", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("kiban")
# A tenth of a second goes into putting all commands together, which a process of `kiban` does once, and so do tests.
typer.testing._get_command = cache(typer.testing._get_command)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only quick tests are asked for, do not even import the rooms that are slow as a whole."""
    asked = config.getoption("markexpr")
    return True if asked == "quick" and collection_path.parent == TESTS and collection_path.name in SLOW_ROOMS else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever is not slow as quick; whole rooms are slow, elsewhere a test or its module says so."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in SLOW_ROOMS:
            item.add_marker("slow")
        if item.get_closest_marker("slow") is None:
            item.add_marker("quick")


def read_allowed_skips() -> list[tuple[str, str]]:
    """Pairs of a pattern of test ids and a pattern of reasons, as tests/allowed_skips.txt describes them."""
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(test, reason) for test, reason in pairs]


def is_allowed(test: str, reason: str) -> bool:
    return any(fnmatchcase(test, known) and fnmatchcase(reason, why) for known, why in read_allowed_skips())


def skips_in(reporter: pytest.TerminalReporter) -> Iterator[tuple[str, str]]:
    """The id of each skipped test, or module, and the reason."""
    for report in reporter.getreports("skipped"):
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where)
        yield report.nodeid, reason.removeprefix("Skipped: ")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, name every skipped test, and fail for one that tests/allowed_skips.txt does not name."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or hasattr(session.config, "workerinput") or reporter is None:
        return
    skips = sorted(set(skips_in(reporter)))
    reporter.write_line("")
    reporter.section(f"tests that were left out: {len(skips)}")
    for test, reason in skips:
        allowed = is_allowed(test, reason)
        reporter.write_line(f"{'allowed' if allowed else 'NOT ALLOWED'}: {test} | {reason}", red=not allowed)
        if not allowed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
