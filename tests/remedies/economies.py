"""Remedies of `kiban economy`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.cases.national_studies import SMALL_TOML, one_site
from tests.remedies import Case, Ground, Step
from tests.unit.test_cli import QUICK

from kiban.catalogue import load_catalogue
from kiban.economy.asking import read_prefecture
from kiban.economy.limits import limits_of_study


def asked(g: Ground, *arguments: str) -> Step:
    return lambda: g.command("economy", g.write("bench.toml", QUICK.splitlines()), *arguments)


def limited(g: Ground, *arguments: str) -> Step:
    file = g.folder / "limits.toml"
    return lambda: g.command("economy", g.write("study.toml", SMALL_TOML), "--limits", file, *arguments)


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
    "economy.no_study": lambda g: (
        asked(g, "--limits", "limits.toml"),
        limited(g),
    ),
    "economy.no_end": lambda g: (
        limited(g, "--at", "most"),
        lambda: limits_of_study(one_site(year=2030), load_catalogue(), "low"),
    ),
    "economy.no_year": lambda g: (
        lambda: limits_of_study(one_site(), load_catalogue()),
        lambda: limits_of_study(one_site(year=2030), load_catalogue()),
        lambda: limits_of_study(
            one_site(phases={"years": [2028], "last_year": 2030}, tranche=[{"id": "a", "it_load_mw": 10}]),
            load_catalogue(),
        ),
    ),
    "economy.abroad": lambda g: (lambda: g.command("economy", "greensboro"), asked(g, "--prefecture", "Akita")),
}
