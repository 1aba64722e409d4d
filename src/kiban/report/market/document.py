"""What a load does to the prices and bills of others as one JSON object: what `kiban impact --json` prints.

Money is million yen a year, prices are means weighted by the demand that was there before. `low` and `high` are over
the variants. What is not known is null.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from kiban.market.bills import BillEffects
from kiban.market.campus import Basis, BeyondShortRun, CampusImpact
from kiban.market.customers import CENTRAL, CLASSES
from kiban.market.fuel_imports import FuelImports
from kiban.market.fuels import FUELS
from kiban.market.impact import VariantImpact
from kiban.market.long_run import LongRunImpact
from kiban.market.placements import Placement
from kiban.quantities import KWH_PER_MWH, YEN_PER_MYEN, Language
from kiban.report.market.words import answer, further_sentences


class ImpactRangeDocument(TypedDict):
    """An amount of the central variant, and its range over the variants."""

    central: float
    low: float
    high: float


class AreaDocument(TypedDict):
    """One area: its mean price without and with the load, and what the others there pay more."""

    id: str
    load_mwh_per_year: float
    price_before_yen_per_kwh: float
    price_after_yen_per_kwh: float
    others_pay_myen_per_year: ImpactRangeDocument


class VariantDocument(TypedDict):
    """One variant: what all others pay more, what the load pays, and who receives it."""

    id: str
    others_pay_myen_per_year: float
    load_pays_myen_per_year: float
    generators_gain_myen_per_year: float | None
    storages_gain_myen_per_year: float | None
    congestion_rent_myen_per_year: float | None
    emissions_t_per_year: float | None
    curtailment_absorbed_mwh: float | None


class PlacementDocument(TypedDict):
    """What others pay more if the campus stands in the area; null without an exchange, or without a plan."""

    id: str
    inflexible_myen_per_year: float | None
    flexible_myen_per_year: float | None
    own_power_myen_per_year: float | None
    worth_of_flexibility_myen_per_year: float | None


class ClassDocument(TypedDict):
    """What a class of customers in an area pays more a year once all lags are over, and in the first year."""

    id: str
    paid_myen_per_year: ImpactRangeDocument
    first_year_myen: float
    share_of_bill: float


class BillsDocument(TypedDict):
    """The bills of an area: by class, a household's month, and what suppliers keep until prices are set anew."""

    id: str
    classes: list[ClassDocument]
    household_yen_per_month: ImpactRangeDocument
    kept_myen_per_year: float


class LongRunAreaDocument(TypedDict):
    """An area after plants have entered, without and with the load; `entered_mw` is what enters more for the load."""

    id: str
    price_before_yen_per_kwh: float
    price_after_yen_per_kwh: float
    others_pay_myen_per_year: float
    entered_mw: dict[str, float]


class LongRunDocument(TypedDict):
    """What others pay more once plants have entered; `largest_profit` is the share by which one still earns more."""

    others_pay_myen_per_year: float
    areas: list[LongRunAreaDocument]
    largest_profit: float


class AdequacyDocument(TypedDict):
    """An area's least reserve margin, and what is expected not to be served, without the load and with it."""

    id: str
    reserve_margin_before: float
    reserve_margin_after: float
    short_hours_before: float
    short_hours_after: float
    unserved_mwh_before: float
    unserved_mwh_after: float


class FuelDocument(TypedDict):
    """Fuel of one kind that is imported more in a year: t, or kl of oil, and what it costs at customs prices."""

    id: str
    amount_per_year: float
    myen_per_year: float


class ImpactDocument(TypedDict):
    """The answer of `kiban impact`."""

    subject: str
    basis: Basis
    method: Literal["market", "bid_curves"]
    synthetic: bool
    load_mwh_per_year: float
    areas: list[AreaDocument]
    others_pay_myen_per_year: ImpactRangeDocument
    others_pay_yen_per_kwh: ImpactRangeDocument | None
    variants: list[VariantDocument]
    inflexible: VariantDocument | None
    placements: list[PlacementDocument]
    bills: list[BillsDocument]
    long_run: LongRunDocument | None
    adequacy: list[AdequacyDocument]
    emissions_t_per_year: float | None
    average_emissions_t_per_year: float
    curtailment_absorbed_mwh: float | None
    fuel_imports: list[FuelDocument]
    residual_yen: float
    sentence: str
    sentences: list[str]


def impact_document(found: CampusImpact, language: Language) -> ImpactDocument:
    """The impact in plain types, with its sentences."""
    impact, central = found.impact, found.impact.central
    lows, highs = impact.others_pay_range_yen()
    total = (central.total_yen, *impact.total_range_yen())
    return {
        "subject": found.asked.name,
        "basis": found.asked.basis,
        "method": "bid_curves" if impact.after is None else "market",
        "synthetic": impact.synthetic,
        "load_mwh_per_year": impact.load_mwh,
        "areas": [
            {
                "id": area,
                "load_mwh_per_year": float(impact.load_mwh_by_area[place]),
                "price_before_yen_per_kwh": float(central.price_before_yen_per_kwh[place]),
                "price_after_yen_per_kwh": float(central.price_after_yen_per_kwh[place]),
                "others_pay_myen_per_year": _range(
                    central.others_pay_yen[place], lows[place], highs[place], YEN_PER_MYEN
                ),
            }
            for place, area in enumerate(impact.areas)
        ],
        "others_pay_myen_per_year": _range(*total, YEN_PER_MYEN),
        "others_pay_yen_per_kwh": _range(*total, KWH_PER_MWH * impact.load_mwh) if impact.load_mwh > 0.0 else None,
        "variants": [_variant(variant) for variant in impact.variants],
        "inflexible": None if found.inflexible is None else _variant(found.inflexible, "inflexible"),
        "placements": [_placement(placement) for placement in found.placements],
        "bills": _bills(found.bills),
        "long_run": None if found.beyond is None else _long_run(found.beyond.long_run),
        "adequacy": [] if found.beyond is None else _adequacy(found.beyond),
        "emissions_t_per_year": central.emissions_t,
        "average_emissions_t_per_year": found.average_emissions_t,
        "curtailment_absorbed_mwh": central.curtailment_absorbed_mwh,
        "fuel_imports": _fuel(found.fuel),
        "residual_yen": float(round(impact.residual_yen)),
        "sentence": answer(found, language),
        "sentences": further_sentences(found, language),
    }


def _range(central: float, low: float, high: float, divisor: float) -> ImpactRangeDocument:
    return {"central": float(central) / divisor, "low": float(low) / divisor, "high": float(high) / divisor}


def _bills(bills: BillEffects) -> list[BillsDocument]:
    lows, highs = bills.range_yen()
    months = bills.household_yen_per_month()
    return [
        {
            "id": area,
            "classes": [
                {
                    "id": name,
                    "paid_myen_per_year": _range(bills.central_yen[at, of], lows[at, of], highs[at, of], YEN_PER_MYEN),
                    "first_year_myen": float(bills.first_year_yen[0, CENTRAL, at, of]) / YEN_PER_MYEN,
                    "share_of_bill": float(bills.rise_of_bill[at, of]),
                }
                for of, name in enumerate(CLASSES)
            ],
            "household_yen_per_month": _range(months[1][at], months[0][at], months[2][at], 1.0),
            "kept_myen_per_year": float(bills.central_kept_yen[at]) / YEN_PER_MYEN,
        }
        for at, area in enumerate(bills.customers.areas)
    ]


def _long_run(found: LongRunImpact) -> LongRunDocument:
    entered = found.entered_mw
    return {
        "others_pay_myen_per_year": found.total_yen / YEN_PER_MYEN,
        "areas": [
            {
                "id": area,
                "price_before_yen_per_kwh": float(found.price_before_yen_per_kwh[at]),
                "price_after_yen_per_kwh": float(found.price_after_yen_per_kwh[at]),
                "others_pay_myen_per_year": float(found.others_pay_yen[at]) / YEN_PER_MYEN,
                "entered_mw": {name: float(more[at]) for name, more in entered.items()},
            }
            for at, area in enumerate(found.areas)
        ],
        "largest_profit": found.after.largest_profit(),
    }


def _adequacy(beyond: BeyondShortRun) -> list[AdequacyDocument]:
    before, after = beyond.adequacy_before, beyond.adequacy_after
    return [
        {
            "id": area,
            "reserve_margin_before": float(before.reserve_margin[at]),
            "reserve_margin_after": float(after.reserve_margin[at]),
            "short_hours_before": float(before.joined_hours[at]),
            "short_hours_after": float(after.joined_hours[at]),
            "unserved_mwh_before": float(before.joined_mwh[at]),
            "unserved_mwh_after": float(after.joined_mwh[at]),
        }
        for at, area in enumerate(before.areas)
    ]


def _fuel(fuel: FuelImports | None) -> list[FuelDocument]:
    if fuel is None:
        return []
    return [
        {"id": name, "amount_per_year": float(amount), "myen_per_year": float(paid) / YEN_PER_MYEN}
        for name, amount, paid in zip(FUELS, fuel.amount, fuel.paid_yen, strict=True)
    ]


def _myen(yen: float | None) -> float | None:
    return None if yen is None else yen / YEN_PER_MYEN


def _variant(variant: VariantImpact, name: str = "") -> VariantDocument:
    return {
        "id": name or variant.name,
        "others_pay_myen_per_year": variant.total_yen / YEN_PER_MYEN,
        "load_pays_myen_per_year": variant.load_pays_yen / YEN_PER_MYEN,
        "generators_gain_myen_per_year": _myen(variant.generators_gain_yen),
        "storages_gain_myen_per_year": _myen(variant.storages_gain_yen),
        "congestion_rent_myen_per_year": _myen(variant.congestion_rent_yen),
        "emissions_t_per_year": variant.emissions_t,
        "curtailment_absorbed_mwh": variant.curtailment_absorbed_mwh,
    }


def _placement(placement: Placement) -> PlacementDocument:
    return {
        "id": placement.area,
        "inflexible_myen_per_year": _myen(placement.inflexible_yen),
        "flexible_myen_per_year": _myen(placement.flexible_yen),
        "own_power_myen_per_year": _myen(placement.own_power_yen),
        "worth_of_flexibility_myen_per_year": _myen(placement.worth_of_flexibility_yen),
    }
