"""Remedies of `kiban economy`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.remedies import Case, Ground, Step
from tests.unit.test_cli import QUICK

from kiban.economy.asking import read_prefecture


def asked(g: Ground, *arguments: str) -> Step:
    return lambda: g.command("economy", g.write("bench.toml", QUICK.splitlines()), *arguments)


CASES: Mapping[str, Case] = {
    "economy.no_prefecture": lambda g: (
        lambda: read_prefecture("Atlantis"),
        lambda: read_prefecture("Akita"),
        lambda: read_prefecture("秋田県"),
    ),
    "economy.no_table": lambda g: (
        lambda: read_prefecture("Okinawa"),
        lambda: read_prefecture(None),
        lambda: read_prefecture("Hokkaido"),
    ),
    "economy.no_place": lambda g: (asked(g), asked(g, "--prefecture", "Akita")),
    "economy.abroad": lambda g: (lambda: g.command("economy", "greensboro"), asked(g, "--prefecture", "Akita")),
}
