"""People that a plan needs in its prefectures, by skill and year, against those who are there.

    need[y]      sum over campuses of people per MW while it is built, or while it runs
    stock[y]     people in Japan x share of the prefecture in their sector x factor x (1 + change)^(y - year of it)
    available    stock x the share that a plan can hire within a year
    short        need - available, at least 0
    wage rise    short / available / elasticity of supply: what would draw the others

No table of occupations by prefecture was found after 2015: the share of the sector stands in, with a range. Where no
source counts an occupation its stock and what is short are unknown. Low and high of what is short take the ends of need
and stock that are least and most short. Training places were not found, and are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiban.calendar import MONTHS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.catalogue.economy_tables import Skill, load_input_output, load_skills, shares_of
from kiban.catalogue.facts import Fact
from kiban.economy.effects import CASES, Case, end_of
from kiban.economy.spread import Spread
from kiban.finance.campus import Campus


@dataclass(frozen=True, slots=True)
class SkillYear:
    """People of one skill in one year; what is not known is None."""

    need: Spread
    stock: Spread | None
    short: Spread | None


@dataclass(frozen=True, slots=True)
class SkillNeed:
    """One skill: by year, and what it takes to have more of it."""

    skill: Skill
    years: Mapping[int, SkillYear]
    counted: bool
    """Whether a source counts those who are there in Japan, so that a prefecture's can be estimated."""
    training_months: Spread
    training_cost_myen: Spread
    """For each person, without wages."""
    wage_myen: Spread
    """A year, national mean."""
    wage_rise: Spread | None
    """Rise that would draw those who are short in the worst year, as a share; None where that is not known."""
    mw_at_once: Spread | None
    """IT load that could be under construction at once (or come to run, where none is needed to build) with those who
    are available in the worst year; None where it is not known or nobody is needed."""
    facts: tuple[Fact, ...]

    @property
    def worst_year(self) -> int:
        """Year in which most are short, or may be; or needed where nobody is or that is not known."""
        return max(self.years, key=lambda year: _weight(self.years[year]))

    @property
    def worst(self) -> SkillYear:
        """The figures of that year."""
        return self.years[self.worst_year]


def measure_people(
    campuses: Sequence[Campus], catalogue: Catalogue, prefectures: Sequence[str]
) -> tuple[SkillNeed, ...]:
    """Skills that campuses in these prefectures need; all campuses where no prefecture has a table (stock unknown)."""
    own = [campus for campus in campuses if not prefectures or campus.prefecture in (*prefectures, None)]
    return tuple(_measure(skill, own, catalogue, prefectures) for skill in load_skills().values()) if own else ()


def _measure(skill: Skill, campuses: Sequence[Campus], catalogue: Catalogue, prefectures: Sequence[str]) -> SkillNeed:
    def fact(name: str) -> Fact:
        return catalogue.fact(f"labour.{skill.name}.{name}")

    building, running = fact("building"), fact("running")
    elasticity, free = catalogue.fact("labour.supply_elasticity"), catalogue.fact("labour.free_share")
    counted = f"labour.{skill.name}.stock" in catalogue
    years: dict[int, SkillYear] = {}
    available: dict[int, Spread] = {}
    for year in sorted({year for campus in campuses for year in campus.ledger.years}):
        under, there = _megawatts(campuses, year)
        need = Spread(*(under * end_of(building, case) + there * end_of(running, case) for case in CASES))
        stock = (
            Spread(*(count_people(skill, year, catalogue, prefectures, case) for case in CASES)) if counted else None
        )
        if stock is None or not prefectures:
            years[year] = SkillYear(need, None, None)
            continue
        hired = Spread(stock.value * free.value, stock.low * end_of(free, "low"), stock.high * end_of(free, "high"))
        available[year] = hired
        years[year] = SkillYear(need, stock, Spread(*(
            max(wanted - there_is, 0.0)
            for wanted, there_is in ((need.value, hired.value), (need.low, hired.high), (need.high, hired.low))
        )))  # fmt: skip
    rise = allowed = None
    if available:
        worst = max(years, key=lambda year: _weight(years[year]))
        rise, allowed = _rise(years[worst], available[worst], elasticity), _allowed(available, building, running)
    return SkillNeed(
        skill,
        years,
        counted,
        _of(fact("training"), MONTHS_PER_YEAR),
        _of(fact("training_cost"), 1.0),
        _of(fact("wage"), 1.0),
        rise,
        allowed,
        (building, running, *((fact("stock"),) if counted else ())),
    )


def _megawatts(campuses: Sequence[Campus], year: int) -> tuple[float, float]:
    """IT load that is under construction in a year, and that runs, MW."""
    under = there = 0.0
    for campus in campuses:
        first, build = int(campus.cash.years[0]), campus.cash.assumptions.construction_years
        # The ledger pays for building from the first year to the one at whose end it runs, build years later.
        if first <= year <= first + build:
            under += campus.it_mw
        elif first + build < year <= int(campus.cash.years[-1]):
            there += campus.it_mw
    return under, there


def count_people(skill: Skill, year: int, catalogue: Catalogue, prefectures: Sequence[str], case: Case) -> float:
    """People of a skill in the prefectures together."""
    sector = load_input_output().index(skill.sector)
    factor = end_of(catalogue.fact("labour.regional_factor"), case)
    counted = catalogue.fact(f"labour.{skill.name}.stock")
    found = 0.0
    for prefecture in prefectures:
        row = f"labour.change.{prefecture.lower()}"
        change = end_of(catalogue.fact(row if row in catalogue else "labour.change.japan"), case)
        share = float(shares_of(prefecture)[sector])
        found += end_of(counted, case) * share * factor * (1.0 + change) ** (year - (counted.year or year))
    return found


def _rise(worst: SkillYear, available: Spread, elasticity: Fact) -> Spread:
    short = worst.short
    assert short is not None
    return Spread(
        short.value / available.value / elasticity.value,
        short.low / available.high / end_of(elasticity, "high"),
        short.high / available.low / end_of(elasticity, "low"),
    )


def _allowed(available: Mapping[int, Spread], building: Fact, running: Fact) -> Spread | None:
    """IT load for which those who are available in the scarcest year do."""
    row = building if building.value > 0.0 else running
    if row.value <= 0.0:
        return None
    scarce = min(available.values(), key=lambda one: one.value)
    return Spread(scarce.value / row.value, scarce.low / end_of(row, "high"), scarce.high / end_of(row, "low"))


def _of(fact: Fact, factor: float) -> Spread:
    return Spread(*(factor * end_of(fact, case) for case in CASES))


def _weight(one: SkillYear) -> tuple[float, float, float]:
    """Orders years by what is short, then by what may be, then by need."""
    value, high = (0.0, 0.0) if one.short is None else (one.short.value, one.short.high)
    return (value, high, one.need.value)
