"""What each year has of people and goods, and what a MW in a block takes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiban.national.study.candidates import Candidate
from kiban.scenario.national import BuildLimit, NationalScenario


@dataclass(frozen=True, slots=True)
class AnnualLimit:
    """A limit of the study with the numbers of the sites that draw on it; `available` is by year."""

    terms: BuildLimit
    sites: frozenset[int]
    available: Mapping[int, float]

    @property
    def id(self) -> str:
        """Its short name."""
        return self.terms.id

    def need_per_mw(self, site: int, stands_from: int, year: int) -> float:
        """Units that a MW takes in a year, of a block at a site that stands from a year on."""
        if site not in self.sites or year < stands_from - self.terms.build_years:
            return 0.0
        return self.terms.building_per_mw if year < stands_from else self.terms.running_per_mw


def read_annual_limits(study: NationalScenario, candidates: Sequence[Candidate]) -> tuple[AnnualLimit, ...]:
    """The limits of a study, each for those of its sites that are candidates."""
    return tuple(
        AnnualLimit(
            terms=limit,
            sites=frozenset(
                number
                for number, candidate in enumerate(candidates)
                if limit.sites is None or candidate.id in limit.sites
            ),
            available=dict(zip(limit.years, limit.available, strict=True)),
        )
        for limit in study.build_limit
    )
