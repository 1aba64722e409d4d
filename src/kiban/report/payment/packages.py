"""The policy packages that come with kiban as JSON: each instrument with its law, dates and status."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypedDict

from kiban.policy.law import Measure, load_law
from kiban.quantities import Language
from kiban.report.names import Names, named, subject_name
from kiban.report.phrases import phrase, phrase_or
from kiban.scenario.package import Instrument, Package, load_package, package_names


class CoveredAsset(TypedDict):
    """An asset class, or a group of them, that an instrument supports."""

    id: str
    name: Names


# "from" is a word of the language, so that the keys are given in a call.
InstrumentDocument = TypedDict(
    "InstrumentDocument",
    {
        "kind": str,
        "kind_name": Names,
        "amount": float | None,
        "amount_key": str | None,
        "assets": list[CoveredAsset],
        "law": str | None,
        "statute": Names | None,
        "article": str | None,
        "status": Literal["enacted", "proposed", "hypothetical"],
        "from": str | None,
        "to": str | None,
    },
)
"""An instrument of a package; `from` and `to` are the first and the last day of the support."""


class PackageDocument(TypedDict):
    """A package; `amount` is the rate of its only instrument, which a reader may vary, else None."""

    name: str
    title: Names
    description: Names
    tax_law: str | None
    amount: float | None
    amount_key: str | None
    instruments: list[InstrumentDocument]


def package_documents() -> list[PackageDocument]:
    """The packages that come with kiban."""
    return [package_document(load_package(name)) for name in package_names()]


def package_document(package: Package) -> PackageDocument:
    """One package."""
    return {
        "name": package.name,
        "title": {"en": package.title_en or package.name, "ja": package.title_ja or package.name},
        "description": {"en": package.description_en, "ja": package.description_ja},
        "tax_law": package.tax_law,
        "amount": package.amount,
        "amount_key": package.instrument[0].amount_key if len(package.instrument) == 1 else None,
        "instruments": [_instrument(item) for item in package.instrument],
    }


def _instrument(item: Instrument) -> InstrumentDocument:
    measure = load_law().measures.get(item.law) if item.law is not None else None
    covered = item.assets or (measure.assets if measure is not None else ())
    return {
        "kind": item.kind,
        "kind_name": {"en": phrase(f"instrument.{item.kind}", "en"), "ja": phrase(f"instrument.{item.kind}", "ja")},
        "amount": getattr(item, item.amount_key) if item.amount_key is not None else None,
        "amount_key": item.amount_key,
        "assets": [{"id": name, "name": named(_covered, name)} for name in covered],
        "law": item.law,
        "statute": {"en": measure.title_en, "ja": measure.title_ja} if measure is not None else None,
        "article": measure.article if measure is not None else None,
        "status": measure.status if measure is not None else "hypothetical",
        "from": _day(measure.valid_from) if measure is not None else None,
        "to": _sunset(item, measure),
    }


def _covered(name: str, language: Language) -> str:
    """Name of an asset class or of a group of them."""
    return phrase_or(f"asset_group.{name}", language, subject_name(name, language))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _sunset(item: Instrument, measure: Measure | None) -> str | None:
    """Last day of the support: the package's, else the law's."""
    if item.to_year is not None:
        return f"{item.to_year}-12-31"
    return _day(measure.valid_to) if measure is not None else None
