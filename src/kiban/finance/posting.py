"""From a cash flow to the ledger: who pays whom for each account, at constant prices.

Suppliers share what an asset costs by the catalogue: a part is imported, a part is labour, a part of the building
is land. Ratepayers receive surcharge and network charges, since what the campus pays others need not, and bear
the part of grid reinforcement that the rule leaves to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kiban.arrays import Array
from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.finance.assumptions import CUMULATIVE_YEARS
from kiban.finance.cash_flow import CashFlow
from kiban.finance.ledger import PARTIES, TREASURIES, Entry, Ledger
from kiban.finance.project import BASE_STREAM
from kiban.policy.terms import ASSETS
from kiban.quantities import YEN_PER_MYEN

PAYEES: Mapping[str, tuple[str, str]] = {
    "export_revenue": ("suppliers_home", "export revenue"),
    "flexibility_revenue": ("ratepayers", "flexibility on call"),
    "throughput": ("suppliers_home", "wear of storages"),
    "fuel": ("suppliers_abroad", "imported fuel"),
    "carbon": ("national_treasury", "carbon price"),
    "water": ("municipality", "water supply"),
    "unserved": ("users", "compute that was not served"),
    "retail_energy": ("suppliers_home", "energy charge of a retail menu"),
    "market_energy": ("suppliers_home", "power of the day-ahead market and the supplier's fee"),
    "ppa_market": ("suppliers_home", "day-ahead market, where power of plants elsewhere is sold and replaced"),
    "retail_basic": ("suppliers_home", "basic charge of a retail menu"),
    "demand_charge": ("suppliers_home", "charge on monthly peaks"),
    "capacity_contribution": ("suppliers_home", "capacity market, through the supplier"),
    "ppa": ("suppliers_home", "price of plants elsewhere under contract"),
    "balancing": ("suppliers_home", "balancing of plants elsewhere"),
    "certificates": ("suppliers_home", "non-fossil certificates"),
    "generation_charge": ("ratepayers", "generation-side charge of the network"),
    "imbalance": ("ratepayers", "imbalances of plants of one's own, settled with the network"),
    "hazard": ("suppliers_home", "expected repairs after disasters, and protection"),
    "temporary_supply": ("suppliers_home", "supply hired until the connection is there"),
    "downtime": ("users", "expected time without service after disasters"),
    "land_rent": ("landowners", "rent of the site"),
    "site": ("suppliers_home", "having a campus at the site"),
    "latency": ("users", "made good for the round trip"),
    "reinforcement": ("suppliers_home", "works on the area's network, by the year"),
    "minimum_charge": ("ratepayers", "least demand charge of a large load's contract"),
    "exit_fee": ("ratepayers", "closed before the end of a large load's contract"),
}
"""Who is paid for an operating account, and why; nobody by default. `energy` is shared by what its bill holds."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How payments to suppliers are shared, and the real rate at which each party counts."""

    imports: Mapping[str, float]
    """Share of an asset's price that goes abroad, by asset class."""
    labour_of_capex: float
    """Share of the rest that is paid to workers."""
    labour_of_operation: float
    land_of_building: float
    yearly_default: float
    """Chance in a year that the project's debt defaults."""
    recovery: float
    party_rates: Mapping[str, float]
    """For what one party gains or loses: its own rate."""
    social_rate: float
    """For whatever adds or divides what several parties gain or lose: one rate for all of them."""
    social_rates: tuple[float, ...]
    """Rates at which the same is shown beside it, rising; it is one of them."""


def read_shares(catalogue: Catalogue) -> Shares:
    """The catalogue's shares; party rates are made real with its inflation, the default rate one a year."""
    value = catalogue.value
    inflation = value("finance.inflation")
    social = catalogue.fact("finance.discount_rate.social")
    return Shares(
        imports={asset: value(f"finance.import_share.{asset}") for asset in ASSETS},
        labour_of_capex=value("finance.labour_share.capex"),
        labour_of_operation=value("finance.labour_share.operation"),
        land_of_building=value("finance.land_share.building"),
        yearly_default=1.0 - (1.0 - value("finance.cumulative_default_10y")) ** (1.0 / CUMULATIVE_YEARS),
        recovery=value("finance.recovery"),
        party_rates={
            party: (1.0 + value(f"finance.party_rate.{party}")) / (1.0 + inflation) - 1.0 for party in PARTIES
        },
        social_rate=social.value,
        social_rates=_rates_beside(social),
    )


def _rates_beside(social: Fact) -> tuple[float, ...]:
    """The ends of the row's range, and whole per cents between them, with the rate itself; rising."""
    low, high = (social.value if end is None else end for end in (social.low, social.high))
    low, high = min(low, social.value), max(high, social.value)
    whole = (percent / 100.0 for percent in range(math.ceil(100.0 * low), math.floor(100.0 * high) + 1))
    return tuple(sorted({low, social.value, high, *whole}))


def post_entries(
    cash: CashFlow,
    shares: Shares,
    *,
    energy_charges_myen: Mapping[str, float] | None = None,
    ratepayers_works_myen: float = 0.0,
) -> Ledger:
    """The ledger of one cash flow (not of draws).

    `energy_charges_myen` is what of the yearly energy bill goes to `surcharge` and to the `network`, and
    `ratepayers_works_myen` what ratepayers bear of the grid's reinforcement, both at prices of the start year.
    ValueError where the cash flow has an operating account of which nobody has said who is paid.
    """
    nameless = cash.operating_costs.keys() - PAYEES.keys() - {"energy"}
    if nameless:
        raise ValueError(f"nobody is said to be paid for {', '.join(sorted(nameless))}: give PAYEES a row")
    level = cash.price_level
    owner = "national_treasury" if cash.project.policy.financing.public else "equity"
    entries: list[Entry] = []
    for item, (payer, payee, account, nominal, why) in _flows_by_item(cash, shares, energy_charges_myen or {}):
        amounts = np.broadcast_to(nominal, level.shape) / level
        entries += _entries(cash, owner, payer, payee, account, amounts, why, item)
    works = np.zeros(len(level))
    works[cash.project.waiting_years] = ratepayers_works_myen
    entries += _entries(
        cash, owner, "ratepayers", "suppliers_home", "grid_reinforcement", works, "rule of the scenario"
    )
    return Ledger(tuple(sorted(entries, key=lambda entry: entry.year)))


def values_by_party(
    cash: CashFlow,
    shares: Shares,
    rates: Mapping[str, float],
    *,
    energy_charges_myen: Mapping[str, Array],
    ratepayers_works_myen: Array,
) -> dict[str, Array]:
    """Present value of each party at its real rate in every draw of a cash flow, million yen (draws,).

    It is that of the ledger which `post_entries` would make of each draw, in the year of the first spade.
    """
    years = np.arange(len(cash.years), dtype=float)
    level = cash.price_level
    factors = {party: (1.0 + rates[party]) ** -years for party in PARTIES}
    found: dict[str, Array] = {party: np.zeros(1) for party in PARTIES}
    owner = "national_treasury" if cash.project.policy.financing.public else "equity"
    works = ("ratepayers", "suppliers_home", "grid_reinforcement", ratepayers_works_myen * (years == 0) * level, "")
    for given_payer, given_payee, _, nominal, _ in (*_flows(cash, shares, energy_charges_myen), works):
        payer, payee = (owner if party == "equity" else party for party in (given_payer, given_payee))
        if payer != payee:
            amounts = np.round(np.asarray(nominal) / level * YEN_PER_MYEN) / YEN_PER_MYEN
            found[payer] = found[payer] - amounts @ factors[payer]
            found[payee] = found[payee] + amounts @ factors[payee]
    return found


def tranche_sales(cash: CashFlow, rate: float) -> float:
    """Present value at a real rate of what tranches are worth to their buyers, at what they bid; million yen."""
    inflation = cash.assumptions.inflation
    first = cash.project.years_after_base
    discount = ((1.0 + rate) * (1.0 + inflation)) ** -np.arange(first, first + len(cash.years), dtype=float)
    worth = 0.0
    for stream in cash.project.streams:
        if stream.name == BASE_STREAM:
            continue
        paid = float(np.broadcast_to(cash.revenue[stream.name], discount.shape) @ discount)
        if stream.worth_myen_per_mwh is not None and stream.price_myen_per_mwh:
            paid *= stream.worth_myen_per_mwh / stream.price_myen_per_mwh
        worth += paid
    return worth


def _entries(
    cash: CashFlow, owner: str, payer: str, payee: str, account: str, amounts: Array, why: str, item: str = ""
) -> Iterator[Entry]:
    payer, payee = (owner if party == "equity" else party for party in (payer, payee))
    for year, amount in zip(cash.years, amounts, strict=True):
        yen = round(float(amount) * YEN_PER_MYEN)
        if yen > 0 and payer != payee:
            yield Entry(int(year), payer, payee, account, yen / YEN_PER_MYEN, why, item)
        elif yen < 0 and payer != payee:
            yield Entry(int(year), payee, payer, account, -yen / YEN_PER_MYEN, why, item)


Flow = tuple[str, str, str, Array, str]


def _flows(cash: CashFlow, shares: Shares, energy_charges: Mapping[str, float | Array]) -> Iterator[Flow]:
    """Payer, payee, account, nominal amounts by year, and why; the owner is `equity` here."""
    for _, flow in _flows_by_item(cash, shares, energy_charges):
        yield flow


def _flows_by_item(
    cash: CashFlow, shares: Shares, energy_charges: Mapping[str, float | Array]
) -> Iterator[tuple[str, Flow]]:
    """The same, each with the name of the asset that it is about; empty where it is about none."""
    for stream, amount in cash.revenue.items():
        yield "", ("users", "equity", "compute_sales", amount, f"compute sold: {stream}")
    classes = {asset.name: asset.asset for asset in cash.project.assets}
    for account, bought in (("capex", cash.capex), ("replacements", cash.replacements)):
        for name, amount in bought.items():
            for flow in _purchase(account, name, classes[name], amount, shares):
                yield name, flow
    for name, amount in cash.residual_values.items():
        yield name, ("suppliers_home", "equity", "residual_value", amount, f"worth left in {name}")
    yield "", ("equity", "suppliers_home", "decommissioning", cash.decommissioning, "end of the horizon")
    for account, amount in cash.operating_costs.items():
        for flow in _operating(cash, account, amount, energy_charges):
            yield "", flow
    for name, amount in cash.fixed_om.items():
        workers = shares.labour_of_operation * amount
        yield name, ("equity", "workers", "operation", workers, f"wages for {name}")
        yield name, ("equity", "suppliers_home", "operation", amount - workers, f"maintenance of {name}")
    for amount in cash.network_charges.values():
        yield "", ("equity", "ratepayers", "network_charges", amount, "demand charge of the network")
    for flow in (*_public(cash), *_debt(cash, shares)):
        yield "", flow


def _purchase(account: str, name: str, asset: str, amount: Array, shares: Shares) -> Iterator[Flow]:
    land = shares.land_of_building * amount if asset == "building" and account == "capex" else 0.0 * amount
    abroad = shares.imports[asset] * (amount - land)
    workers = shares.labour_of_capex * (amount - land - abroad)
    yield "equity", "landowners", "land", land, f"site of {name}"
    yield "equity", "suppliers_abroad", account, abroad, f"imported part of {name}"
    yield "equity", "workers", account, workers, f"wages for {name}"
    yield "equity", "suppliers_home", account, amount - land - abroad - workers, f"{name} from suppliers at home"


def _operating(
    cash: CashFlow, account: str, amount: Array, energy_charges: Mapping[str, float | Array]
) -> Iterator[Flow]:
    if account == "energy":
        bill = cash.project.operating_costs_myen_per_year[account]
        rest = amount
        for charge, yearly in energy_charges.items():
            part = amount * (yearly / np.where(bill == 0, 1.0, bill)) if np.any(bill) else 0.0 * amount
            rest = rest - part
            name = "renewable_surcharge" if charge == "surcharge" else "network_charges"
            yield "equity", "ratepayers", name, part, "charge on each MWh drawn"
        yield "equity", "suppliers_home", account, rest, "power from the grid"
        return
    payee, why = PAYEES[account]
    yield "equity", payee, account, amount, why


def _public(cash: CashFlow) -> Iterator[Flow]:
    for name, amount in cash.property_tax.items():
        yield "equity", "municipality", "property_tax", amount, f"fixed-asset tax on {name}"
    for tax in cash.purchase_taxes:
        yield "equity", tax.payee, tax.account, tax.amount_myen, f"tax on buying {tax.asset}"
    levy = cash.project.policy.tax.size_levy
    if levy is not None:
        yield "equity", levy.payee, "size_levy", cash.size_levy, "tax on value added and capital"
    for name, amount in cash.state_refunds.items():
        yield "national_treasury", "municipality", "state_refund", amount, f"relief on {name} made good"
    for grant in cash.grants:
        yield grant.payer, "equity", "grant", grant.amount_myen, f"{grant.measure or 'grant'} for {grant.asset}"
    for credit in cash.production_credits:
        why = f"{credit.measure or 'production credit'} for {credit.asset}"
        yield credit.payer, "equity", "production_credit", credit.amount_myen, why
    for credit in cash.tax.credits_worth:
        yield (
            credit.payer,
            "equity",
            "tax_credit",
            credit.amount_myen,
            f"{credit.measure or 'credit'} for {credit.asset}",
        )
    for party in TREASURIES:
        share = cash.project.policy.tax.shares.get(party, 0.0)
        yield "equity", party, "income_tax", share * cash.tax.before_credits, "tax on income, before credits"


def _debt(cash: CashFlow, shares: Shares) -> Iterator[Flow]:
    debt, financing = cash.debt, cash.project.policy.financing
    yield "lenders", "equity", "debt_drawn", debt.drawdown, "loan"
    yield "equity", "lenders", "interest", debt.interest_paid, "loan"
    yield "equity", "lenders", "debt_repaid", debt.principal, "loan"
    yield "equity", "lenders", "loan_fee", debt.upfront_fee, "loan"
    yield "equity", "national_treasury", "guarantee_fee", debt.guarantee_fee, financing.measure or "guarantee"
    if financing.guarantee_coverage > 0:
        # What the state must expect to pay: the balance at the start of a year, times the chance of default.
        owed = np.concatenate((0.0 * debt.balance[..., :1], debt.balance[..., :-1]), axis=-1)
        alive = (1.0 - shares.yearly_default) ** np.maximum(np.arange(len(cash.years)) - 1, 0)
        loss = financing.guarantee_coverage * (1.0 - shares.recovery) * shares.yearly_default * alive * owed
        yield "national_treasury", "lenders", "expected_guarantee_payment", loss, financing.measure or "guarantee"
