"""Two prefectures that may each offer a relief to win one campus: what each gains if one, the other or both do.

A small game in normal form. The campus goes to a place with a chance that rises with its advantage in the owner's
yearly cost, after relief (a logit choice; with a spread of 0 it goes where it is cheaper, and to either by half where
the costs are the same):

    chance of the first = 1 / (1 + exp((cost_first - cost_second) / spread))

A place that gets it gains what prefecture and town keep after the allocation tax (`kept_by`); one that does not gains
nothing. The national treasury gains what the campus leaves it wherever it goes. A pair of choices is at rest where
neither place would gain by changing its own (Nash). Amounts are million yen a year: present values at the social rate,
levelled over the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiban.catalogue import load_catalogue
from kiban.errors import Problem, ScenarioError
from kiban.finance.kept_by import JAPAN, catalogue_for, keep_side
from kiban.finance.ledger import TREASURIES
from kiban.finance.local_tax import read_municipality
from kiban.finance.paying import Question
from kiban.finance.payment import Side
from kiban.finance.project import BASE_STREAM
from kiban.messages import Message
from kiban.policy.annuity import capital_recovery_factor
from kiban.progress import Report, say_nothing
from kiban.scenario import Scenario, Site
from kiban.scenario.package import Package

NO_RELIEF, RELIEF = 0, 1
CHOICES = (NO_RELIEF, RELIEF)
TREASURY, PREFECTURE, MUNICIPALITY = TREASURIES
SAME_MYEN = 1e-9
"""Gains that differ by less are the same."""
STEEPEST = 700.0
"""Exponents beyond it are certain."""


@dataclass(frozen=True, slots=True)
class Place:
    """One of the two: what the campus costs its owner there and what it is worth, without and with relief."""

    name: str
    cost_myen_per_year: tuple[float, float]
    region_myen_per_year: tuple[float, float]
    """To prefecture and town together."""
    treasury_myen_per_year: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One cell of the game."""

    first_offers: bool
    second_offers: bool
    first_chance: float
    first_gain_myen_per_year: float
    second_gain_myen_per_year: float
    treasury_gain_myen_per_year: float
    at_rest: bool

    @property
    def public_gain_myen_per_year(self) -> float:
        """To both places and the treasury."""
        return self.first_gain_myen_per_year + self.second_gain_myen_per_year + self.treasury_gain_myen_per_year


@dataclass(frozen=True, slots=True)
class Race:
    """The game: nobody, the second, the first, both offer; in that order."""

    first: Place
    second: Place
    spread_myen_per_year: float
    outcomes: tuple[Outcome, ...]

    @property
    def lost_by_racing_myen_per_year(self) -> float:
        """What the public gains less where both offer than where nobody does."""
        return self.outcomes[0].public_gain_myen_per_year - self.outcomes[-1].public_gain_myen_per_year


def play(first: Place, second: Place, spread_myen_per_year: float) -> Race:
    """All four cells of the game."""
    gains: dict[tuple[int, int], tuple[float, float, float, float]] = {}
    for mine in CHOICES:
        for theirs in CHOICES:
            chance = _chance(first.cost_myen_per_year[mine], second.cost_myen_per_year[theirs], spread_myen_per_year)
            gains[mine, theirs] = (
                chance,
                chance * first.region_myen_per_year[mine],
                (1.0 - chance) * second.region_myen_per_year[theirs],
                chance * first.treasury_myen_per_year[mine] + (1.0 - chance) * second.treasury_myen_per_year[theirs],
            )
    outcomes = tuple(
        Outcome(mine == RELIEF, theirs == RELIEF, *gains[mine, theirs], at_rest=_is_at_rest(gains, mine, theirs))
        for mine in CHOICES
        for theirs in CHOICES
    )
    return Race(first, second, spread_myen_per_year, outcomes)


def _chance(first_cost: float, second_cost: float, spread: float) -> float:
    more = first_cost - second_cost
    if spread <= 0.0:
        return 0.5 if more == 0.0 else float(more < 0.0)
    return 1.0 / (1.0 + math.exp(max(min(more / spread, STEEPEST), -STEEPEST)))


def _is_at_rest(gains: Mapping[tuple[int, int], Sequence[float]], mine: int, theirs: int) -> bool:
    best_mine = max(gains[other, theirs][1] for other in CHOICES)
    best_theirs = max(gains[mine, other][2] for other in CHOICES)
    return gains[mine, theirs][1] >= best_mine - SAME_MYEN and gains[mine, theirs][2] >= best_theirs - SAME_MYEN


def race(scenario: Scenario, rival: str, package: str | Package, *, report: Report | None = None) -> Race:
    """The game between a scenario's place and a rival site of the catalogue, each of which may offer the package.

    ScenarioError where the scenario has a place of its own, the same place, or one abroad; CatalogueError where the
    rival is not known. What no other key says of the place is the rival's.
    """
    tell = report or say_nothing
    own = scenario.site.id
    if own is None or own == rival:
        raise ScenarioError(Problem("race.one_place", key="site.id", site=rival))
    if scenario.finance.cost_set != JAPAN:
        raise ScenarioError(Problem("race.abroad", key="finance.cost_set", value=scenario.finance.cost_set))
    load_catalogue().site(rival)
    places = []
    for site in (own, rival):
        tell(Message("progress.race", site=site))
        there = scenario if site == own else scenario.model_copy(update={"site": Site(id=site)})
        places.append(_place(Question(there, about=(package,)), site, package))
    catalogue = load_catalogue().overridden(scenario.assumptions)
    mean_cost = sum(place.cost_myen_per_year[NO_RELIEF] for place in places) / len(places)
    return play(places[0], places[1], catalogue.value("race.cost_spread") * mean_cost)


def _place(question: Question, site: str, package: str | Package) -> Place:
    sides = (question.before, question.build_side((package,), question.before))
    values = [_values(question, side, site) for side in sides]
    return Place(
        name=site,
        cost_myen_per_year=(_cost(sides[0]), _cost(sides[1])),
        region_myen_per_year=(values[0][0], values[1][0]),
        treasury_myen_per_year=(values[0][1], values[1][1]),
    )


def _cost(side: Side) -> float:
    """Yearly cost of the load that must be served, at its levelised cost."""
    energy = sum(stream.it_energy_mwh_per_year for stream in side.project.streams if stream.name == BASE_STREAM)
    return float(side.levelised.myen_per_it_mwh) * energy


def _values(question: Question, side: Side, site: str) -> tuple[float, float]:
    """What prefecture and town keep of the campus, and what the treasury has of it, million yen a year."""
    catalogue, rate = catalogue_for(side.plan), question.campus_terms.shares.social_rate
    place = read_municipality(catalogue, site)
    assert place is not None
    kept = keep_side(side.campuses, side.packages, place, catalogue, rate, side.ledger.base_year).value_myen
    yearly = capital_recovery_factor(rate, side.cash.assumptions.horizon_years)
    return yearly * (kept[PREFECTURE] + kept[MUNICIPALITY]), yearly * kept[TREASURY]
