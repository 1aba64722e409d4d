"""The sentences of an impact on others: the same for the command line, documents and pages."""

from __future__ import annotations

from kiban.market.bid_curves import MOST_BID_LOAD_MW
from kiban.market.bills import BillEffects
from kiban.market.campus import CampusImpact
from kiban.market.placements import Placement
from kiban.quantities import YEN_PER_MYEN, Language, MoneyFormat, format_number
from kiban.report.phrases import phrase, phrase_or

KWH_PER_MWH = 1000.0
LEAST_SAID_MW = 1.0
"""A plant that enters below it is rounding of the long run."""
LEAST_SAID_YEN = 1e6
"""What others pay below it is rounding of the clearing."""


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
    """An amount of yen."""
    return MoneyFormat(language).amount(yen / YEN_PER_MYEN)


def answer(found: CampusImpact, language: Language) -> str:
    """What all others pay more in a year, over the variants."""
    impact = found.impact
    low, high = impact.total_range_yen()
    said = {
        "subject": subject_text(found, language),
        "central": amount(abs(impact.central.total_yen), language),
        "low": amount(low, language),
        "high": amount(high, language),
    }
    if max(abs(low), abs(high)) < LEAST_SAID_YEN:
        return phrase("impact.answer_none", language, subject=said["subject"])
    more = "more" if impact.central.total_yen >= 0.0 else "less"
    return phrase(f"impact.answer_{more}", language, **said)


def subject_text(found: CampusImpact, language: Language) -> str:
    """The load that is asked about, with its name and its mean draw."""
    impact, asked = found.impact, found.asked
    mean = format_number(sum(impact.mean_mw_by_area))
    placed = [area for area, mw in zip(impact.areas, impact.mean_mw_by_area, strict=True) if mw]
    said = {
        "name": asked.name,
        "load": mean,
        "areas": phrase("impact.comma", language).join(area_name(area, language) for area in placed),
    }
    return phrase(f"impact.subject_{asked.basis}", language, **said)


def further_sentences(found: CampusImpact, language: Language) -> list[str]:
    """What follows the answer: per kWh, who receives it, emissions, curtailment, and what own power changes."""
    impact, central = found.impact, found.impact.central
    said: list[str] = []
    if impact.load_mwh > 0.0:
        kwh = KWH_PER_MWH * impact.load_mwh
        low, high = (format_number(end / kwh) for end in impact.total_range_yen())
        price = format_number(central.load_pays_yen / kwh)
        said.append(phrase("impact.per_kwh", language, low=low, high=high, price=price))
    said += _bill_sentences(found.bills, language)
    said += _witness_sentences(found, language)
    if central.generators_gain_yen is not None and central.congestion_rent_yen is not None:
        received = {
            "generators": amount(central.generators_gain_yen, language),
            "load": amount(central.load_pays_yen, language),
            "rent": amount(central.congestion_rent_yen, language),
        }
        said.append(phrase("impact.receivers", language, **received))
    if central.emissions_t is not None:
        tonnes = {"consequential": format_number(central.emissions_t), "mean": format_number(found.average_emissions_t)}
        said.append(phrase("impact.emissions", language, **tonnes))
    if central.curtailment_absorbed_mwh is not None:
        energy = format_number(central.curtailment_absorbed_mwh)
        said.append(phrase("impact.absorbed", language, energy=energy))
    if found.inflexible is not None:
        flat, own = found.inflexible.total_yen, central.total_yen
        compared = {"flat": amount(flat, language), "own": amount(own, language)}
        said.append(phrase("impact.inflexible", language, load=format_number(found.asked.draw.flat_mw), **compared))
    return said + _beyond_sentences(found, language) + _placement_sentences(found, language)


def _bill_sentences(bills: BillEffects, language: Language) -> list[str]:
    """What the tariffs pass on, by class, and what a household pays where it pays most."""
    if bills.largest_paid_yen < LEAST_SAID_YEN:
        return []
    area, (low, central, high) = bills.dearest_household()
    said = {name: amount(yen, language) for name, yen in bills.paid_by_class_yen().items()}
    said |= {"kept": amount(bills.kept_in_all_yen, language), "area": area_name(area, language)}
    said |= {"month": f"{central:.0f}", "low": f"{low:.0f}", "high": f"{high:.0f}"}
    return [phrase("impact.bills", language, **said)]


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
        if abs(mw) >= LEAST_SAID_MW
    )
    paid = {"long": amount(long.total_yen, language), "short": amount(found.impact.central.total_yen, language)}
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
