"""What a plan sets in motion, as plain figures: money by industry, effects by place, jobs by year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue.economy_products import load_products
from kiban.catalogue.facts import Fact
from kiban.economy.effects import MEASURES, ROUNDS, Case, Effects
from kiban.economy.inequality import Inequality
from kiban.economy.makers import Maker
from kiban.economy.people import SkillNeed
from kiban.economy.receipts import PHASES, Laid, Receipts
from kiban.economy.regions import region_of
from kiban.economy.spread import Spread, add, per_year
from kiban.quantities import YEN_PER_MYEN

HEADLINE = ("direct", "indirect")
"""Rounds that a headline counts."""
WHERE = ("japan", "prefecture")


@dataclass(frozen=True, slots=True)
class Industry:
    """What one product brings to suppliers abroad, elsewhere in Japan and in the prefecture; million yen, all years.

    The three values add up to the ledger's receipts in whole yen. Where no prefecture is meant `prefecture` is None,
    and `japan` all of Japan.
    """

    id: str
    abroad: Spread
    japan: Spread
    prefecture: Spread | None


@dataclass(frozen=True, slots=True)
class Flow:
    """The same for one year and phase, of the plan's own case."""

    year: int
    phase: str
    id: str
    abroad_myen: float
    japan_myen: float
    prefecture_myen: float | None


@dataclass(frozen=True, slots=True)
class PlaceShare:
    """One prefecture or region: what it receives at once, and value added and job-years, direct and indirect."""

    id: str
    received: Spread
    value_added: Spread
    jobs: Spread


Rounds = Mapping[str, Mapping[str, Spread]]
"""By round and measure."""


@dataclass(frozen=True, slots=True, eq=False)
class Economy:
    """What a plan sets in motion. Money is million yen at prices of the start year, not discounted, over all years."""

    name: str
    asked: str | None
    """The prefecture that was asked about; None for those in which campuses stand."""
    hosts: tuple[str, ...]
    """Prefectures in which campuses stand."""
    prefectures: tuple[str, ...]
    """Those that are meant by `prefecture`: the one that was asked about, or the hosts that have a table."""
    years: tuple[int, ...]
    it_mw: float
    industries: tuple[Industry, ...]
    flows: tuple[Flow, ...]
    effects: Mapping[str, Mapping[str, Rounds]]
    """By where and phase; `prefecture` is missing where none is meant."""
    jobs: Mapping[str, Mapping[str, Mapping[int, Mapping[str, Spread]]]]
    """By phase, where, year and round: persons engaged; `prefecture` is missing where none is meant."""
    skills: tuple[SkillNeed, ...]
    """People that the campuses in the prefectures need."""
    imports: Spread
    """Bought abroad, at once and by suppliers at home."""
    regions: tuple[PlaceShare, ...]
    places: tuple[PlaceShare, ...]
    inequality: Inequality | None
    """None where a campus stands in a prefecture without a table: what that gains is not known."""
    land_myen: float
    """What landowners receive."""
    worth_left_myen: float
    """What is sold on at the end, and goes to the owner: negative receipts."""
    total_myen: float
    """All receipts of suppliers and workers, what is left at the end taken off."""
    public_myen: Mapping[str, float]
    """What the campuses pay the treasury, the prefecture and the municipality, less what they receive from them."""
    residual_yen: int
    facts: tuple[Fact, ...]
    """What is assumed beside the tables."""
    makers: tuple[Maker, ...] = ()
    """Of the products that the plan buys, those of which the share of Japanese makers is known or assumed."""

    @property
    def rests_on_the_rest(self) -> bool:
        """Whether a campus stands in a prefecture without a table."""
        return any(host not in self.prefectures for host in self.hosts) and self.asked is None

    def headline(self, where: str, phase: str, measure: str) -> Spread:
        """Direct and indirect together."""
        return add([self.effects[where][phase][one][measure] for one in HEADLINE])

    def yearly_jobs(self, where: str, phase: str) -> Spread:
        """Persons engaged in the mean of the years in which a phase spends, direct and indirect."""
        years = [add([rounds[one] for one in HEADLINE]) for rounds in self.jobs[phase][where].values()]
        count = len([one for one in self.jobs[phase]["japan"].values() if add([one[r] for r in HEADLINE]).value > 0])
        return per_year(add(years), count)

    def people_by_money(self) -> float:
        """Persons whom suppliers of running engage at once in Japan, in the mean of its years."""
        years = [one["direct"].value for one in self.jobs["operation"]["japan"].values()]
        return sum(years) / max(sum(value > 0.0 for value in years), 1)

    def people_by_skill(self) -> float:
        """Persons of all skills whom the campuses need in the last year, in which none is built."""
        return sum(one.years[max(one.years)].need.value for one in self.skills)


def summarise_industries(
    receipts: Receipts, laid: Laid, cases: Mapping[Case, Effects], prefectures: Sequence[str]
) -> tuple[tuple[Industry, ...], tuple[Flow, ...]]:
    """Products that somebody is paid for, and their flows by year and phase, in whole yen in the plan's own case."""
    names = tuple(load_products())
    kept = {case: _within(one.home_myen, one.places, prefectures) for case, one in cases.items()}
    home = laid.home_yen.sum(axis=(3, 4))
    # Whole yen that stay; the rest of what is paid at home goes elsewhere, so that no yen is lost.
    stays = np.clip(np.round(kept["value"] * YEN_PER_MYEN), np.minimum(home, 0.0), np.maximum(home, 0.0))
    flows = tuple(
        Flow(
            receipts.years[year],
            PHASES[phase],
            names[product],
            float(laid.abroad_yen[phase, year, product]) / YEN_PER_MYEN,
            float(home[phase, year, product] - stays[phase, year, product]) / YEN_PER_MYEN,
            float(stays[phase, year, product]) / YEN_PER_MYEN if prefectures else None,
        )
        for phase, year, product in np.argwhere((home != 0.0) | (laid.abroad_yen != 0.0)).tolist()
    )
    over = (0, 1)
    everywhere = {case: one.home_myen.sum(axis=3) - kept[case] for case, one in cases.items()}
    paid = {name for name in names if any(flow.id == name for flow in flows)}
    industries = tuple(
        Industry(
            name,
            _spread(
                float(laid.abroad_yen[:, :, number].sum()) / YEN_PER_MYEN,
                [float(one.abroad_myen.sum(axis=over)[number]) for one in cases.values()],
            ),
            _spread(
                float((home - stays)[:, :, number].sum()) / YEN_PER_MYEN,
                [float(everywhere[case].sum(axis=over)[number]) for case in cases],
            ),
            _spread(
                float(stays[:, :, number].sum()) / YEN_PER_MYEN,
                [float(kept[case].sum(axis=over)[number]) for case in cases],
            )
            if prefectures
            else None,
        )
        for number, name in enumerate(names)
        if name in paid
    )
    return industries, flows


def summarise_effects(cases: Mapping[Case, Effects], prefectures: Sequence[str]) -> Mapping[str, Mapping[str, Rounds]]:
    """Figures by where, phase, round and measure."""

    def read(where: str, phase: int, number: int, measure: str) -> Spread:
        found = [
            float(_at(one.measures[measure], one.places, where, prefectures)[number, phase].sum())
            for one in cases.values()
        ]
        return _spread(found[0], found)

    return {
        where: {
            name: {
                one: {measure: read(where, phase, number, measure) for measure in MEASURES}
                for number, one in enumerate(ROUNDS)
            }
            for phase, name in enumerate(PHASES)
        }
        for where in _known(prefectures)
    }


def summarise_jobs(
    receipts: Receipts, cases: Mapping[Case, Effects], prefectures: Sequence[str]
) -> Mapping[str, Mapping[str, Mapping[int, Mapping[str, Spread]]]]:
    """Persons engaged by phase, where, year and round; years in which a phase spends nothing are left out."""
    at = {
        where: [_at(one.measures["jobs"], one.places, where, prefectures) for one in cases.values()]
        for where in _known(prefectures)
    }
    spends = np.any(at["japan"][0] != 0.0, axis=0)
    return {
        name: {
            where: {
                year: {
                    one: _spread(
                        float(arrays[0][number, phase, index]), [float(a[number, phase, index]) for a in arrays]
                    )
                    for number, one in enumerate(ROUNDS)
                }
                for index, year in enumerate(receipts.years)
                if spends[phase, index]
            }
            for where, arrays in at.items()
        }
        for phase, name in enumerate(PHASES)
    }


def summarise_imports(cases: Mapping[Case, Effects]) -> Spread:
    """Bought abroad at once and by suppliers."""
    found = [float(one.abroad_myen.sum() + one.imports_myen.sum()) for one in cases.values()]
    return _spread(found[0], found)


def summarise_places(cases: Mapping[Case, Effects]) -> tuple[tuple[PlaceShare, ...], tuple[PlaceShare, ...]]:
    """Regions from north to south, and their prefectures."""
    places = cases["value"].places
    regions = tuple(dict.fromkeys(map(region_of, places)))
    members = {region: [place for place in places if region_of(place) == region] for region in regions}
    return (
        tuple(_share(region, cases, own) for region, own in members.items()),
        tuple(_share(place, cases, [place]) for place in places),
    )


def _share(name: str, cases: Mapping[Case, Effects], own: Sequence[str]) -> PlaceShare:
    def measured(read: Callable[[Effects], Array]) -> Spread:
        found = [float(_within(read(one), one.places, own).sum()) for one in cases.values()]
        return _spread(found[0], found)

    return PlaceShare(
        name,
        measured(lambda one: one.home_myen),
        measured(lambda one: one.measures["value_added_myen"][: len(HEADLINE)]),
        measured(lambda one: one.measures["jobs"][: len(HEADLINE)]),
    )


def _known(prefectures: Sequence[str]) -> tuple[str, ...]:
    """Where anything can be said: without a prefecture that is meant, of all of Japan alone."""
    return WHERE if prefectures else WHERE[:1]


def _at(values: Array, places: Sequence[str], where: str, prefectures: Sequence[str]) -> Array:
    return values.sum(axis=-1) if where == "japan" else _within(values, places, prefectures)


def _within(values: Array, places: Sequence[str], own: Sequence[str]) -> Array:
    """Values (..., place) summed over the places that are meant."""
    return np.asarray(values[..., [places.index(place) for place in own]].sum(axis=-1))


def _spread(value: float, cases: Sequence[float]) -> Spread:
    """The plan's own figure, and the least and the most of all cases."""
    return Spread(value, min(value, *cases), max(value, *cases))
