"""Packages become terms: the ordinary tax law of the country, and the instruments laid over it, asset by asset.

What the law forbids is refused with all its problems at once: an instrument outside its dates, an unknown asset class,
two measures on the same cost that exclude each other, support above the cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kiban.errors import Problem, ScenarioError, nearest
from kiban.policy.law import Law, Measure, expand_assets, is_asset, load_law
from kiban.policy.tax_law import OrdinaryLaw, asset_kind, law_day, ordinary_law
from kiban.policy.terms import (
    ASSET_GROUPS,
    ASSETS,
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    FinancingTerms,
    GrantTerms,
    PolicyTerms,
    ProductionCreditTerms,
)
from kiban.scenario.package import Instrument, Package, load_package
from kiban.scenario.study import Scenario

YEN_PER_MYEN = 1e6
FIRST_YEAR, LAST_YEAR = 0, 9999
TREASURY = "national_treasury"
_PAYERS = ("national_treasury", "prefecture", "municipality", "ratepayers")
_ON_ASSETS = ("tax_credit", "special_depreciation", "capital_grant", "production_credit", "property_tax_relief")
_INCOME_TAX = ("tax_credit", "special_depreciation")
_ONCE = {
    "special_depreciation": "two special depreciations",
    "property_tax_relief": "two reliefs from property tax",
    "production_credit": "two production credits",
}
_WHOLE = {
    "tax_credit": ("credit_rate", "credit_by_kind", "credit_by_asset"),
    "special_depreciation": ("special_depreciation_share", "special_depreciation_by_kind"),
    "capital_grant": ("grant_share",),
    "property_tax_relief": ("exempt_share",),
    "loan_guarantee": ("coverage_share",),
    "surcharge_relief": ("reduction_share",),
}


@dataclass(frozen=True, slots=True)
class _Laid:
    """One instrument with its measure and the terms of it, and what it covers when."""

    package: str
    number: int
    instrument: Instrument
    measure: Measure | None
    terms: Mapping[str, Any]
    assets: tuple[str, ...]
    first_year: int
    last_year: int

    @property
    def where(self) -> str:
        law = f" under {self.measure.id}" if self.measure else ""
        return f"{self.package}: instrument {self.number} ({self.instrument.kind}{law})"

    def take(self, key: str, term: str, default: Any = None) -> Any:
        given = getattr(self.instrument, key)
        return self.terms.get(term, default) if given is None else given

    @property
    def payer(self) -> str:
        if self.instrument.payer is not None:
            return self.instrument.payer
        bearer = self.measure.bearer if self.measure else TREASURY
        return bearer if bearer in _PAYERS else TREASURY


def load_packages(scenario: Scenario) -> tuple[Package, ...]:
    """The packages that a scenario names; raises `ScenarioError` with the problems of all of them."""
    packages: list[Package] = []
    problems: list[Problem] = []
    for name in scenario.policy.packages:
        try:
            packages.append(load_package(name, scenario.folder))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return tuple(packages)


def resolve(packages: Sequence[Package], *, start_year: int, tax_law: str = "japan") -> PolicyTerms:
    """What the packages together mean for a campus built in `start_year`.

    `tax_law` is the scenario's country; a package that names a tax law overrides it. Raises `ScenarioError` with every
    problem of the packages, and `CatalogueError` where the country's law does not reach back to that year.
    """
    law = load_law()
    named = sorted({package.tax_law for package in packages if package.tax_law is not None})
    problems = []
    if len(named) > 1:
        problems.append(
            Problem(f"ask for different tax laws, {' and '.join(named)}", _join(packages), remedy="choose one")
        )
    ordinary = ordinary_law(named[0] if named else tax_law, start_year)
    laid = []
    for package in packages:
        for number, instrument in enumerate(package.instrument, start=1):
            found = _lay(law, package.name, number, instrument, start_year)
            if isinstance(found, _Laid):
                laid.append(found)
            else:
                problems += found
    problems += _conflicts(laid)
    shares: dict[tuple[int, str], float] = {}
    for position, item in enumerate(laid):
        for asset in item.assets:
            share = _share_of(law, item, asset, start_year)
            if share is None:
                problems.append(
                    Problem(
                        f"gives no rate for {asset} in {start_year}", item.where, remedy="leave it out or give a rate"
                    )
                )
            else:
                shares[position, asset] = share
    problems += _too_much(laid, shares)
    if problems:
        raise ScenarioError(problems)
    return _terms(packages, ordinary, laid, shares, law)


def _join(packages: Sequence[Package]) -> str:
    return " + ".join(package.name for package in packages)


def _lay(law: Law, package: str, number: int, instrument: Instrument, start_year: int) -> _Laid | list[Problem]:
    problems = []
    bare = f"{package}: instrument {number} ({instrument.kind})"
    measure = None
    if instrument.law is not None:
        measure = law.measures.get(instrument.law)
        if measure is None:
            remedy = nearest(instrument.law, law.measures) or "see the files in policy/law"
            problems.append(Problem(f"names the unknown law '{instrument.law}'", bare, remedy=remedy))
    for name in instrument.assets:
        if not is_asset(name):
            known = ("all", *ASSET_GROUPS, *ASSETS)
            remedy = nearest(name, known) or f"the classes and groups are {', '.join(known)}"
            problems.append(Problem(f"names the unknown asset class '{name}'", bare, remedy=remedy))
    if problems:
        return problems
    first, last, terms = _window(measure, start_year)
    first = max(first, instrument.from_year or FIRST_YEAR)
    last = min(last, LAST_YEAR if instrument.to_year is None else instrument.to_year)
    assets = expand_assets(instrument.assets) or (measure.assets if measure else ())
    laid = _Laid(package, number, instrument, measure, terms or {}, assets, first, last)
    if terms is None or not first <= start_year <= last:
        dates = [measure.describe_dates()] if measure else []
        if instrument.from_year or instrument.to_year:
            dates.append(f"the package limits it to {instrument.from_year or '...'} to {instrument.to_year or '...'}")
        remedy = f"{' and '.join(dates)}; choose another policy.start_year or leave it out"
        return [Problem(f"is outside its dates in {start_year}", laid.where, remedy=remedy)]
    if instrument.kind in _ON_ASSETS:
        if not assets:
            return [Problem("covers no assets", laid.where, remedy="name them under assets")]
        laid = replace(laid, assets=assets)
    else:
        laid = replace(laid, assets=())
    return laid if not (missing := list(_missing(laid))) else missing


def _window(measure: Measure | None, year: int) -> tuple[int, int, Mapping[str, Any] | None]:
    """Calendar years in which spending counts, and the terms in one of them; the terms are None outside."""
    if measure is None:
        return FIRST_YEAR, LAST_YEAR, {}
    first = measure.valid_from.year if measure.valid_from else FIRST_YEAR
    day = law_day(year)
    last = LAST_YEAR
    if measure.valid_to:
        # A measure that asks for a confirmation by its last day lets its holder buy for some years more.
        grace = measure.periods[-1].terms.get("acquisition_years", 0)
        last = measure.valid_to.year + grace
        if grace and day > measure.valid_to and year <= last:
            day = measure.valid_to
    return first, last, measure.terms(day) if measure.holds(day) else None


def _missing(laid: _Laid) -> Iterator[Problem]:
    """What neither the instrument nor its measure says."""
    kind, key = laid.instrument.kind, laid.instrument.amount_key
    given = key is None or getattr(laid.instrument, key) is not None
    known = (*_WHOLE.get(kind, ()), *(("price_upper_yen_per_t",) if kind == "carbon_price" else ()))
    if not given and not any(term in laid.terms for term in known):
        yield Problem(f"has no {key}, and the law gives none", laid.where, remedy=f"give its {key}")
    years = laid.take("years", "exempt_years") if kind == "property_tax_relief" else laid.instrument.years
    if kind in {"property_tax_relief", "production_credit"} and years is None:
        yield Problem("does not say for how many years", laid.where, remedy="give its years")


def _share_of(law: Law, laid: _Laid, asset: str, start_year: int) -> float | None:
    """Rate of an instrument on one asset class: the package's, or the law's for its kind of asset."""
    if laid.instrument.kind == "production_credit":
        return laid.instrument.rate_myen_per_mwh
    if laid.instrument.rate is not None:
        return laid.instrument.rate
    for name in _WHOLE[laid.instrument.kind]:
        if name in laid.terms:
            found = laid.terms[name]
            if name.endswith("_by_kind"):
                found = found.get(asset_kind(law, asset, law_day(start_year)))
            elif name.endswith("_by_asset"):
                found = found.get(asset)
            return None if found is None else float(found)
    return None


def _conflicts(laid: Sequence[_Laid]) -> Iterator[Problem]:
    """Pairs of instruments that the law forbids on the same cost, and what a public owner cannot use."""
    for position, one in enumerate(laid):
        for other in laid[:position]:
            yield from _conflict(other, one)
    public = next((item for item in laid if item.instrument.kind == "public_ownership"), None)
    if public is None:
        return
    for item in laid:
        if item.instrument.kind in (*_INCOME_TAX, "property_tax_relief"):
            yield Problem(
                "relieves a tax that a public owner does not pay", item.where, remedy=f"drop it or {public.where}"
            )
        if item.instrument.kind in {"loan_guarantee", "concessional_loan"}:
            yield Problem(
                "supports the debt of a public owner, who borrows as the state does", item.where, remedy="drop it"
            )


def _conflict(one: _Laid, other: _Laid) -> Iterator[Problem]:
    kinds = {one.instrument.kind, other.instrument.kind}
    if not one.assets and one.instrument.kind == other.instrument.kind:
        yield Problem(f"repeats {one.where}", other.where, remedy="keep one of them")
    if kinds == {"loan_guarantee", "concessional_loan"}:
        yield Problem(f"covers the debt that {one.where} covers", other.where, remedy="keep one of them")
    shared = [asset for asset in one.assets if asset in other.assets]
    if not shared:
        return
    on = "on all assets" if len(shared) == len(ASSETS) else f"on {', '.join(shared)}"
    if len(kinds) == 1 and one.instrument.kind in _ONCE:
        yield Problem(f"is the second of {_ONCE[one.instrument.kind]} {on}", other.where, remedy="keep one of them")
        return
    if kinds <= set(_INCOME_TAX) and one.measure and other.measure:
        same = one.measure is other.measure
        group = one.measure.excludes and one.measure.excludes == other.measure.excludes
        if same or group:
            why = "one measure gives either" if same else "the law allows one such measure for each asset"
            yield Problem(
                f"may not be combined with {one.where} {on}, because {why}", other.where, remedy="choose one of them"
            )
    if kinds == {"tax_credit", "capital_grant"}:
        grant = one if one.instrument.kind == "capital_grant" else other
        if grant.instrument.treatment != "reduces_basis":
            yield Problem(
                f"counts the same cost as a tax credit {on}",
                grant.where,
                remedy='set treatment = "reduces_basis", so that the credit counts on the rest',
            )


def _too_much(laid: Sequence[_Laid], shares: Mapping[tuple[int, str], float]) -> Iterator[Problem]:
    """Credits and grants that together pay more than an asset costs."""
    names: dict[float, list[str]] = {}
    for asset in ASSETS:
        paid = dict.fromkeys(("tax_credit", "capital_grant"), 0.0)
        for (position, name), share in shares.items():
            if name == asset and laid[position].instrument.kind in paid:
                paid[laid[position].instrument.kind] += share
        total = paid["capital_grant"] + paid["tax_credit"] * (1.0 - paid["capital_grant"])
        if max(total, *paid.values()) > 1.0:
            names.setdefault(round(max(total, *paid.values()), 9), []).append(asset)
    where = " + ".join(dict.fromkeys(item.package for item in laid))
    for total, assets in names.items():
        remedy = "credits and grants may pay 100 % at most"
        yield Problem(f"pays {total:.0%} of the cost of {', '.join(assets)}", where, remedy=remedy)


def _terms(
    packages: Sequence[Package],
    ordinary: OrdinaryLaw,
    laid: Sequence[_Laid],
    shares: Mapping[tuple[int, str], float],
    law: Law,
) -> PolicyTerms:
    assets = dict(ordinary.assets)
    tax = ordinary.tax
    financing = FinancingTerms()
    carbon_price, surcharge, network = None, 0.0, 0.0
    for position, item in enumerate(laid):
        instrument, measure = item.instrument, item.measure.id if item.measure else ""
        for asset in item.assets:
            assets[asset] = _support(assets[asset], item, shares[position, asset])
        amount = item.take("rate", _WHOLE.get(instrument.kind, ("",))[0])
        if instrument.kind == "loan_guarantee":
            fee = item.take("fee_rate", "fee_rate", 0.0)
            financing = replace(financing, guarantee_coverage=amount, guarantee_fee_rate=fee, measure=measure)
        elif instrument.kind == "concessional_loan":
            financing = replace(financing, concessional_rate=amount, measure=measure)
        elif instrument.kind == "public_ownership":
            financing = replace(financing, public=True, measure=measure)
        elif instrument.kind == "carbon_price":
            given = instrument.price_myen_per_t
            carbon_price = item.terms["price_upper_yen_per_t"] / YEN_PER_MYEN if given is None else given
        elif instrument.kind == "surcharge_relief":
            surcharge = amount
        elif instrument.kind == "network_relief":
            network = amount
    assets = {name: _on_what_is_left(terms) for name, terms in assets.items()}
    if financing.public:
        # A public body owes neither income tax nor property tax.
        tax = replace(tax, rate=0.0)
        assets = {name: replace(terms, property_tax=None, ordinary_property_tax=None) for name, terms in assets.items()}
    used = dict.fromkeys([*ordinary.measures, *(item.measure.id for item in laid if item.measure)])
    return PolicyTerms(
        name=_join(packages) or "none",
        title_en=" + ".join(package.title_en or package.name for package in packages),
        title_ja=" + ".join(package.title_ja or package.name for package in packages),
        tax=tax,
        assets=assets,
        financing=financing,
        carbon_price_myen_per_t=carbon_price,
        surcharge_relief_share=surcharge,
        network_relief_share=network,
        notes=tuple(_notes(laid, ordinary)),
        assumed=tuple(name for name in used if not law.measure(name).is_settled),
    )


def _support(terms: AssetTerms, item: _Laid, share: float) -> AssetTerms:
    """The terms of one asset class with one instrument more; several windows of support become the common one."""
    instrument, measure = item.instrument, item.measure.id if item.measure else ""
    cap = instrument.cap_myen
    if cap is None and "grant_cap_yen" in item.terms and instrument.kind == "capital_grant":
        cap = item.terms["grant_cap_yen"] / YEN_PER_MYEN
    terms = replace(
        terms, first_year=max(terms.first_year, item.first_year), last_year=min(terms.last_year, item.last_year)
    )
    if instrument.kind == "tax_credit":
        credit = CreditTerms(
            rate=share,
            basis_reduction_share=item.take("basis_reduction_share", "basis_reduction_share", 0.0),
            limit_share_of_tax=item.take("limit_share_of_tax", "limit_share_of_tax"),
            carry_forward_years=item.take("carry_forward_years", "carry_forward_years", 0),
            refundable=item.take("refundable", "refundable", False),
            cap_myen=cap,
            payer=item.payer,
            measure=measure,
        )
        return replace(terms, credits=(*terms.credits, credit))
    if instrument.kind == "special_depreciation":
        return replace(terms, depreciation=_faster(terms.depreciation, share))
    if instrument.kind == "capital_grant":
        grant = GrantTerms(share, instrument.treatment, cap, item.payer, measure)
        return replace(terms, grants=(*terms.grants, grant))
    if instrument.kind == "production_credit":
        credit_terms = ProductionCreditTerms(share, instrument.years or 0, item.payer, measure)
        return replace(terms, production_credit=credit_terms)
    if terms.property_tax is None:
        return terms
    years = item.take("years", "exempt_years", 0)
    relieved = replace(
        terms.property_tax,
        relief=(1.0 - share,) * years,
        state_refund_share=item.take("state_refund_share", "state_refund_share", 0.0),
    )
    return replace(terms, property_tax=relieved)


def _on_what_is_left(terms: AssetTerms) -> AssetTerms:
    """Credits count on the cost less the grants that are booked against it."""
    granted = sum(grant.rate for grant in terms.grants if grant.treatment == "reduces_basis")
    if not granted or not terms.credits:
        return terms
    return replace(
        terms, credits=tuple(replace(credit, rate=credit.rate * (1.0 - granted)) for credit in terms.credits)
    )


def _faster(depreciation: DepreciationTerms, share: float) -> DepreciationTerms:
    """With a special depreciation, where the ordinary law does not already allow as much."""
    return replace(depreciation, first_year_share=max(depreciation.first_year_share, share))


def _notes(laid: Sequence[_Laid], ordinary: OrdinaryLaw) -> Iterator[str]:
    for item in laid:
        beyond = [
            asset for asset in item.assets if item.measure and item.measure.assets and asset not in item.measure.assets
        ]
        if beyond and item.measure:
            yield f"{item.where} extends the measure to {', '.join(beyond)}"
        untaxed = item.instrument.kind == "property_tax_relief" and ordinary.tax.jurisdiction != "japan"
        if untaxed:
            yield f"{item.where} has no effect, because no property tax is counted"
        if item.measure is None and item.instrument.kind != "carbon_price":
            yield f"{item.where} rests on no law"
