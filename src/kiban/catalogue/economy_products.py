"""The products behind a plan's money, and how a yen of each account of the ledger falls on them.

From `catalogue/economy/products.csv` and `product_shares.csv`; its README names the sources. Home shares of an item
refine `demand.csv`: over the products of a sector they add up to what that table gives the sector.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from kiban.catalogue.economy_tables import Phase

Origin = Literal["home", "abroad"]
Place = Literal["market", "site"]
_FOLDER = files("kiban.catalogue").joinpath("economy")


@dataclass(frozen=True, slots=True)
class Product:
    """What is bought; what is done at the `site` is done by its prefecture more than a `market` would say."""

    name: str
    name_en: str
    name_ja: str
    place: Place


@dataclass(frozen=True, slots=True)
class Portion:
    """A share of a yen, the product that it pays for, and the sector that makes it; no sector abroad."""

    product: str
    sector: str
    share: float


@cache
def load_products() -> Mapping[str, Product]:
    """All products by name."""
    return {
        row["product"]: Product(
            row["product"], row["name_en"], row["name_ja"], "site" if row["place"] == "site" else "market"
        )
        for row in _read("products.csv")
    }


@cache
def portions(phase: Phase, origin: Origin) -> Mapping[str, tuple[Portion, ...]]:
    """Portions of a yen by item; they add up to 1 for each."""
    found: dict[str, tuple[Portion, ...]] = {}
    for row in _read("product_shares.csv"):
        if (row["phase"], row["origin"]) == (phase, origin):
            part = Portion(row["product"], row["sector"], float(row["share"]))
            found[row["item"]] = (*found.get(row["item"], ()), part)
    return found


def _read(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_FOLDER.joinpath(name).read_text(encoding="utf-8").splitlines()))
