"""Who pays for a package in a national plan, in words and as one JSON object."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from kiban.finance.campus import Campus
from kiban.finance.metrics import irr
from kiban.finance.national_payment import NationalPayment, Region
from kiban.finance.national_side import NationalSide
from kiban.quantities import Language, format_number
from kiban.report.national.terminal import name_of
from kiban.report.payment.words import (
    answer,
    assumption_sentences,
    further_sentences,
    payment_money,
    summarise_ledger,
    summarise_support,
)
from kiban.report.phrases import phrase, phrase_or

FORMAT = "kiban national payment"
VERSION = 1
LEAST_MOVED_MW = 1.0
SHOWN_AREAS = 3
NEGLIGIBLE_MYEN = 1e-6


def place_sentences(payment: NationalPayment, language: Language) -> tuple[str, ...]:
    """Where the package moves load, and what the state and the local public sector gain or pay."""
    return (
        *_moves(payment, language),
        *_openings(payment, language),
        *_public(payment, language),
    )


def basis_sentences(payment: NationalPayment, language: Language) -> tuple[str, ...]:
    """What the answer assumes and how exact it is."""
    before, after = payment.before, payment.after
    gap = f"{before.problem.study.national.gap:.2%}"
    said = [
        *assumption_sentences(payment, language),
        _say("uniform", language, price=payment_money(payment, language).price(before.levelised.myen_per_it_mwh)),
        _say("steady", language, gap=gap, before=f"{before.relative_gap:.2%}", after=f"{after.relative_gap:.2%}"),
    ]
    names = site_names(payment, language)
    for (package, number, kind), sites in after.refused.items():
        listed = _say("join", language).join(names[site] for site in sites)
        why = _say(f"unmet.{kind}", language)
        said.append(_say("refused", language, sites=listed, package=package, number=number, why=why))
    if payment.elasticity is None and all(tranche.must_serve for tranche in before.problem.tranches):
        said.append(_say("no_room", language))
    return tuple(said)


def residual_sentence(payment: NationalPayment, language: Language) -> str:
    """That the ledgers sum to zero."""
    ledger = payment.after.ledger
    return _say(
        "residual",
        language,
        sites=len(payment.after.campuses),
        entries=f"{len(ledger.entries):,}",
        years=len(ledger.years),
        yen=format_number(ledger.residual_yen),
    )


def area_name(area: str, language: Language) -> str:
    """Name of a grid area."""
    return phrase_or(f"area.{area}", language, area)


def site_names(payment: NationalPayment, language: Language) -> dict[str, str]:
    """Name of every candidate by its id."""
    return {candidate.id: name_of(candidate, language) for candidate in payment.candidates}


def summarise_national_payment(payment: NationalPayment) -> dict[str, Any]:
    """Everything of a national payment in plain types; money in million yen, present values in the start year."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": payment.before.problem.study.national.name,
        "sentence": {language: answer(payment, language) for language in ("en", "ja")},
        "sentences": {
            language: [*further_sentences(payment, language), *place_sentences(payment, language)]
            for language in ("en", "ja")
        },
        "assumptions": {language: list(basis_sentences(payment, language)) for language in ("en", "ja")},
        "packages": {
            "with": [package.name for package in payment.after.packages],
            "against": [package.name for package in payment.before.packages],
        },
        "fiscal_cost_myen": payment.fiscal_cost_myen,
        "treasury_value_myen": payment.treasury_value_myen,
        "induced_it_mw": payment.induced_it_mw,
        "moved_it_mw": payment.moved_mw,
        "least_moved_it_mw": payment.least_moved_mw,
        "damage_myen": payment.damage_myen,
        "construction_jobs": payment.construction_jobs,
        "cost_per_induced_mw_myen": payment.cost_per_induced_mw_myen,
        "value_of_public_funds": payment.value_of_public_funds,
        "support": summarise_support(payment),
        "ledger": _ledger(payment),
        "areas": [_region(region) for region in payment.areas],
        "prefectures": [_region(region) for region in payment.prefectures],
        "sites": _sites(payment),
        "finance": {"without": _side(payment.before), "with": _side(payment.after)},
        "refused": [
            {"package": package, "instrument": number, "condition": kind, "sites": list(sites)}
            for (package, number, kind), sites in payment.after.refused.items()
        ],
        "solves": payment.solves,
    }


def equity_return(side: NationalSide) -> float | None:
    """Internal rate of return of all equity together."""
    return irr(sum(campus.cash.equity_flow for campus in side.campuses))  # type: ignore[arg-type]


def _say(key: str, language: Language, /, **values: object) -> str:
    return phrase(f"national_pay.{key}", language, **values)


def _moves(payment: NationalPayment, language: Language) -> list[str]:
    moved = {site: mw for site, mw in payment.moved_by_site_mw.items() if abs(mw) >= LEAST_MOVED_MW}
    if not moved:
        return [_say("moved_none", language, least=format_number(LEAST_MOVED_MW))]
    names = site_names(payment, language)

    def listed(sign: float) -> str:
        found = sorted((site for site, mw in moved.items() if sign * mw > 0), key=lambda site: -abs(moved[site]))
        said = [_say("moved_site", language, name=names[site], mw=format_number(abs(moved[site]))) for site in found]
        return _say("join", language).join(said) or "–"

    least = format_number(round(min(payment.least_moved_mw, payment.moved_mw), 1))
    return [
        _say("moved", language, mw=format_number(payment.moved_mw), gained=listed(1.0), lost=listed(-1.0)),
        _say("moved_surely", language, least=least),
    ]


def _openings(payment: NationalPayment, language: Language) -> list[str]:
    names = site_names(payment, language)
    before, after = payment.before.loads, payment.after.loads
    found = []
    for key, one, other in (("opened", after, before), ("closed", before, after)):
        new = [names[site] for site in one if site not in other]
        if new:
            found.append(_say(key, language, names=_say("join", language).join(new)))
    return found


def _public(payment: NationalPayment, language: Language) -> list[str]:
    money, found = payment_money(payment, language), []
    state = payment.party_values_myen["national_treasury"]
    if abs(state) > NEGLIGIBLE_MYEN:
        found.append(_say("national" if state < 0 else "national_gains", language, amount=money.amount(abs(state))))
    local = sum(region.local_public_myen for region in payment.areas)
    if abs(local) > NEGLIGIBLE_MYEN:
        sign = 1.0 if local > 0 else -1.0
        most = sorted(payment.areas, key=lambda region: -sign * region.local_public_myen)[:SHOWN_AREAS]
        areas = [
            _say(
                "local_area",
                language,
                area=area_name(region.name, language),
                amount=money.amount(abs(region.local_public_myen)),
            )
            for region in most
            if sign * region.local_public_myen > NEGLIGIBLE_MYEN
        ]
        key = "local" if local > 0 else "local_less"
        found.append(_say(key, language, amount=money.amount(abs(local)), areas=_say("join", language).join(areas)))
    return found


def _ledger(payment: NationalPayment) -> dict[str, Any]:
    """The ledger of one campus's payment, with every entry at its place and the parties by region."""
    entries = [
        dataclasses.asdict(entry) | place
        for campus in payment.after.campuses
        for place in (_place(payment, campus),)
        for entry in campus.ledger.entries
    ]
    return {
        **summarise_ledger(payment),
        "by_area": {region.name: _balances(payment, region, "area") for region in payment.areas},
        "by_prefecture": {region.name: _balances(payment, region, "prefecture") for region in payment.prefectures},
        "entries": sorted(entries, key=lambda entry: entry["year"]),
    }


def _place(payment: NationalPayment, campus: Campus) -> dict[str, str | None]:
    area = next(candidate.area for candidate in payment.candidates if candidate.id == campus.site)
    return {"site": campus.site, "area": area, "prefecture": campus.prefecture}


def _balances(payment: NationalPayment, region: Region, kind: str) -> dict[str, Any]:
    """Present values of every party in a region, and its balances by year with the package."""
    total: dict[str, dict[str, float]] = {}
    for campus in payment.after.campuses:
        if (_place(payment, campus)[kind] or "") != region.name:
            continue
        for party, by_year in campus.ledger.balances.items():
            known = total.setdefault(party, {})
            for year, amount in by_year.items():
                known[str(year)] = round(known.get(str(year), 0.0) + amount, 6)
    return {
        "present_values_myen": {
            "without": dict(region.without_myen),
            "with": dict(region.with_myen),
            "change": dict(region.change_myen),
        },
        "by_party": total,
    }


def _region(region: Region) -> dict[str, Any]:
    return {
        "name": region.name,
        "without_it_mw": region.without_mw,
        "with_it_mw": region.with_mw,
        "induced_it_mw": region.induced_mw,
        "moved_it_mw": region.moved_mw,
        "support_myen": region.support_myen,
        "distortion_myen": region.distortion_myen,
        "fiscal_cost_myen": region.fiscal_cost_myen,
        "local_public_myen": region.local_public_myen,
        "ratepayers_myen": region.change_myen["ratepayers"],
        "construction_jobs": None if region.jobs is None else list(region.jobs),
        "value_added_myen": None if region.value_added_myen is None else list(region.value_added_myen),
    }


def _sites(payment: NationalPayment) -> list[dict[str, Any]]:
    before = {campus.site: campus for campus in payment.before.campuses}
    after = {campus.site: campus for campus in payment.after.campuses}
    found = []
    for site in dict.fromkeys([*before, *after, *payment.forced_mw]):
        support = payment.supports.get(site)
        campus = after.get(site) or before.get(site)
        found.append(
            {
                "id": site,
                **({} if campus is None else _place(payment, campus)),
                "without_it_mw": payment.before.loads.get(site, 0.0),
                "with_it_mw": payment.after.loads.get(site, 0.0),
                "forced_it_mw": payment.forced_mw.get(site, 0.0),
                "moved_it_mw": payment.moved_by_site_mw.get(site, 0.0),
                "fiscal_cost_myen": payment.fiscal_costs_myen.get(site, 0.0),
                "support_myen": 0.0 if support is None else support.total_myen,
                "capacities": {} if site not in after else dict(after[site].plan.capacities),
                "returns": None if site not in after else dataclasses.asdict(after[site].returns),
            }
        )
    return found


def _side(side: NationalSide) -> dict[str, Any]:
    levelised: Mapping[str, Any] = dataclasses.asdict(side.levelised)
    return {
        "equity_irr": equity_return(side),
        "levelised": levelised,
        "debt_myen": sum(campus.returns.debt_myen for campus in side.campuses),
        "cost_myen_per_year": sum(campus.plan.cost_myen_per_year for campus in side.campuses),
        "clean_share": clean_share(side),
        "served_mw": dict(side.served_mw),
        "bound_myen_per_year": side.bound_myen,
        "net_cost_myen_per_year": side.found.cost_myen,
        "relative_gap": side.relative_gap,
        "credit_utilisation": {site: dict(shares) for site, shares in side.credit_utilisation.items()},
    }


def clean_share(side: NationalSide) -> float:
    """Share of the load that clean energy meets hour by hour, over all campuses."""
    energy = [campus.plan.indicators["load_mwh_per_year"] for campus in side.campuses]
    shares = [campus.plan.indicators["clean_share"] for campus in side.campuses]
    return sum(share * mwh for share, mwh in zip(shares, energy, strict=True)) / sum(energy)
