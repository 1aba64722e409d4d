"""What a national study may take of people and goods by year, as the scenario data that its plan reads.

People: for each prefecture with a table and each skill that a source counts, those who can be hired within a year
(`people`) against people per MW while it is built and while it runs. Goods: nothing stands before what is ordered with
the decision has come, after the lead time of its makers. How much makers can deliver in a year was not found: that is
left to a study's own `[[build_limit]]`. At `low` there is least and a MW takes most, at `high` the reverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from kiban.catalogue import Catalogue
from kiban.catalogue.economy_products import load_products
from kiban.catalogue.economy_tables import load_skills, prefecture_shares
from kiban.economy.effects import Case, end_of
from kiban.economy.people import count_people
from kiban.errors import Problem, ScenarioError
from kiban.national.study.candidates import Candidate, list_candidates
from kiban.national.study.site_cases import study_catalogue
from kiban.quantities import Language
from kiban.scenario.national import BuildLimit, NationalScenario

OTHER_END: dict[Case, Case] = {"value": "value", "low": "high", "high": "low"}


def limits_of_study(
    study: NationalScenario, catalogue: Catalogue, case: Case = "value", language: Language = "en"
) -> tuple[BuildLimit, ...]:
    """Limits of people for each prefecture of the candidates, and of goods for all; ScenarioError without years.

    Names are in the reader's language.
    """
    years = [year for year in study.years if year is not None]
    if not years:
        raise ScenarioError(Problem("economy.no_year", key="national.year"))
    known = study_catalogue(study, catalogue)
    candidates, _ = list_candidates(study, known)
    build = round(known.value("finance.construction"))
    counted = range(years[0] - build, years[-1] + 1)
    return (
        *_people(candidates, known, counted, build, case, language),
        *_goods(study.national.decision_year, known, years[0], case, language),
    )


def _people(
    candidates: Sequence[Candidate],
    catalogue: Catalogue,
    years: Sequence[int],
    build: int,
    case: Case,
    language: Language,
) -> list[BuildLimit]:
    free = end_of(catalogue.fact("labour.free_share"), case)
    found = []
    for prefecture, sites in _sites_of(candidates, catalogue).items():
        for skill in load_skills().values():
            rows = [catalogue.fact(f"labour.{skill.name}.{name}") for name in ("building", "running")]
            building, running = (end_of(row, OTHER_END[case]) for row in rows)
            if f"labour.{skill.name}.stock" not in catalogue or building + running <= 0.0:
                continue
            name = skill.name_ja if language == "ja" else skill.name_en
            found.append(
                BuildLimit(
                    id=f"{skill.name}_{prefecture.lower()}",
                    name=f"{name} ({prefecture})",
                    unit="people" if language == "en" else "人",
                    sites=sites,
                    building_per_mw=building,
                    running_per_mw=running,
                    build_years=build,
                    years=tuple(years),
                    available=tuple(
                        round(free * count_people(skill, year, catalogue, (prefecture,), case), 1) for year in years
                    ),
                )
            )
    return found


def _sites_of(candidates: Sequence[Candidate], catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Candidates by prefecture, of those that have a table; a site that the catalogue does not know has none."""
    found: dict[str, tuple[str, ...]] = {}
    for candidate in candidates:
        if candidate.catalogue_site is not None:
            prefecture = catalogue.sites[candidate.catalogue_site].prefecture
            if prefecture in prefecture_shares():
                found[prefecture] = (*found.get(prefecture, ()), candidate.id)
    return found


def _goods(decided: int, catalogue: Catalogue, first: int, case: Case, language: Language) -> list[BuildLimit]:
    """Nothing stands before `decided` and the lead time: in the year before, no MW may be built."""
    found = []
    for name, product in load_products().items():
        row = f"maker.{name}.lead_time"
        if row not in catalogue:
            continue
        stands_from = math.ceil(decided + end_of(catalogue.fact(row), OTHER_END[case]))
        years = range(min(first, stands_from) - 1, stands_from - 1)
        if years:
            found.append(
                BuildLimit(
                    id=f"{name}_lead",
                    name=product.name_ja if language == "ja" else product.name_en,
                    unit="MW",
                    building_per_mw=1.0,
                    years=tuple(years),
                    available=(0.0,) * len(years),
                )
            )
    return found


def limits_text(limits: Sequence[BuildLimit]) -> str:
    """The limits as TOML, to stand in a study's file."""
    import tomli_w

    rows = [limit.model_dump(exclude_none=True, exclude_defaults=True) for limit in limits]
    return tomli_w.dumps({"build_limit": rows})
