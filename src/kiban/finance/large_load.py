"""The contract of a large load with its network: who bears works that were built for a load that does not come.

A ledger of the connection alone, beside that of the campus, in three states:

    full     the load comes as it was contracted
    part     a share of it comes, the rest is held and not used (空押さえ)
    never    the contract ends before supply begins

The network builds works W for the contracted power M. The owner pays the share b of them, other customers the rest,
and other customers receive the network's charges, since what one customer pays the others need not. With the demand
charge d of a MW, the use u_t, the ramp r_t, and the terms' minimum share m over ramp and term,

    charges in year t              d max(u_t, m r_t M)
    due where the load never comes D = max(years of exit fee d m M, share owed (1 - b) W)
    received of it                 R = min(D, collateral) + paid by the absent (D - collateral)+
    other customers                -(1 - b) W + R

Works, fees and collateral fall at the start of service, a year of charges at its end; values are real, at the social
rate. What is paid to end a contract lowers the tax on an owner's other income. That others may later use the works is
not counted, nor that terms which cost something keep doubtful projects away: the probabilities are the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kiban.catalogue import Catalogue
from kiban.errors import Problem, ScenarioError
from kiban.finance.kept_by import catalogue_of
from kiban.finance.ledger import TREASURIES, Entry, Ledger
from kiban.finance.load_contract import CONNECTED, Connected, LoadTerms, contracted_power, demand_charge, own_terms
from kiban.finance.payment import Payment
from kiban.policy.law import Measure, load_law
from kiban.quantities import YEN_PER_MYEN

State = Literal["full", "part", "never"]
STATES: tuple[State, ...] = ("full", "part", "never")
OWNER, OTHERS, BUILDERS = "equity", "ratepayers", "suppliers_home"
NO_TERMS = "none"
PUBLISHED = ("us_aep_ohio_dct", "us_dominion_gs5", "us_evergy_kansas_llps", "jp_large_demand_connection")
"""Measures of law that are terms of a large load."""
LOCAL_WORKS = "grid.reinforcement.local"
PROBABILITIES = ("large_load.absence_probability", "large_load.part_probability")
VARIED = (*PROBABILITIES, "large_load.part_share", "large_load.absent_payment", LOCAL_WORKS)


@dataclass(frozen=True, slots=True)
class LargeLoad:
    """One connection: what is contracted and used, and what the network charges and builds; constant prices."""

    contracted_mw: float
    used_mw: float
    """Of the contracted power, where the load comes in full."""
    ramp: tuple[float, ...]
    """Share of the contracted power by year of service; afterwards 1."""
    demand_charge_myen_per_mw: float
    """A year."""
    energy_charges_myen: float
    """A year, for the energy that is drawn at full use."""
    works_myen: float
    works_borne: float
    """Share that the owner pays, whatever comes."""
    years: int
    """Of service."""
    first_year: int
    """Calendar year at whose end service starts."""
    tax_shares: Mapping[str, float]
    """Tax that each treasury loses of a yen that the owner pays to end a contract."""

    def under(self, terms: LoadTerms) -> Connected:
        """The connection under terms."""
        return Connected(terms, self.contracted_mw, self.used_mw, self.ramp, self.demand_charge_myen_per_mw)

    def contracted(self, year: int) -> float:
        """Contracted power in a year of service (from 0), MW."""
        return self.contracted_mw * (self.ramp[year] if year < len(self.ramp) else 1.0)


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely the states are, and what of the load comes in part and is paid by the absent."""

    never: float
    part: float
    part_share: float
    absent_payment: float

    def of(self, state: State) -> float:
        """Probability of a state."""
        return {"full": 1.0 - self.part - self.never, "part": self.part, "never": self.never}[state]


@dataclass(frozen=True, slots=True)
class TermsOutcome:
    """What terms mean for one connection; present values at the start of service, million yen."""

    terms: LoadTerms
    others_myen: Mapping[State, float]
    """What other customers have more: charges and fees less works."""
    owner_myen: Mapping[State, float]
    others_expected_myen: float
    others_range_myen: tuple[float, float]
    """Over what is assumed, each alone."""
    stranded_myen: float
    """Works that were built where the load never comes."""
    borne_by_others_myen: float
    """Of them, what other customers bear; negative where they receive more than they paid."""
    borne_by_treasuries_myen: float
    borne_by_owner_myen: float
    break_even_probability: float | None
    """Chance of `never`, beside `part` as assumed, at which others have nothing more or less: 0 where they lose at any,
    None where they gain at any."""


@dataclass(frozen=True, slots=True)
class LargeLoadView:
    """All terms laid side by side on one connection."""

    load: LargeLoad
    chances: Chances
    outcomes: tuple[TermsOutcome, ...]


def post_connection(load: LargeLoad, terms: LoadTerms, state: State, chances: Chances) -> Ledger:
    """The ledger of a connection in one state; each year sums to zero to the yen."""
    return Ledger(tuple(_entries(load, terms, state, chances)), load.first_year)


def _entries(load: LargeLoad, terms: LoadTerms, state: State, chances: Chances) -> Iterator[Entry]:
    first = load.first_year
    own = load.works_borne * load.works_myen
    yield from _entry(first, OWNER, BUILDERS, "grid_reinforcement", own, terms)
    yield from _entry(first, OTHERS, BUILDERS, "grid_reinforcement", load.works_myen - own, terms)
    if state == "never":
        due, collateral = amount_due(load, terms), held_collateral(load, terms)
        called = min(due, collateral)
        paid = chances.absent_payment * (due - called)
        yield from _entry(first, OWNER, OTHERS, "collateral", called, terms)
        yield from _entry(first, OWNER, OTHERS, "exit_fee", paid, terms)
        for party, share in load.tax_shares.items():
            yield from _entry(first, party, OWNER, "income_tax", share * (called + paid), terms)
        return
    full, bound = load.used_mw, load.under(terms)
    used_mw = full if state == "full" else min(chances.part_share * load.contracted_mw, full)
    for year in range(load.years):
        used = min(used_mw, load.contracted(year))
        more = max(bound.minimum_mw(year) - used, 0.0)
        charges = used * load.demand_charge_myen_per_mw + load.energy_charges_myen * (used / full if full else 0.0)
        yield from _entry(first + year + 1, OWNER, OTHERS, "network_charges", charges, terms)
        added = more * load.demand_charge_myen_per_mw
        yield from _entry(first + year + 1, OWNER, OTHERS, "minimum_charge", added, terms)
    yield from _entry(first + load.years, OWNER, OTHERS, "exit_fee", bound.exit_fee_myen(load.years), terms)


def _entry(year: int, payer: str, payee: str, account: str, myen: float, terms: LoadTerms) -> Iterator[Entry]:
    yen = round(myen * YEN_PER_MYEN)
    if yen:
        yield Entry(year, payer, payee, account, yen / YEN_PER_MYEN, terms.name)


def amount_due(load: LargeLoad, terms: LoadTerms) -> float:
    """What is owed where the load never comes, million yen."""
    works = terms.works_owed_share * (1.0 - load.works_borne) * load.works_myen
    return max(load.under(terms).exit_fee_myen(0), works)


def held_collateral(load: LargeLoad, terms: LoadTerms) -> float:
    """What is held against it, million yen."""
    return load.under(terms).collateral_myen


def weigh(load: LargeLoad, terms: LoadTerms, chances: Chances, rate: float) -> TermsOutcome:
    """What terms mean at a real rate; the range is that value alone."""
    ledgers = {state: post_connection(load, terms, state, chances) for state in STATES}
    others = {state: ledger.present_value(OTHERS, rate) for state, ledger in ledgers.items()}
    owner = {state: ledger.present_value(OWNER, rate) for state, ledger in ledgers.items()}
    expected = sum(chances.of(state) * others[state] for state in STATES)
    treasuries = sum(ledgers["never"].present_value(party, rate) for party in TREASURIES)
    return TermsOutcome(
        terms=terms,
        others_myen=others,
        owner_myen=owner,
        others_expected_myen=expected,
        others_range_myen=(expected, expected),
        stranded_myen=load.works_myen,
        borne_by_others_myen=-others["never"],
        borne_by_treasuries_myen=-treasuries,
        borne_by_owner_myen=-owner["never"],
        break_even_probability=_break_even(others, chances),
    )


def _break_even(others: Mapping[State, float], chances: Chances) -> float | None:
    fixed = chances.part * others["part"] + (1.0 - chances.part) * others["full"]
    if fixed < 0.0:
        return 0.0
    slope = others["never"] - others["full"]
    found = -fixed / slope if slope < 0.0 else math.inf
    return found if found <= 1.0 - chances.part else None


# ---- from a payment


def weigh_terms(payment: Payment) -> LargeLoadView | None:
    """Published terms, none, and the scenario's own, on the connection of the campus with the package.

    None where the campus has no connection, or its network no demand charge of which there could be a minimum.
    ScenarioError where probabilities add up to more than 1, or less is contracted than the design connects.
    """
    catalogue, plan = catalogue_of(payment), payment.after.plan
    if demand_charge(plan) <= 0.0:
        return None
    contract = plan.scenario.grid.contract
    listed = [LoadTerms(NO_TERMS), *(read_terms(load_law().measure(name)) for name in PUBLISHED)]
    if contract is not None:
        listed.append(own_terms(contract))
    rate, values = payment.shares.social_rate, {name: catalogue.value(name) for name in VARIED}
    cases = [values]
    for name in VARIED:
        fact = catalogue.fact(name)
        cases += [{**values, name: end} for end in (fact.low, fact.high) if end is not None]
    read = [(_read_load(payment, case[LOCAL_WORKS]), _read_chances(case)) for case in cases]
    outcomes = []
    for terms in listed:
        found = [weigh(load, terms, chances, rate) for load, chances in read]
        spread = [one.others_expected_myen for one in found]
        outcomes.append(replace(found[0], others_range_myen=(min(spread), max(spread))))
    return LargeLoadView(read[0][0], read[0][1], tuple(outcomes))


def read_terms(measure: Measure) -> LoadTerms:
    """Terms of a measure, as they were last decided."""
    terms = measure.periods[-1].terms
    return LoadTerms(
        name=measure.id,
        minimum_share=terms["minimum_share"],
        ramp_years=terms["ramp_years"],
        term_years=terms["term_years"],
        exit_fee_years=terms["exit_fee_years"],
        collateral_years=terms["collateral_years"],
        works_owed_share=terms["works_owed_share"],
    )


def read_chances(catalogue: Catalogue) -> Chances:
    """What is assumed of large loads; ScenarioError where the two probabilities add up to more than 1."""
    return _read_chances({name: catalogue.value(name) for name in VARIED})


def _read_chances(values: Mapping[str, float]) -> Chances:
    never, part = (values[name] for name in PROBABILITIES)
    if never + part > 1.0:
        raise ScenarioError(Problem("finance.over_one", key=PROBABILITIES[0], other=PROBABILITIES[1], sum=never + part))
    return Chances(never, part, values["large_load.part_share"], values["large_load.absent_payment"])


def _read_load(payment: Payment, local_works: float) -> LargeLoad:
    side = payment.after
    plan, cash, grid = side.plan, side.cash, side.plan.scenario.grid
    contract, contracted, built = grid.contract, contracted_power(plan), plan.capacities[CONNECTED]
    tax = side.terms.tax
    relieved = tax.rate if cash.assumptions.tax_position == "group" else 0.0
    return LargeLoad(
        contracted_mw=contracted,
        used_mw=built,
        ramp=() if contract is None else contract.ramp,
        demand_charge_myen_per_mw=demand_charge(plan),
        energy_charges_myen=plan.energy_charges_myen_per_year.get("network", 0.0),
        works_myen=contracted * (grid.reinforcement_myen_per_mw or local_works),
        works_borne=grid.reinforcement_borne if grid.reinforcement_myen_per_mw else 0.0,
        years=cash.assumptions.horizon_years,
        first_year=int(cash.years[cash.start]),
        tax_shares={party: relieved * tax.shares.get(party, 0.0) for party in TREASURIES},
    )
