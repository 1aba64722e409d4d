"""The sentences of a national payment: where load moves, what the public sector gains, and what is assumed."""

from __future__ import annotations

from kiban.finance.national_payment import NationalPayment
from kiban.quantities import Language, format_number
from kiban.report.national.flows import area_name
from kiban.report.national.words import name_of
from kiban.report.payment.words import NEGLIGIBLE_MYEN, assumption_sentences, payment_money
from kiban.report.phrases import phrase

LEAST_MOVED_MW = 1.0
SHOWN_AREAS = 3


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
        sites=len(payment.after.loads),
        entries=f"{len(ledger.entries):,}",
        years=len(ledger.years),
        yen=format_number(ledger.residual_yen),
    )


def site_names(payment: NationalPayment, language: Language) -> dict[str, str]:
    """Name of every candidate by its id."""
    return {candidate.id: name_of(candidate, language) for candidate in payment.candidates}


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
    state = payment.changes_at_social_rate_myen["national_treasury"]
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


def _say(key: str, language: Language, /, **values: object) -> str:
    return phrase(f"national_pay.{key}", language, **values)
