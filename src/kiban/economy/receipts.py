"""What suppliers and workers receive from campuses, by phase, year, product and sector, out of PAY's ledger.

Every yen that a ledger posts to suppliers at home, suppliers abroad or workers (less what they pay) is split among
products in whole yen, so that the sum over products is the ledger's to the yen. Land and rent go to landowners and
make nothing: they are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue.economy_products import Origin, Portion, load_products, portions
from kiban.catalogue.economy_tables import Phase, load_input_output, prefecture_shares
from kiban.economy.regions import WITHOUT_TABLE
from kiban.finance.campus import Campus
from kiban.finance.ledger import Entry
from kiban.quantities import YEN_PER_MYEN

PHASES = ("construction", "renewal", "operation")
"""First purchases and works for them; what replaces them, and removal; everything that is paid year by year."""
HOME, ABROAD, LAND = ("suppliers_home", "workers"), ("suppliers_abroad",), ("landowners",)
PHASE_OF = {
    "capex": "construction",
    "grid_reinforcement": "construction",
    "replacements": "renewal",
    "decommissioning": "renewal",
    "residual_value": "renewal",
}
"""Of accounts; `operation` of all others."""
PURCHASES = ("capex", "replacements")
WORTH_LEFT = "residual_value"
"""Account of what is sold on at the end: money back, which nobody makes."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Where money goes: the phase, the table of portions, the asset class or account in it, and the campus's place."""

    phase: str
    kind: Phase
    item: str
    place: str


@dataclass(frozen=True, slots=True, eq=False)
class Receipts:
    """Receipts of one plan in whole yen by purchase and year; negative where suppliers pay."""

    years: tuple[int, ...]
    home_yen: Mapping[Purchase, Array]
    abroad_yen: Mapping[Purchase, Array]
    land_yen: Mapping[str, Array]
    """By place of the campus."""
    places: tuple[str, ...]
    """Where campuses stand, each once."""

    @property
    def total_yen(self) -> int:
        """All that suppliers and workers receive, over all years."""
        return sum(int(amounts.sum()) for side in (self.home_yen, self.abroad_yen) for amounts in side.values())


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Receipts laid on products: whole yen in the plan's own case, fractions where import shares are moved.

    `home_yen` is by (phase, year, product, sector, place of the campus), `abroad_yen` by (phase, year, product), and
    `unmade_yen`, what is sold on at the end, by (phase, year).
    """

    home_yen: Array
    abroad_yen: Array
    unmade_yen: Array


def place_of(campus: Campus, given: str | None = None) -> str:
    """The place of the regional table where a campus stands; `given` where the catalogue does not know the site."""
    prefecture = campus.prefecture or given
    return prefecture if prefecture is not None and prefecture in prefecture_shares() else WITHOUT_TABLE


def collect_receipts(campuses: Sequence[Campus], place: Callable[[Campus], str] = place_of) -> Receipts:
    """The receipts in the ledgers of campuses, by place of each."""
    years = tuple(sorted({year for campus in campuses for year in campus.ledger.years}))
    index = {year: number for number, year in enumerate(years)}
    home: dict[Purchase, Array] = {}
    abroad: dict[Purchase, Array] = {}
    land: dict[str, Array] = {}
    for campus in campuses:
        own = place(campus)
        classes = {asset.name: asset.asset for asset in campus.project.assets}
        for entry in campus.ledger.entries:
            yen = round(entry.amount_myen * YEN_PER_MYEN)
            for party, signed in ((entry.payee, yen), (entry.payer, -yen)):
                if party in LAND:
                    land.setdefault(own, _nothing(years))[index[entry.year]] += signed
                elif party in HOME + ABROAD:
                    side = home if party in HOME else abroad
                    side.setdefault(_purchase(entry, classes, own), _nothing(years))[index[entry.year]] += signed
    return Receipts(years, home, abroad, land, tuple(dict.fromkeys(place(campus) for campus in campuses)))


def lay_on_products(receipts: Receipts, import_shares: Mapping[str, float] | None = None) -> Laid:
    """Receipts by product and sector; with `import_shares` by asset class other parts of purchases go abroad.

    ValueError where the catalogue does not say what an account or an asset buys.
    """
    products = {name: number for number, name in enumerate(load_products())}
    table = load_input_output()
    places = {name: number for number, name in enumerate(receipts.places)}
    shape = (len(PHASES), len(receipts.years), len(products))
    home = np.zeros((*shape, len(table.sectors), len(places)))
    abroad, unmade = np.zeros(shape), np.zeros(shape[:2])
    for purchase in dict.fromkeys((*receipts.home_yen, *receipts.abroad_yen)):
        at_home = receipts.home_yen.get(purchase, _nothing(receipts.years))
        from_abroad = receipts.abroad_yen.get(purchase, _nothing(receipts.years))
        phase = PHASES.index(purchase.phase)
        if purchase.item == WORTH_LEFT:
            unmade[phase] += at_home
            continue
        if import_shares is not None and purchase.kind == "construction":
            total, share = at_home + from_abroad, import_shares[purchase.item]
            at_home, from_abroad = (1.0 - share) * total, share * total
        whole = import_shares is None
        for part, yen in _split(at_home, purchase, "home", whole=whole):
            home[phase, :, products[part.product], table.index(part.sector), places[purchase.place]] += yen
        for part, yen in _split(from_abroad, purchase, "abroad", whole=whole):
            abroad[phase, :, products[part.product]] += yen
    return Laid(home, abroad, unmade)


def residual_yen(receipts: Receipts, laid: Laid, campuses: Sequence[Campus]) -> int:
    """Largest difference in any year between what products and sectors add up to and what the ledgers say, yen.

    The ledgers' side is each party's balance, found without regard to accounts or assets.
    """
    made = laid.home_yen.sum(axis=(0, 2, 3, 4)) + laid.abroad_yen.sum(axis=(0, 2)) + laid.unmade_yen.sum(axis=0)
    posted = [
        sum(
            round(campus.ledger.balances[party].get(year, 0.0) * YEN_PER_MYEN)
            for campus in campuses
            for party in HOME + ABROAD
        )
        for year in receipts.years
    ]
    return max((abs(round(float(one)) - other) for one, other in zip(made, posted, strict=True)), default=0)


def _purchase(entry: Entry, classes: Mapping[str, str], place: str) -> Purchase:
    phase = PHASE_OF.get(entry.account, "operation")
    if entry.account in PURCHASES:
        return Purchase(phase, "construction", classes[entry.item], place)
    if entry.account == "operation":
        return Purchase(phase, "operation", classes[entry.item], place)
    return Purchase(phase, "account", entry.account, place)


def _split(amounts: Array, purchase: Purchase, origin: Origin, *, whole: bool) -> list[tuple[Portion, Array]]:
    """Amounts by year among the portions of a purchase, in whole yen where asked for, so that no yen is lost."""
    if not np.any(amounts):
        return []
    parts = portions(purchase.kind, origin).get(purchase.item)
    if parts is None:
        raise ValueError(f"the catalogue does not say what {purchase.item} buys {origin}: give product_shares.csv rows")
    ends = np.outer(amounts, np.cumsum([part.share for part in parts]))
    ends[:, -1] = amounts
    if whole:
        ends = np.round(ends)
    found = np.diff(ends, axis=1, prepend=0.0)
    return [(part, found[:, number]) for number, part in enumerate(parts)]


def _nothing(years: Sequence[int]) -> Array:
    return np.zeros(len(years))
