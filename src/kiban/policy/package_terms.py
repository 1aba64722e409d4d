"""Packages become terms: the ordinary tax law of the country, and the instruments laid over it, asset by asset.

What the law forbids is refused with all its problems at once: an instrument outside its dates, an unknown asset class,
two measures on the same cost that exclude each other, support above the cost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from kiban.catalogue import Catalogue, load_catalogue
from kiban.errors import Problem, ScenarioError
from kiban.messages import Message
from kiban.policy.instruments import AMOUNT_TERMS, LaidInstrument, find_conflicts, lay_instrument
from kiban.policy.law import Law, load_law
from kiban.policy.state_tax import with_state
from kiban.policy.tax_law import OrdinaryLaw, ordinary_law
from kiban.policy.terms import (
    AssetTerms,
    CreditTerms,
    DepreciationTerms,
    FinancingTerms,
    GrantTerms,
    PolicyTerms,
    ProductionCreditTerms,
    TaxTerms,
)
from kiban.quantities import YEN_PER_MYEN
from kiban.scenario.package import Package, load_package
from kiban.scenario.study import Owner, Scenario, State

Refused = Collection[tuple[str, int]]
"""Instruments that do not apply, by package and number from 1."""


def load_packages(scenario: Scenario, names: Sequence[str | Package] | None = None) -> tuple[Package, ...]:
    """Packages by name or file, those of the scenario where none are given.

    Raises `ScenarioError` with the problems of all of them.
    """
    packages: list[Package] = []
    problems: list[Problem] = []
    for name in scenario.policy.packages if names is None else names:
        try:
            packages.append(load_package(name, scenario.folder))
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return tuple(packages)


OUTSIDE = ("policy.outside_dates", "policy.outside_service")
"""Problems of an instrument that are none where it may lapse."""
ORDINARY_PACKAGES = {"japan": "japan-ordinary", "united-states": "us-ordinary", "none": "untaxed"}
"""The package that is a country's tax law alone, by tax law."""


def tax_law_of(packages: Sequence[Package], tax_law: str) -> str:
    """The tax law under which packages hold: the one that they name, else `tax_law`."""
    return next((package.tax_law for package in packages if package.tax_law is not None), tax_law)


def say_unchecked(terms: PolicyTerms) -> PolicyTerms:
    """The same terms with a note that a plan alone does not check what their measures ask for."""
    measures = tuple(dict.fromkeys(condition.measure for condition in terms.conditions))
    if not measures:
        return terms
    note = Message("note.package_unchecked", measures=measures)
    return replace(terms, notes=(*terms.notes, note))


def resolve(
    packages: Sequence[Package],
    *,
    start_year: int,
    construction_years: int | None = None,
    tax_law: str = "japan",
    state: State | None = None,
    public_owner: bool = False,
    owner: Owner = "large_group",
    catalogue: Catalogue | None = None,
    without: Refused = (),
    lapses: bool = False,
) -> PolicyTerms:
    """What the packages together mean for a campus whose first spade is in `start_year`.

    It comes into service `construction_years` later, by default those of the catalogue; so long before its service is
    every later purchase ordered, too. `tax_law` is the scenario's country; a package that names a tax law overrides it.
    `state` adds a state's taxes to American law. A `public_owner` has the terms of public ownership whatever is said.
    `owner` and `catalogue` decide about taxes by size and on land, as in `ordinary_law`.
    `without` leaves out instruments whose conditions a plan does not fulfil; the conditions of all of them are listed
    all the same. With `lapses`, an instrument whose dates the year is outside of is no part of the packages, as for the
    later phases of a study. Raises `ScenarioError` with every problem of the packages, and `CatalogueError` where the
    country's law does not reach back to that year.
    """
    law = load_law()
    if construction_years is None:
        construction_years = read_construction_years(catalogue or load_catalogue())
    named = sorted({package.tax_law for package in packages if package.tax_law is not None})
    problems = []
    if len(named) > 1:
        problems.append(Problem("policy.tax_laws", _join(packages), names=tuple(named[:-1]), last=named[-1]))
    ordinary = ordinary_law(named[0] if named else tax_law, start_year, owner=owner, catalogue=catalogue)
    if state is not None and ordinary.tax.jurisdiction == "united-states":
        ordinary = with_state(ordinary, state, start_year, construction_years)
    laid = []
    for package in packages:
        for number, instrument in enumerate(package.instrument, start=1):
            found = lay_instrument(law, package.name, number, instrument, start_year, construction_years)
            if isinstance(found, LaidInstrument):
                laid.append(found)
            elif not lapses or any(problem.code not in OUTSIDE for problem in found):
                problems += found
    problems += find_conflicts(laid, public_owner=public_owner)
    if problems:
        raise ScenarioError(problems)
    conditions = tuple(condition for item in laid for condition in item.conditions())
    applied = [item for item in laid if (item.package, item.number) not in without]
    return replace(_terms(packages, ordinary, applied, law, public_owner), conditions=conditions)


def read_construction_years(catalogue: Catalogue) -> int:
    """Years from the first spade to service, in whole years."""
    return round(catalogue.value("finance.construction"))


def _join(packages: Sequence[Package]) -> str:
    return " + ".join(package.name for package in packages)


def _terms(
    packages: Sequence[Package],
    ordinary: OrdinaryLaw,
    laid: Sequence[LaidInstrument],
    law: Law,
    public_owner: bool,
) -> PolicyTerms:
    assets = dict(ordinary.assets)
    tax = ordinary.tax
    financing = FinancingTerms(public=public_owner)
    carbon_price, surcharge, network = None, 0.0, 0.0
    for item in laid:
        instrument, measure = item.instrument, item.measure.id if item.measure else ""
        for asset in item.assets:
            assets[asset] = _support(assets[asset], item, item.shares[asset], tax)
        amount = item.take("rate", AMOUNT_TERMS.get(instrument.kind, ("",))[0])
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
        # A public body owes no tax: not on income, value added or property, and not on buying.
        tax = replace(tax, rate=0.0, size_levy=None)
        assets = {
            name: replace(
                terms, property_tax=None, ordinary_property_tax=None, purchase_taxes=(), ordinary_purchase_taxes=()
            )
            for name, terms in assets.items()
        }
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


def _support(terms: AssetTerms, item: LaidInstrument, share: float, tax: TaxTerms) -> AssetTerms:
    """The terms of one asset class with one instrument more; several windows of support become the common one."""
    instrument, measure = item.instrument, item.measure.id if item.measure else ""
    cap = instrument.cap_myen
    if cap is None and instrument.kind == "capital_grant" and "grant_cap_yen" in item.terms:
        cap = item.terms["grant_cap_yen"] / YEN_PER_MYEN
    elif cap is None and instrument.kind == "tax_credit" and "investment_cap_yen" in item.terms:
        cap = share * item.terms["investment_cap_yen"] / YEN_PER_MYEN
    terms = replace(
        terms, first_year=max(terms.first_year, item.first_year), last_year=min(terms.last_year, item.last_year)
    )
    if instrument.kind == "tax_credit":
        refundable = item.take("refundable", "refundable", False)
        credit = CreditTerms(
            rate=share,
            basis_reduction_share=item.take("basis_reduction_share", "basis_reduction_share", 0.0),
            limit_share_of_tax=item.take("limit_share_of_tax", "limit_share_of_tax"),
            carry_forward_years=item.take("carry_forward_years", "carry_forward_years", 0),
            refundable=refundable,
            cap_myen=cap,
            payer=item.payer,
            measure=measure,
            worth=1.0 if refundable else tax.credit_worth,
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
    if instrument.kind == "purchase_tax_relief":
        eased = (replace(one, rate=one.rate * (1.0 - share)) for one in terms.purchase_taxes)
        return replace(terms, purchase_taxes=tuple(one for one in eased if one.rate > 0))
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


def _notes(laid: Sequence[LaidInstrument], ordinary: OrdinaryLaw) -> Iterator[Message]:
    for item in laid:
        beyond = tuple(
            asset for asset in item.assets if item.measure and item.measure.assets and asset not in item.measure.assets
        )
        if beyond and item.measure:
            yield Message("note.package_beyond", instrument=_named(item), assets=beyond)
        kind, untaxed = item.instrument.kind, False
        if kind in {"property_tax_relief", "purchase_tax_relief"}:
            tax = "property_tax" if kind == "property_tax_relief" else "purchase_taxes"
            untaxed = not any(getattr(ordinary.assets[asset], tax) for asset in item.assets)
        if untaxed:
            yield Message("note.package_untaxed", instrument=_named(item))
        if item.measure is None and item.instrument.kind != "carbon_price":
            yield Message("note.package_lawless", instrument=_named(item))
    windows = {
        asset: {(item.first_year, item.last_year) for item in laid if asset in item.assets}
        for item in laid
        for asset in item.assets
    }
    shortened = tuple(asset for asset, found in windows.items() if len(found) > 1)
    if shortened:
        yield Message("note.package_windows", assets=shortened)


def _named(item: LaidInstrument) -> Message:
    said = {"package": item.package, "number": item.number, "instrument_kind": item.instrument.kind}
    if item.measure is None:
        return Message("pay.instrument", said)
    return Message("pay.instrument_law", said, measures=item.measure.id)
