"""What of a campus's local tax a town and a prefecture of Japan keep: large assets, and the local allocation tax.

Two rules decide, of which the ledger of a campus knows nothing.

**Large assets** (Local Tax Act, art. 349-4 and 349-5). Of one owner's depreciable assets a municipality taxes no more
than a limit that rises with its population; the prefecture taxes the rest. The limit is raised until the municipality's
basic revenue reaches a share of its basic need (160 %, more in the first six years of a plant). With the fiscal index f
(basic revenue over need N), the counted share k, the rate t and the tax T on buildings, the base left to it is

    min(base, max(limit, ((guarantee - f) N - k T) / (k t)))

Designated cities tax all themselves; in Tokyo's wards the metropolis does.

**Allocation tax.** The grant of a year is need less basic revenue, of which standard local tax counts to 75 %. A body
that receives it loses that share of new tax from the grant, as long as there is a grant to lose:

    kept = tax - min(k tax, (1 - f) N)

What a grant falls by is the national treasury's here: the whole of the grants is topped up by the state each year. Tax
that a relief of a body's own making gives away is counted as if it were paid, so that the body bears all of it; relief
that the law names lowers the count.

Amounts are million yen nominal, one value for each year of a cash flow. The need of a town is an estimate by persons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue

ORDINARY, DESIGNATED, WARD = 0, 1, 2
"""Classes of municipality; see the catalogue's `municipality_class`."""
BANDS = (1, 2, 3, 4, 5)
NEW_PLANT_STEPS = (1, 2, 3)
YEARS_OF_A_STEP = 2


@dataclass(frozen=True, slots=True)
class Band:
    """The limit on large assets, and the need for each person, from a population upwards."""

    population: float
    limit_myen: float
    step_myen: float
    step_population: float
    need_myen_per_person: float


@dataclass(frozen=True, slots=True)
class LocalRules:
    """The law's numbers."""

    counted_share: float
    bands: tuple[Band, ...]
    """By rising population; the first holds from nobody."""
    guarantee: float
    new_plant_guarantees: tuple[float, ...]
    """In the first two years of a plant, the next two, and so on."""

    def band(self, population: float) -> Band:
        """The band of a population."""
        return [band for band in self.bands if band.population <= population][-1]

    def limit_myen(self, population: float) -> float:
        """Tax base of one owner's depreciable assets that a municipality of that size may tax, before any guarantee."""
        band = self.band(population)
        steps = (population - band.population) // band.step_population if band.step_population else 0
        return band.limit_myen + band.step_myen * steps

    def guarantees(self, years: int, first: int) -> Array:
        """Share of need up to which the limit is raised, by year; the plant is taxed from the year `first` on."""
        found = np.full(years, self.guarantee)
        for step, value in enumerate(self.new_plant_guarantees):
            found[first + YEARS_OF_A_STEP * step : first + YEARS_OF_A_STEP * (step + 1)] = value
        return found


@dataclass(frozen=True, slots=True)
class Municipality:
    """The town and the prefecture of a site; `need_myen` is what the state takes the town to need in a year."""

    site: str
    name_en: str
    name_ja: str
    prefecture: str
    kind: int
    population: float
    fiscal_index: float
    receives_grant: bool
    prefecture_index: float
    prefecture_receives_grant: bool
    need_myen: float

    @property
    def grant_myen(self) -> float:
        """What it receives in a year before there is a campus."""
        return max(1.0 - self.fiscal_index, 0.0) * self.need_myen if self.receives_grant else 0.0


@dataclass(frozen=True, slots=True)
class LocalTax:
    """What a campus pays to town and prefecture by year, million yen nominal, each (years,)."""

    on_assets: Array
    """Fixed-asset tax on depreciable assets, after relief."""
    on_buildings: Array
    """The same on buildings, which are outside the rule on large assets."""
    spared: Array
    """Tax that reliefs of the town's own making spare the owner: it is counted as if it were paid."""
    income: Mapping[str, Array]
    """Tax on income, on size and on purchases to `municipality` and `prefecture`; negative where a loss relieves other
    income."""
    asset_rate: float
    """Rate on depreciable assets: tax over base."""
    first: int
    """Year, as an index, from which assets are taxed."""


@dataclass(frozen=True, slots=True)
class KeptTax:
    """Where the local tax of a campus goes, million yen nominal, by year."""

    paid: Mapping[str, Array]
    """To `municipality` and `prefecture`, under the rule on large assets."""
    to_prefecture: Array
    """Fixed-asset tax that the prefecture and not the town levies."""
    less_grant: Mapping[str, Array]
    """What each grant falls by; the national treasury's."""

    def kept(self, party: str) -> Array:
        """What a party is left with."""
        return np.asarray(self.paid[party] - self.less_grant[party])


def join_taxes(taxes: Sequence[LocalTax]) -> LocalTax:
    """The tax of one owner's campuses in one town over the same years: limits and grants are of all together."""
    return LocalTax(
        on_assets=np.sum([tax.on_assets for tax in taxes], axis=0),
        on_buildings=np.sum([tax.on_buildings for tax in taxes], axis=0),
        spared=np.sum([tax.spared for tax in taxes], axis=0),
        income={party: np.sum([tax.income[party] for tax in taxes], axis=0) for party in taxes[0].income},
        asset_rate=max(tax.asset_rate for tax in taxes),
        first=min(tax.first for tax in taxes),
    )


def read_local_rules(catalogue: Catalogue) -> LocalRules:
    """The catalogue's rules."""
    value = catalogue.value
    bands = [
        Band(
            population=value(f"local.large_asset.band_{number}.population"),
            limit_myen=value(f"local.large_asset.band_{number}.limit"),
            step_myen=value(f"local.large_asset.band_{number}.step"),
            step_population=value(f"local.large_asset.band_{number}.step_population"),
            need_myen_per_person=value(f"local.need_per_person.band_{number}"),
        )
        for number in BANDS
    ]
    return LocalRules(
        counted_share=value("local.allocation.counted_share"),
        bands=tuple(bands),
        guarantee=value("local.large_asset.guarantee"),
        new_plant_guarantees=tuple(value(f"local.large_asset.guarantee_new_{step}") for step in NEW_PLANT_STEPS),
    )


def read_municipality(catalogue: Catalogue, site_id: str | None) -> Municipality | None:
    """The town of a site of the catalogue; None for a place of the user's own."""
    site = catalogue.sites.get(site_id or "")
    if site is None:
        return None
    value = catalogue.value
    population = value(f"local.{site.id}.population")
    prefecture = site.prefecture.lower()
    name = catalogue.fact(f"local.{site.id}.population")
    return Municipality(
        site=site.id,
        name_en=name.name_en.split(", ")[-1],
        name_ja=name.name_ja.split(" ")[-1],
        prefecture=site.prefecture,
        kind=round(value(f"local.{site.id}.municipality_class")),
        population=population,
        fiscal_index=value(f"local.{site.id}.fiscal_index"),
        receives_grant=value(f"local.{site.id}.receives_grant") > 0,
        prefecture_index=value(f"local.prefecture.{prefecture}.fiscal_index"),
        prefecture_receives_grant=value(f"local.prefecture.{prefecture}.receives_grant") > 0,
        need_myen=population * read_local_rules(catalogue).band(population).need_myen_per_person,
    )


def municipal_share(tax: LocalTax, place: Municipality, rules: LocalRules, level: Array) -> Array:
    """Fixed-asset tax on depreciable assets that the municipality levies; the prefecture levies the rest.

    `level` is the level of prices by year, with which need grows; the limit in yen does not.
    """
    if place.kind == DESIGNATED:
        return tax.on_assets
    if place.kind == WARD or tax.asset_rate <= 0:
        return np.zeros(tax.on_assets.shape)
    guarantees = rules.guarantees(len(tax.on_assets), tax.first)
    room = (guarantees - place.fiscal_index) * place.need_myen * level - rules.counted_share * tax.on_buildings
    raised = room / (rules.counted_share * tax.asset_rate)
    most = tax.asset_rate * np.maximum(rules.limit_myen(place.population), raised)
    return np.minimum(tax.on_assets, most)


def keep_tax(tax: LocalTax, place: Municipality, rules: LocalRules, level: Array) -> KeptTax:
    """Where the local tax of a campus goes in each year."""
    own = municipal_share(tax, place, rules, level)
    to_prefecture = tax.on_assets - own
    buildings = np.zeros(own.shape) if place.kind == WARD else tax.on_buildings
    to_prefecture = to_prefecture + tax.on_buildings - buildings
    paid = {
        "municipality": own + buildings + tax.income["municipality"],
        "prefecture": to_prefecture + tax.income["prefecture"],
    }
    # A loss that lowers tax raises the grant, without end; new tax lowers it to nothing at most.
    counted = rules.counted_share * (paid["municipality"] + tax.spared)
    town = np.minimum(counted, place.grant_myen * level) if place.receives_grant else np.zeros(own.shape)
    region = rules.counted_share * paid["prefecture"] * float(place.prefecture_receives_grant)
    return KeptTax(paid, np.asarray(to_prefecture), {"municipality": np.asarray(town), "prefecture": region})
