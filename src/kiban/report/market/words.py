"""The sentences of an impact on others: the same for the command line, documents and pages."""

from __future__ import annotations

from collections.abc import Callable

from kiban.market.bid_curves import MOST_BID_LOAD_MW
from kiban.market.bills import BillEffects
from kiban.market.campus import CampusImpact
from kiban.market.fuels import FUELS
from kiban.market.impact import VariantImpact
from kiban.market.placements import Placement
from kiban.quantities import KWH_PER_MWH, YEN_PER_MYEN, Language, MoneyFormat, format_number
from kiban.report.phrases import phrase, phrase_or

LEAST_ENTERING_MW = 1.0
"""A plant that enters below it is rounding of the long run."""
LEAST_SAID_YEN = 1e6
"""What others pay below it is not said."""
CLEARING_NOISE_YEN = 1e3


def area_name(area: str, language: Language) -> str:
    """Name of an area of the market."""
    return phrase_or(f"area.{area}", language, area)


def variant_name(name: str, language: Language) -> str:
    """What a variant is called; those of the bid curves alone carry their year."""
    stem, _, year = name.rpartition("_")
    return (
        phrase(f"impact.variant.{stem}", language, year=year)
        if year.isdigit()
        else phrase(f"impact.variant.{name}", language)
    )


def amount(yen: float, language: Language) -> str:
    """An amount of yen; what is less than a thousand in a year is rounding of the clearing."""
    return MoneyFormat(language).amount(yen / YEN_PER_MYEN if abs(yen) >= CLEARING_NOISE_YEN else 0.0)


def signed_amount(yen: float, language: Language) -> str:
    """An amount of yen with its sign."""
    return f"{'+' if yen > 0.0 else ''}{amount(yen, language)}"


def whole(value: float) -> str:
    """A number without digits after the point, zero without a sign."""
    return f"{round(value):,}"


def counted(value: float) -> str:
    """Tonnes or MWh of a year, of which less than one is rounding of the clearing."""
    return format_number(value if abs(value) >= 1.0 else 0.0)


def _signed(key: str, value: float) -> str:
    """The key of the sentence for more or for less."""
    return f"{key}_more" if value >= 0.0 else f"{key}_less"


def _span(low: float, high: float, language: Language, write: Callable[[float], str]) -> str:
    """From an amount to another, without signs: the lesser first, or what is less and what is more."""
    if low < 0.0 < high:
        return phrase("impact.span_mixed", language, less=write(-low), more=write(high))
    first, last = sorted((abs(low), abs(high)))
    return phrase("impact.span", language, low=write(first), high=write(last))


def _change(value: float, written: str, language: Language) -> str:
    """So much more or less; a yen or a tonne is nothing."""
    if abs(value) < 1.0:
        return phrase("impact.change_none", language)
    return phrase(_signed("impact.change", value), language, amount=written)


def _change_of_bills(yen: float, language: Language) -> str:
    """So much more or less that others pay; what the clearing rounds is nothing."""
    return _change(yen if abs(yen) >= CLEARING_NOISE_YEN else 0.0, amount(abs(yen), language), language)


def changes_nothing(found: CampusImpact) -> bool:
    """Whether what others pay more or less is rounding in every variant."""
    return max(map(abs, found.impact.total_range_yen())) < LEAST_SAID_YEN


def answer(found: CampusImpact, language: Language) -> str:
    """What all others pay more in a year, over the variants."""
    impact, subject = found.impact, subject_text(found, language)
    if changes_nothing(found):
        return phrase("impact.answer_none", language, subject=subject)
    total = impact.central.total_yen
    said = {
        "subject": subject,
        "central": amount(abs(total), language),
        "span": _span(*impact.total_range_yen(), language, lambda yen: amount(yen, language)),
    }
    return phrase(
        _signed("impact.answer" if impact.after is not None else "impact.answer_bids", total), language, **said
    )


def subject_text(found: CampusImpact, language: Language) -> str:
    """The load that is asked about, with its name and its mean draw."""
    impact, asked = found.impact, found.asked
    placed, mean = impact.placed_areas, sum(impact.mean_mw_by_area)
    said = {
        "name": asked.name,
        "load": format_number(abs(mean)),
        "areas": phrase("impact.comma", language).join(area_name(area, language) for area in placed),
    }
    if not placed:
        return phrase(f"impact.nowhere_{'named' if asked.name else 'load'}", language, **said)
    delivers = "_delivers" if mean < 0.0 and asked.basis == "plan" else ""
    return phrase(f"impact.subject_{asked.basis}{delivers}", language, **said)


def further_sentences(found: CampusImpact, language: Language) -> list[str]:
    """What follows the answer: per kWh, who receives it, emissions, curtailment, and what own power changes."""
    said = [] if changes_nothing(found) else _effect_sentences(found, language)
    if found.inflexible is not None:
        compared = {
            name: _change_of_bills(yen, language)
            for name, yen in (("flat", found.inflexible.total_yen), ("own", found.impact.central.total_yen))
        }
        said.append(phrase("impact.inflexible", language, load=format_number(found.asked.draw.flat_mw), **compared))
    return said + _beyond_sentences(found, language) + _placement_sentences(found, language)


def _effect_sentences(found: CampusImpact, language: Language) -> list[str]:
    """The effect itself: per kWh, by class, between its witnesses, who receives it, emissions and curtailment."""
    impact, central = found.impact, found.impact.central
    said: list[str] = []
    if impact.load_mwh > 0.0:
        kwh = KWH_PER_MWH * impact.load_mwh
        ends = [end / kwh for end in impact.total_range_yen()]
        low, high = map(format_number, ends)
        key = "impact.per_kwh" if ends[0] >= 0.0 else "impact.per_kwh_change"
        said.append(phrase(key, language, low=low, high=high, price=format_number(central.load_pays_yen / kwh)))
    said += _bill_sentences(found.bills, language)
    said += _witness_sentences(found, language)
    said += _receiver_sentences(central, language)
    if central.emissions_t is not None:
        mean = found.average_emissions_t
        tonnes = {
            "consequential": counted(abs(central.emissions_t)),
            "mean": _change(mean, f"{counted(abs(mean))} t", language),
        }
        said.append(phrase(_signed("impact.emissions", central.emissions_t), language, **tonnes))
    if central.curtailment_absorbed_mwh is not None:
        energy = central.curtailment_absorbed_mwh
        said.append(phrase(_signed("impact.absorbed", energy), language, energy=counted(abs(energy))))
    return said + _fuel_sentences(found, language)


def _fuel_sentences(found: CampusImpact, language: Language) -> list[str]:
    """What fuel is imported more or less, and what it costs at customs prices."""
    fuel = found.fuel
    if fuel is None or abs(fuel.total_yen) < LEAST_SAID_YEN:
        return []
    parts = phrase("impact.comma", language).join(
        phrase(_signed("impact.fuel_part", more) + f".{name}", language, amount=counted(abs(more)))
        for name, more in zip(FUELS, map(float, fuel.amount), strict=True)
        if abs(more) >= 1.0
    )
    total = amount(abs(fuel.total_yen), language)
    return [phrase(_signed("impact.fuel", fuel.total_yen), language, amount=total, parts=parts)]


def _receiver_sentences(central: VariantImpact, language: Language) -> list[str]:
    """What the load pays and who receives more: with what others pay they add up."""
    gains = {
        "generators": central.generators_gain_yen,
        "storages": central.storages_gain_yen,
        "rent": central.congestion_rent_yen,
    }
    said = {
        name: phrase(_signed(f"impact.{name}", yen), language, amount=amount(abs(yen), language))
        for name, yen in {"load": central.load_pays_yen, **gains}.items()
        if yen is not None
    }
    return [phrase("impact.receivers", language, **said)] if len(said) > len(gains) else []


def _bill_sentences(bills: BillEffects, language: Language) -> list[str]:
    """What the tariffs pass on, by class, and what a household pays where its bill changes most."""
    if bills.largest_paid_yen < LEAST_SAID_YEN:
        return []
    paid, kept = bills.paid_by_class_yen(), bills.kept_in_all_yen
    sign = -1.0 if sum(paid.values()) + kept < 0.0 else 1.0
    said = {name: amount(sign * yen, language) for name, yen in {**paid, "kept": kept}.items()}
    area, (low, central, high) = bills.dearest_household()
    span = _span(low, high, language, lambda yen: phrase("impact.yen", language, yen=whole(yen)))
    month = {"area": area_name(area, language), "month": whole(abs(central)), "span": span}
    return [
        phrase("impact.bills" if sign > 0.0 else "impact.bills_less", language, **said),
        phrase(_signed("impact.household", central), language, **month),
    ]


def _witness_sentences(found: CampusImpact, language: Language) -> list[str]:
    """Where the model lies between the observed slope, to which others had answered, and bids, to which nobody does."""
    paid = {variant.name: variant.total_yen for variant in found.impact.variants}
    if "observed_slope" not in paid or "bid_curves" not in paid:
        return []
    central, slope, bids = (paid[name] for name in ("central", "observed_slope", "bid_curves"))
    said = {"slope": amount(slope, language), "bids": amount(bids, language)}
    if min(slope, bids) <= central <= max(slope, bids):
        return [phrase("impact.between", language, **said)]
    return [phrase("impact.outside", language, central=amount(central, language), **said)]


def _beyond_sentences(found: CampusImpact, language: Language) -> list[str]:
    """What enters in the long run and what others then pay, and where load is lost more often."""
    if found.beyond is None:
        return []
    long, before, after = found.beyond.long_run, found.beyond.adequacy_before, found.beyond.adequacy_after
    more = {name: sum(float(mw) for mw in areas) for name, areas in long.entered_mw.items()}
    enters = phrase("impact.comma", language).join(
        phrase(f"impact.enters_{'more' if mw > 0.0 else 'less'}.{name}", language, mw=format_number(abs(mw)))
        for name, mw in more.items()
        if abs(mw) >= LEAST_ENTERING_MW
    )
    paid = {
        name: _change_of_bills(yen, language)
        for name, yen in (("long", long.total_yen), ("short", found.impact.central.total_yen))
    }
    said = [phrase("impact.long_run" if enters else "impact.long_run_alone", language, enters=enters, **paid)]
    at = max(range(len(before.areas)), key=lambda place: float(after.joined_hours[place] - before.joined_hours[place]))
    lost = {
        "area": area_name(before.areas[at], language),
        "before": f"{before.joined_hours[at]:.1f}",
        "after": f"{after.joined_hours[at]:.1f}",
        "mwh_before": format_number(float(before.joined_mwh.sum())),
        "mwh_after": format_number(float(after.joined_mwh.sum())),
    }
    return [*said, phrase("impact.lost_load", language, **lost)]


def _placement_sentences(found: CampusImpact, language: Language) -> list[str]:
    known = [placement for placement in found.placements if placement.inflexible_yen is not None]
    if not known:
        return []
    order = sorted(known, key=_inflexible)
    said = {"least": area_name(order[0].area, language), "most": area_name(order[-1].area, language)}
    low, high = (amount(_inflexible(one), language) for one in (order[0], order[-1]))
    return [phrase("impact.where", language, **said, low=low, high=high)]


def _inflexible(placement: Placement) -> float:
    return placement.inflexible_yen or 0.0


def note_sentences(found: CampusImpact, language: Language) -> list[str]:
    """What the answer rests on."""
    impact = found.impact
    said = [phrase(f"impact.basis_{found.asked.basis}", language), phrase("impact.note_spot", language)]
    said.append(phrase("impact.note_tariffs", language))
    if found.asked.left_out:
        sites = phrase("impact.comma", language).join(found.asked.left_out)
        # The load of a study is shared over the other sites, the draw of a plan's site is where it is.
        key = "left_out_of_plan" if found.asked.basis == "national_plan" else "left_out"
        said.append(phrase(f"impact.note_{key}", language, sites=sites))
    if impact.after is None:
        return [*said, phrase("impact.note_bids", language, most=format_number(MOST_BID_LOAD_MW))]
    said.append(phrase("impact.note_short_run" if found.beyond is None else "impact.note_short_run_first", language))
    if impact.synthetic:
        said.append(phrase("impact.note_synthetic", language))
    if impact.most_mw > MOST_BID_LOAD_MW:
        said.append(phrase("impact.note_beyond", language, most=format_number(MOST_BID_LOAD_MW)))
    if found.beyond is not None:
        said += [phrase(f"impact.note_{name}", language) for name in ("long_run", "adequacy")]
    if found.placements:
        said.append(phrase("impact.note_placements", language))
    return said
