"""Who makes what a plan buys: the share of Japanese makers by product, and how long an order takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiban.calendar import MONTHS_PER_YEAR
from kiban.catalogue import Catalogue
from kiban.economy.effects import CASES, end_of
from kiban.economy.spread import Spread, times


@dataclass(frozen=True, slots=True)
class Maker:
    """One product: the share of Japanese makers in the market that the catalogue's note names, and the lead time."""

    product: str
    share: Spread
    lead_months: Spread | None
    """From the order to the delivery; None where nothing was found."""
    status: str


def find_makers(products: Sequence[str], catalogue: Catalogue) -> tuple[Maker, ...]:
    """Of the products that have a row; others are left unknown."""
    found = []
    for product in products:
        share = _spread(f"maker.{product}.share", catalogue)
        lead = _spread(f"maker.{product}.lead_time", catalogue)
        if share is not None:
            status = catalogue.fact(f"maker.{product}.share").status
            found.append(Maker(product, share, None if lead is None else times(lead, MONTHS_PER_YEAR), status))
    return tuple(found)


def _spread(row: str, catalogue: Catalogue) -> Spread | None:
    return Spread(*(end_of(catalogue.fact(row), case) for case in CASES)) if row in catalogue else None
