"""People that a plan needs by skill and year, against those who are there."""

from __future__ import annotations

import pytest

from kiban.catalogue import load_catalogue
from kiban.catalogue.economy_products import portions
from kiban.catalogue.economy_tables import load_input_output, load_skills, prefecture_shares
from kiban.economy.answer import Economy
from kiban.economy.asking import economy_of_campuses
from kiban.economy.people import SkillNeed, SkillYear, measure_people
from kiban.economy.spread import Spread
from kiban.finance.campus import Campus
from kiban.quantities import LANGUAGES, format_number
from kiban.report.economy.document import economy_document
from kiban.report.economy.words import note_sentences

TABLE = load_input_output()


@pytest.fixture
def campus(akita_campus: Campus) -> Campus:
    return akita_campus


@pytest.fixture
def found(akita_economy: Economy) -> Economy:
    return akita_economy


def test_people_by_hand(campus: Campus, found: Economy) -> None:
    value = load_catalogue().value
    electricians = next(one for one in found.skills if one.skill.name == "electricians")
    first = found.years[0]
    year = electricians.years[first]
    assert year.need.value == pytest.approx(1.8 * campus.it_mw)
    share = float(prefecture_shares()["Akita"][TABLE.index("const")])
    there = 379_510 * share * (1.0 + value("labour.change.akita")) ** (first - 2020)
    assert year.stock is not None and year.stock.value == pytest.approx(there)
    assert year.short is not None and year.short.value == pytest.approx(max(1.8 * campus.it_mw - 0.03 * there, 0.0))
    assert year.short.low <= year.short.value <= year.short.high
    assert electricians.mw_at_once is not None
    last = max(electricians.years)
    scarce = 0.03 * 379_510 * share * (1.0 + value("labour.change.akita")) ** (last - 2020) / 1.8
    assert electricians.mw_at_once.value == pytest.approx(scarce)


def test_who_runs_comes_after_who_builds(found: Economy) -> None:
    guards = next(one for one in found.skills if one.skill.name == "security")
    needs = [year.need.value for year in guards.years.values()]
    build = round(load_catalogue().value("finance.construction"))
    assert needs[: build + 1] == [0.0] * (build + 1) and all(need > 0.0 for need in needs[build + 1 :])


def test_people_are_needed_in_the_years_in_which_the_ledger_pays_for_them(campus: Campus, found: Economy) -> None:
    electricians = next(one for one in found.skills if one.skill.name == "electricians")
    guards = next(one for one in found.skills if one.skill.name == "security")

    def paid(*accounts: str) -> set[int]:
        """Years in which suppliers at home receive for these accounts."""
        return {
            entry.year
            for entry in campus.ledger.entries
            if entry.account in accounts and entry.payee == "suppliers_home"
        }

    built, run = paid("capex"), set(found.jobs["operation"]["japan"])
    assert built == {year for year, one in electricians.years.items() if one.need.value == 1.8 * campus.it_mw}
    assert run == {year for year, one in guards.years.items() if one.need.value > 0.0}


def test_the_worst_year_is_that_in_which_most_may_be_short() -> None:
    def year(value: float, high: float, need: float) -> SkillYear:
        return SkillYear(Spread(need, need, need), Spread(9.0, 9.0, 9.0), Spread(value, 0.0, high))

    row = next(iter(load_skills().values()))
    none = Spread(0.0, 0.0, 0.0)

    def worst(years: dict[int, SkillYear]) -> int:
        return SkillNeed(row, years, True, none, none, none, None, None, ()).worst_year

    assert worst({2027: year(0.0, 1.0, 9.0), 2028: year(0.0, 5.0, 3.0)}) == 2028
    assert worst({2027: year(2.0, 3.0, 1.0), 2028: year(0.0, 5.0, 3.0)}) == 2027
    assert worst({2027: year(0.0, 0.0, 1.0), 2028: year(0.0, 0.0, 3.0)}) == 2028


def test_people_by_money_and_by_skill_are_both_said(campus: Campus, found: Economy) -> None:
    rows = load_catalogue()
    by_skill = campus.it_mw * sum(rows.value(f"labour.{name}.running") for name in load_skills())
    assert found.people_by_skill() == pytest.approx(by_skill)
    direct = found.effects["japan"]["operation"]["direct"]["jobs"].value
    assert found.people_by_money() == pytest.approx(direct / len(found.jobs["operation"]["japan"]))
    for language in LANGUAGES:
        notes = " ".join(note_sentences(found, language))
        assert format_number(found.people_by_money()) in notes and format_number(by_skill) in notes


def test_guards_are_paid_for_as_many_as_are_needed() -> None:
    parts = {part.product: part.share for part in portions("operation", "home")["building"] if part.sector == "biz"}
    assert parts == {"operation": 0.4, "security": 0.011, "maintenance": 0.389}


def test_what_nobody_counts_is_unknown(campus: Campus, found: Economy) -> None:
    known = {one.skill.name: one.worst for one in found.skills}
    assert known["kubernetes_hpc"].stock is None and known["kubernetes_hpc"].short is None
    elsewhere = economy_of_campuses("a campus", (campus,), load_catalogue(), "Tokyo")
    assert elsewhere.skills == ()
    document = economy_document(found, "en")
    hpc = next(one for one in document["skills"] if one["id"] == "kubernetes_hpc")
    assert hpc["years"][0]["stock"] is None and hpc["training_places_per_year"] is None
    assert {"year", "need", "stock", "short"} == hpc["years"][0].keys()


def test_a_shortage_raises_wages_by_the_elasticity(campus: Campus) -> None:
    crowded = load_catalogue().overridden({"labour.free_share": 0.0001})
    skills = {one.skill.name: one for one in measure_people((campus,), crowded, ("Akita",))}
    found = skills["electricians"]
    short, stock, rise = found.worst.short, found.worst.stock, found.wage_rise
    assert short is not None and stock is not None and rise is not None and short.value > 0.0
    assert rise.value == pytest.approx(short.value / (0.0001 * stock.value) / 1.0)
    calm = measure_people((campus,), load_catalogue().overridden({"labour.free_share": 1.0}), ("Akita",))
    assert all(one.worst.short is None or one.worst.short.value == 0.0 for one in calm)
