"""Instruments of policy packages, checked one by one and against each other before they become terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from kiban.catalogue import load_catalogue
from kiban.errors import Problem, nearest
from kiban.messages import Message
from kiban.policy.law import RATE_OF_SERVICE, SERVICE, Law, Measure, expand_assets, is_asset
from kiban.policy.tax_law import TREASURY, asset_kind, law_day
from kiban.policy.terms import ASSET_GROUPS, ASSETS, Condition, ConditionKind
from kiban.quantities import KWH_PER_MWH, YEN_PER_MYEN
from kiban.scenario.package import Instrument

FIRST_YEAR, LAST_YEAR = 0, 9999
_PAYERS = ("national_treasury", "prefecture", "municipality", "ratepayers")
_ON_ASSETS = (
    "tax_credit", "special_depreciation", "capital_grant", "production_credit", "property_tax_relief",
    "purchase_tax_relief",
)  # fmt: skip
_OF_A_PLACE = frozenset({"regional_plan", "municipal_ordinance"})
"""Demands that only a place of the measure's own country can fulfil."""
_INCOME_TAX = ("tax_credit", "special_depreciation")
_ONCE = {
    "special_depreciation": "policy.second_depreciation",
    "property_tax_relief": "policy.second_relief",
    "purchase_tax_relief": "policy.second_purchase_relief",
    "production_credit": "policy.second_production_credit",
}
"""Kinds of which an asset may have one, and the fault of a second."""
AMOUNT_TERMS = {
    "tax_credit": ("credit_rate", "credit_by_kind", "credit_by_asset"),
    "special_depreciation": ("special_depreciation_share", "special_depreciation_by_kind"),
    "capital_grant": ("grant_share",),
    "property_tax_relief": ("exempt_share",),
    "purchase_tax_relief": ("exempt_share",),
    "loan_guarantee": ("coverage_share",),
    "surcharge_relief": ("reduction_share",),
}

YEN_PER_THOUSAND = 1e3
_THRESHOLDS: Mapping[str, tuple[ConditionKind, float]] = {
    "min_investment_yen": ("investment", 1.0 / YEN_PER_MYEN),
    "project_cost_min_yen": ("investment", 1.0 / YEN_PER_MYEN),
    "new_min_investment_yen": ("investment", 1.0 / YEN_PER_MYEN),
    "min_acquisition_yen": ("investment", 1.0 / YEN_PER_MYEN),
    "min_acquisition_yen_information_services": ("investment", 1.0 / YEN_PER_MYEN),
    "min_roi": ("return", 1.0),
    "requires_share_decarbonised_power": ("clean_share", 1.0),
    "min_kwh_per_year": ("grid_energy", 1.0 / KWH_PER_MWH),
    "min_kwh_per_1000yen": ("intensity", YEN_PER_MYEN / YEN_PER_THOUSAND / KWH_PER_MWH),
}
"""Terms of a measure that a plan can be held against, and what turns them into the unit of the condition."""
_PLACES: Mapping[str, ConditionKind] = {
    "excluded_prefectures": "prefecture",
    "only_prefectures": "inside",
    "only_municipalities": "municipality",
    "only_states": "state",
}
"""Terms that name the places for which a measure is, or is not."""
_DOLLARS = "min_investment_usd"
_INDEX = "fiscal_index_limit_municipality_large_projects"
_DENIAL = "jp_large_firm_denial"
_LARGE_FIRMS: Mapping[ConditionKind, str] = {
    "wage_growth": "min_wage_growth",
    "investment_ratio": "min_investment_of_depreciation",
}
"""Conditions of large firms, and the terms that say how much."""


@dataclass(frozen=True, slots=True)
class LaidInstrument:
    """One instrument with its measure and the terms of it, and what it covers when."""

    package: str
    number: int
    instrument: Instrument
    measure: Measure | None
    terms: Mapping[str, Any]
    assets: tuple[str, ...]
    first_year: int
    last_year: int
    shares: Mapping[str, float] = field(default_factory=dict)
    """Rate on each asset: a share of its cost or tax, or million yen/MWh of a production credit."""
    large_firms: Mapping[str, Any] = field(default_factory=dict)
    """Terms under which a credit is denied to large firms: the measure's own, or those of the rule for several."""

    @property
    def where(self) -> Message:
        """Package, number, kind and law, to name it in a sentence."""
        return _place(self.package, self.number, self.instrument, self.measure)

    def take(self, key: str, term: str, default: Any = None) -> Any:
        """What the package says under `key`, else the law under `term`."""
        given = getattr(self.instrument, key)
        return self.terms.get(term, default) if given is None else given

    def conditions(self) -> Iterator[Condition]:
        """What the measure asks for in the start year."""
        if self.measure is None:
            return
        key = (self.package, self.number, self.measure.id)
        for term, (kind, scale) in _THRESHOLDS.items():
            if term in self.terms:
                covered = tuple(self.measure.assets or self.assets) if kind in {"investment", "return"} else ()
                yield Condition(*key, kind, scale * self.terms[term], covered)
        if _DOLLARS in self.terms:
            yen = self.terms[_DOLLARS] * load_catalogue().value("money.yen_per_usd")
            yield Condition(*key, "investment", yen / YEN_PER_MYEN, tuple(self.measure.assets or self.assets))
        if _PLACES.keys() & self.terms.keys() or _OF_A_PLACE & set(self.measure.asks_for):
            yield Condition(*key, "country", names=(self.measure.jurisdiction,))
        for term, kind in _PLACES.items():
            if term in self.terms:
                yield Condition(*key, kind, names=tuple(self.terms[term]))
        if _INDEX in self.terms:
            yield Condition(*key, "fiscal_index", self.terms[_INDEX])
        yield from self._of_large_firms(key)
        if self.measure.asks_for:
            yield Condition(*key, "unknown", names=self.measure.asks_for)

    def _of_large_firms(self, key: tuple[str, int, str]) -> Iterator[Condition]:
        """What a large firm has to do before a credit of a special measure is not denied to it."""
        if self.instrument.kind != "tax_credit":
            return
        for kind, term in _LARGE_FIRMS.items():
            if term in self.large_firms:
                limit, very_large = self.large_firms[term], self.large_firms[f"very_large_{term}"]
                yield Condition(*key, kind, limit, limit_very_large=very_large)

    @property
    def payer(self) -> str:
        """Party that pays: the package's, else the bearer of the measure, else the treasury."""
        if self.instrument.payer is not None:
            return self.instrument.payer
        bearer = self.measure.bearer if self.measure else TREASURY
        return bearer if bearer in _PAYERS else TREASURY


def _place(package: str, number: int, instrument: Instrument, measure: Measure | None = None) -> Message:
    if measure is None:
        return Message("at.instrument", package=package, number=number, kind=instrument.kind)
    return Message("at.instrument_law", package=package, number=number, kind=instrument.kind, law=measure.id)


def lay_instrument(
    law: Law, package: str, number: int, instrument: Instrument, start_year: int, construction_years: int
) -> LaidInstrument | list[Problem]:
    """One instrument with the terms that its measure has for what starts in that year, or what is wrong with it."""
    problems = []
    bare = _place(package, number, instrument)
    measure = None
    if instrument.law is not None:
        measure = law.measures.get(instrument.law)
        if measure is None:
            near = nearest(instrument.law, law.measures)
            remedy, known = "nearest" if near else "policy.laws", _measures_for(law, instrument.kind)
            said = {"name": instrument.law, "near": near, "names": known}
            problems.append(Problem("policy.unknown_law", bare, remedy=remedy, values=said))
    for name in instrument.assets:
        if not is_asset(name):
            known = ("all", *ASSET_GROUPS, *ASSETS)
            near = nearest(name, known)
            remedy = "nearest" if near else "policy.assets"
            problems.append(Problem("policy.unknown_asset", bare, remedy=remedy, name=name, near=near, names=known))
    if problems:
        return problems
    window = _window(instrument, measure, start_year, construction_years)
    first, last, terms = window.first, window.last, window.terms
    assets = expand_assets(instrument.assets) or (measure.assets if measure else ())
    denied = _denial(law, measure, law_day(window.year)) or terms or {}
    laid = LaidInstrument(package, number, instrument, measure, terms or {}, assets, first, last, large_firms=denied)
    if terms is None or not first <= start_year <= last:
        dates, year = _dates(instrument, measure), window.year
        if year == start_year:
            return [Problem("policy.outside_dates", laid.where, year=year, dates=dates)]
        return [Problem("policy.outside_service", laid.where, year=year, start_year=start_year, dates=dates)]
    if instrument.kind in _ON_ASSETS:
        if not assets:
            return [Problem("policy.no_assets", laid.where)]
        laid = replace(laid, assets=assets)
    else:
        laid = replace(laid, assets=())
    problems = list(_missing(laid))
    if problems:
        return problems
    shares = {asset: _share_of(law, laid, asset, start_year) for asset in laid.assets}
    without = tuple(asset for asset, share in shares.items() if share is None)
    if without:
        return [Problem("policy.no_rate_for", laid.where, names=without, year=start_year)]
    return replace(laid, shares={asset: share for asset, share in shares.items() if share is not None})


def _measures_for(law: Law, kind: str) -> tuple[str, ...]:
    """The measures that say how much an instrument of a kind gives; all where no measure says that of its kind."""
    terms = set(_amount_terms(kind))
    found = (name for name, one in law.measures.items() if any(terms & set(period.terms) for period in one.periods))
    return tuple(found) if terms else tuple(law.measures)


def _amount_terms(kind: str) -> tuple[str, ...]:
    """Terms of a measure that say the amount of an instrument."""
    return (*AMOUNT_TERMS.get(kind, ()), *(("price_upper_yen_per_t",) if kind == "carbon_price" else ()))


def _denial(law: Law, measure: Measure | None, day: date) -> Mapping[str, Any]:
    """The rule that denies credits of several measures to large firms; nothing where it is not about this one."""
    rule = law.measures.get(_DENIAL)
    if rule is None or measure is None or not rule.holds(day):
        return {}
    terms = rule.terms(day)
    return terms if measure.id in terms["denied_measures"] else {}


def _dates(instrument: Instrument, measure: Measure | None) -> Message:
    """When the measure holds and to which years the package limits it; one of them is given."""
    if not (instrument.from_year or instrument.to_year):
        return measure.describe_dates() if measure else Message("dates.unknown")
    limit = Message("dates.package", first=instrument.from_year or "...", last=instrument.to_year or "...")
    return Message("dates.both", law=measure.describe_dates(), package=limit) if measure else limit


@dataclass(frozen=True, slots=True)
class _Window:
    """Years of the first spade (of a replacement: as many years before its service) whose purchases count."""

    first: int
    last: int
    terms: Mapping[str, Any] | None
    """In the start year; None where the measure does not hold then."""
    year: int
    """The year that decides about what starts in the start year: its own, or that of service."""


def _window(instrument: Instrument, measure: Measure | None, start_year: int, construction_years: int) -> _Window:
    """When purchases count under a measure and within the package's own years.

    Tax law speaks of the day of service, `construction_years` after the first spade; a grant, and what a measure says
    so of, of the day on which construction begins. A year is its `law_day`: what ends on 31 March does not reach
    purchases of the year that then begins.
    """
    begun, served = law_day(start_year), law_day(start_year + construction_years)
    by_start = instrument.kind == "capital_grant" if measure is None else measure.counts != SERVICE
    lag = 0 if by_start else construction_years
    first = FIRST_YEAR if instrument.from_year is None else instrument.from_year - lag
    last = LAST_YEAR if instrument.to_year is None else instrument.to_year - lag
    decided = begun if by_start else served
    if measure is None:
        return _Window(first, last, {}, decided.year)
    grace = measure.periods[-1].terms.get("acquisition_years")
    if grace is not None and measure.valid_to is not None:
        # Confirmed by the last day at the latest, then so many years until service; replacements are no part of what
        # was confirmed.
        confirmed = min(begun, measure.valid_to)
        in_time = measure.holds(confirmed) and served <= confirmed.replace(year=confirmed.year + grace)
        terms = measure.terms(confirmed) if in_time else None
        return _Window(max(first, start_year), min(last, start_year), terms, decided.year)
    if measure.valid_from is not None:
        first = max(first, _first_year_from(measure.valid_from) - lag)
    if measure.valid_to is not None:
        last = min(last, _last_year_to(measure.valid_to) - lag)
    terms = measure.terms(decided) if measure.holds(decided) else None
    if terms is not None and measure.counts == RATE_OF_SERVICE:
        terms = measure.terms(served if measure.holds(served) else min(served, measure.valid_to or served))
    return _Window(first, last, terms, decided.year)


def _first_year_from(day: date) -> int:
    """The first year whose day lies at or after a day."""
    return day.year if law_day(day.year) >= day else day.year + 1


def _last_year_to(day: date) -> int:
    """The last year whose day lies at or before a day."""
    return day.year if law_day(day.year) <= day else day.year - 1


def _missing(laid: LaidInstrument) -> Iterator[Problem]:
    """What neither the instrument nor its measure says."""
    kind, key = laid.instrument.kind, laid.instrument.amount_key
    given = key is None or getattr(laid.instrument, key) is not None
    if not given and not any(term in laid.terms for term in _amount_terms(kind)):
        yield Problem("policy.no_amount", laid.where, amount=key)
    years = laid.take("years", "exempt_years") if kind == "property_tax_relief" else laid.instrument.years
    if kind in {"property_tax_relief", "production_credit"} and years is None:
        yield Problem("policy.no_years", laid.where)


def _share_of(law: Law, laid: LaidInstrument, asset: str, start_year: int) -> float | None:
    """Rate of an instrument on one asset class: the package's, or the law's for its kind of asset."""
    if laid.instrument.kind == "production_credit":
        return laid.instrument.rate_myen_per_mwh
    if laid.instrument.rate is not None:
        return laid.instrument.rate
    for name in AMOUNT_TERMS[laid.instrument.kind]:
        if name in laid.terms:
            found = laid.terms[name]
            if name.endswith("_by_kind"):
                found = found.get(asset_kind(law, asset, law_day(start_year)))
            elif name.endswith("_by_asset"):
                found = found.get(asset)
            return None if found is None else float(found)
    return None


def find_conflicts(laid: Sequence[LaidInstrument], *, public_owner: bool = False) -> Iterator[Problem]:
    """What the law forbids together: double use of a cost, support above it, and relief for a public owner."""
    for position, one in enumerate(laid):
        for other in laid[:position]:
            yield from _conflict(other, one)
    yield from _too_much(laid)
    owned = next((item.where for item in laid if item.instrument.kind == "public_ownership"), None)
    public = Message("policy.public_owner") if public_owner else owned
    if public is None:
        return
    for item in laid:
        if item.instrument.kind in (*_INCOME_TAX, "property_tax_relief", "purchase_tax_relief"):
            yield Problem("policy.public_tax", item.where, other=public)
        if item.instrument.kind in {"loan_guarantee", "concessional_loan"}:
            yield Problem("policy.public_debt", item.where)
        if item.instrument.kind in {"capital_grant", "production_credit"} and item.payer == TREASURY:
            yield Problem("policy.public_grant", item.where, other=public)


def _conflict(one: LaidInstrument, other: LaidInstrument) -> Iterator[Problem]:
    kinds = {one.instrument.kind, other.instrument.kind}
    if not one.assets and one.instrument.kind == other.instrument.kind:
        yield Problem("policy.repeats", other.where, other=one.where)
    if kinds == {"loan_guarantee", "concessional_loan"}:
        yield Problem("policy.same_debt", other.where, other=one.where)
    shared = [asset for asset in one.assets if asset in other.assets]
    if not shared:
        return
    assets: Message | tuple[str, ...] = Message("policy.all_assets") if len(shared) == len(ASSETS) else tuple(shared)
    if len(kinds) == 1 and one.instrument.kind in _ONCE:
        yield Problem(_ONCE[one.instrument.kind], other.where, remedy="policy.keep_one", on=assets)
        return
    if kinds <= set(_INCOME_TAX) and one.measure and other.measure:
        same = one.measure is other.measure
        group = one.measure.excludes and one.measure.excludes == other.measure.excludes
        if same or group:
            why = Message("policy.one_measure") if same else Message("policy.one_of_group")
            yield Problem("policy.not_together", other.where, other=one.where, on=assets, why=why)
    if kinds == {"tax_credit", "capital_grant"}:
        grant = one if one.instrument.kind == "capital_grant" else other
        if grant.instrument.treatment != "reduces_basis":
            yield Problem("policy.same_cost", grant.where, on=assets)


def _too_much(laid: Sequence[LaidInstrument]) -> Iterator[Problem]:
    """Credits and grants that together pay more than an asset costs; a credit counts on what grants leave."""
    names: dict[float, list[str]] = {}
    for asset in ASSETS:
        paid = dict.fromkeys(("tax_credit", "capital_grant"), 0.0)
        for item in laid:
            if item.instrument.kind in paid:
                paid[item.instrument.kind] += item.shares.get(asset, 0.0)
        both = paid["capital_grant"] + paid["tax_credit"] * (1.0 - paid["capital_grant"])
        total = max(both, *paid.values())
        if total > 1.0:
            names.setdefault(round(total, 9), []).append(asset)
    where = " + ".join(dict.fromkeys(item.package for item in laid))
    for total, assets in names.items():
        yield Problem("policy.too_much", where, share=total, names=tuple(assets))
