"""Effects of a plan's money by place: output, value added, wages, taxes and jobs; direct, indirect and induced apart.

    direct     what is bought from the places themselves, f
    indirect   their suppliers, (L - I) f
    induced    what households do with the wages, (L* - L) f

Products are bought where the trade shares say, work at the site is done in its prefecture to a share of its own.

L is the inverse of the multi-regional table (`regions`), L* the one that is closed with households. All of it is
linear in money, and over all places it is the national model. Induced effects assume idle hands; they are no part of a
headline. Three cases: low (more is imported, few purchases stay, jobs at higher prices), high, and the plan's own,
which lies in the middle between many and few purchases within each place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.economy_products import load_products
from kiban.catalogue.facts import Fact
from kiban.economy.receipts import Laid, Receipts, lay_on_products
from kiban.economy.regions import RegionalTable, load_regional_table
from kiban.finance.economy import MYEN_PER_BN_YEN, Quotient
from kiban.policy.terms import ASSETS
from kiban.quantities import YEN_PER_MYEN

Case = Literal["value", "low", "high"]
CASES: tuple[Case, ...] = ("value", "low", "high")
ROUNDS = ("direct", "indirect", "induced")
MEASURES = ("output_myen", "value_added_myen", "wages_myen", "taxes_myen", "jobs")
"""Jobs are job-years: persons engaged for a year."""
ASSUMED = (
    "economy.price_level",
    "economy.spent_share",
    "economy.flq_delta",
    "economy.site_share",
    "economy.tax_on_wages",
    "economy.tax_on_surplus",
)


@dataclass(frozen=True, slots=True)
class CaseTerms:
    """What one case assumes; each quotient that is named is evaluated, and the mean of them taken."""

    quotients: tuple[Quotient, ...]
    import_shares: Mapping[str, float] | None
    """By asset class; None for the ledger's own."""
    price_level: float
    spent_share: float
    flq_delta: float
    site_share: float
    tax_on_wages: float
    tax_on_surplus: float


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What one case sets in motion.

    `home_myen` is what each place receives at once, by (phase, year, product, place); `abroad_myen` by (phase, year,
    product). `measures` are by (round, phase, year, place) for each of `MEASURES`; `imports_myen` is what direct and
    indirect suppliers buy abroad, by (phase, year).
    """

    places: tuple[str, ...]
    home_myen: Array
    abroad_myen: Array
    measures: Mapping[str, Array]
    imports_myen: Array


def case_terms(catalogue: Catalogue) -> dict[Case, CaseTerms]:
    """The three cases of the catalogue's rows and their ranges."""
    rows = {name: catalogue.fact(name) for name in ASSUMED}
    imports = {asset: catalogue.fact(f"finance.import_share.{asset}") for asset in ASSETS}

    def end(name: str, which: Case) -> float:
        return end_of(rows[name], which)

    def terms(case: Case, dear: Case, leaky: Case, quotients: tuple[Quotient, ...]) -> CaseTerms:
        return CaseTerms(
            quotients=quotients,
            import_shares=None if case == "value" else {name: end_of(row, leaky) for name, row in imports.items()},
            price_level=end("economy.price_level", dear),
            spent_share=end("economy.spent_share", case),
            flq_delta=end("economy.flq_delta", leaky),
            site_share=end("economy.site_share", case),
            tax_on_wages=end("economy.tax_on_wages", case),
            tax_on_surplus=end("economy.tax_on_surplus", case),
        )

    return {
        "value": terms("value", "value", "value", ("flq", "slq")),
        "low": terms("low", "high", "high", ("flq",)),
        "high": terms("high", "low", "low", ("slq",)),
    }


def end_of(fact: Fact, case: Case) -> float:
    """The value of a row or an end of its range; the value where the range has no such end."""
    found = {"value": fact.value, "low": fact.low, "high": fact.high}[case]
    return fact.value if found is None else found


def trace(receipts: Receipts, terms: CaseTerms) -> Effects:
    """The effects of receipts under the terms of one case: the mean over its quotients."""
    laid = lay_on_products(receipts, terms.import_shares)
    found = [_trace(laid, receipts.places, terms, quotient) for quotient in terms.quotients]
    first, count = found[0], len(found)

    def mean(arrays: list[Array]) -> Array:
        return np.asarray(sum(arrays[1:], arrays[0]) / count)

    return Effects(
        places=first.places,
        home_myen=mean([one.home_myen for one in found]),
        abroad_myen=first.abroad_myen,
        measures={name: mean([one.measures[name] for one in found]) for name in MEASURES},
        imports_myen=mean([one.imports_myen for one in found]),
    )


def _trace(laid: Laid, hosts: tuple[str, ...], terms: CaseTerms, quotient: Quotient) -> Effects:
    regional = load_regional_table(quotient, terms.flq_delta)
    shares = supplier_shares(regional, hosts, terms.site_share)
    received, demand = _place(laid.home_yen / YEN_PER_MYEN, shares)
    without, everything = regional.outputs(demand, terms.spent_share)
    rounds = (demand, without - demand, everything - without)
    table = regional.table
    taxes = (
        table.production_tax_ratio
        + terms.tax_on_wages * table.wage_ratio
        + terms.tax_on_surplus * np.maximum(table.surplus_ratio, 0.0)
    )
    per_output = {
        "output_myen": np.ones(len(table.sectors)),
        "value_added_myen": table.value_added_ratio,
        "wages_myen": table.wage_ratio,
        "taxes_myen": taxes,
        "jobs": table.jobs_per_bn_yen / terms.price_level / MYEN_PER_BN_YEN,
    }
    measures = {
        name: np.array([np.einsum("rify,i->fyr", one, ratio) for one in rounds]) for name, ratio in per_output.items()
    }
    imported = (table.import_share[:, None] * table.coefficients).sum(axis=0)
    return Effects(
        regional.places,
        received,
        laid.abroad_yen / YEN_PER_MYEN,
        measures,
        np.einsum("rify,i->fy", without, imported),
    )


def _place(home: Array, shares: Array) -> tuple[Array, Array]:
    """What places receive by (phase, year, product, place), and the demand behind it by (place, sector, phase, year).

    `home` is by (phase, year, product, sector, host). Few pairs of product and sector are bought at all.
    """
    phases, years, products, sectors, _ = home.shape
    places = shares.shape[2]
    received = np.zeros((phases, years, products, places))
    demand = np.zeros((places, sectors, phases, years))
    for product, sector in zip(*np.nonzero(np.any(home != 0.0, axis=(0, 1, 4))), strict=True):
        amounts = home[:, :, product, sector] @ shares[product, sector].T
        received[:, :, product] += amounts
        demand[:, sector] += amounts.transpose(2, 0, 1)
    return received, demand


def supplier_shares(regional: RegionalTable, hosts: tuple[str, ...], site_share: float) -> Array:
    """Shares (product, sector, supplier, host) of what a campus at the host buys at home; 1 over suppliers.

    Work at the site is done by its own place to `site_share`, and the rest as the market has it without that place.
    """
    market = regional.trade[:, :, [regional.places.index(host) for host in hosts]]
    onsite = market.copy()
    for number, host in enumerate(hosts):
        own = regional.places.index(host)
        others = market[:, :, number].copy()
        others[:, own] = 0.0
        rest = others.sum(axis=1, keepdims=True)
        onsite[:, :, number] = (1.0 - site_share) * np.divide(others, rest, out=np.zeros_like(others), where=rest > 0)
        onsite[:, own, number] = np.where(rest[:, 0] > 0, site_share, 1.0)
    return np.array([onsite if product.place == "site" else market for product in load_products().values()])
