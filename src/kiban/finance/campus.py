"""One campus in money: priced, financed, posted to a ledger, and held against itself without support.

    plan -> project -> price -> cash flow -> returns, ledger, damage, what measures of law ask for -> fiscal cost

Both questions of PAY go this way: the one about one campus (`paying`), and the national one (`national`) site by
site. What is built depends on what can be used of credits, and that on what is built: `settle` goes around design
and finance until they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from kiban.catalogue import Catalogue
from kiban.catalogue.facts import Fact
from kiban.finance.assumed_range import DemandAssumed
from kiban.finance.assumptions import LARGE_GROUP, FinanceAssumptions, read_assumptions
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.economy import EconomyTerms, assess_impact, construction_demand, read_economy_terms
from kiban.finance.eligibility import Check, check_conditions, prefecture_of
from kiban.finance.environment import Damage, DamageTerms, measure_damage, read_damage_terms
from kiban.finance.ledger import PARTIES, TREASURIES, Ledger, value_changes
from kiban.finance.levelised import LevelisedCost
from kiban.finance.metrics import Returns, compute_returns
from kiban.finance.money_terms import read_money_terms
from kiban.finance.owner_risk import risk_charge
from kiban.finance.posting import Shares, post_entries, read_shares, tranche_sales
from kiban.finance.project import Project
from kiban.finance.public_funds import PublicFunds, account_funds
from kiban.planning.plan import Plan
from kiban.policy.terms import PolicyTerms
from kiban.scenario.study import Finance

NO_SUPPORT = "none"
"""The package that is the tax law alone."""
GAINERS = ("equity", "lenders", "users", "ratepayers")
"""Parties that gain for nothing in return: the others give goods, work or land for what they receive."""
BEARERS = ("equity", "lenders")
"""Parties that bear the risk of a campus in private hands."""
SAME_SERVED = 1e-4
"""Difference of served MW, as a share of the load, that a solver's tolerance explains."""
ELSEWHERE = ""
"""Where nothing is built, an owner is taken to be as the mean of the others."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CampusTerms:
    """What holds for every campus of a question, whatever the design and the package."""

    assumptions: FinanceAssumptions
    shares: Shares
    damage: DamageTerms
    economy: EconomyTerms
    pass_through: float
    """Share of a fall in cost that the users of the load receive."""
    elasticity: float
    """Of the demand that is offered where the scenario has none of its own."""
    elasticity_range: tuple[float, float]
    """The lowest and the highest that the catalogue gives."""
    pass_through_range: tuple[float, float]

    def demand_of(self, elasticity: float | None) -> DemandAssumed | None:
        """What is assumed of the demand that is offered; None where the tranches of a scenario are."""
        if elasticity is None:
            return None
        return DemandAssumed(elasticity, self.elasticity_range, self.pass_through, self.pass_through_range)


@dataclass(frozen=True, slots=True, eq=False)
class Campus:
    """One campus under a policy: its design, its money, and who pays whom."""

    site: str
    name: str
    """Its site, and in a study with phases the year of its phase."""
    plan: Plan
    project: Project
    """With a price for all that it sells."""
    price_myen_per_mwh: float
    """At which the load that has no price of its own is sold, at prices of the start year."""
    cash: CashFlow
    returns: Returns
    ledger: Ledger
    damage: Damage
    """What its emissions do, beside the ledger."""
    checks: tuple[Check, ...]
    """What the measures behind its packages ask for, held against its plan."""

    @property
    def it_mw(self) -> float:
        """IT load, MW at its peak."""
        return self.plan.capacities["it_mw"]

    @property
    def prefecture(self) -> str | None:
        """None where the site is not of the catalogue."""
        return prefecture_of(self.plan) or None


def read_campus_terms(
    catalogue: Catalogue,
    *,
    discount_rate_real: float,
    yen_per_usd: float | None = None,
    finance: Finance | None = None,
) -> CampusTerms:
    """From the catalogue, at the design's rate before tax, and at its own rate of exchange where none is given.

    `finance` is what the scenario says of money beside it.
    """
    elasticity, pass_through = catalogue.fact("demand.price_elasticity"), catalogue.fact("finance.pass_through")
    return CampusTerms(
        assumptions=read_assumptions(
            catalogue,
            discount_rate_real=discount_rate_real,
            owner=LARGE_GROUP if finance is None else finance.owner,
            terms=read_money_terms(finance) if finance is not None else None,
        ),
        shares=read_shares(catalogue),
        damage=read_damage_terms(
            catalogue, catalogue.value("money.yen_per_usd") if yen_per_usd is None else yen_per_usd
        ),
        economy=read_economy_terms(catalogue),
        pass_through=pass_through.value,
        elasticity=elasticity.value,
        elasticity_range=_ends(elasticity),
        pass_through_range=_ends(pass_through),
    )


def _ends(fact: Fact) -> tuple[float, float]:
    """Lowest and highest that a row gives; a value that a scenario puts beyond them widens the range."""
    low, high = (fact.value if end is None else end for end in (fact.low, fact.high))
    return min(low, fact.value), max(high, fact.value)


def load_price(levelised: LevelisedCost, before: LevelisedCost, price_before: float, pass_through: float) -> float:
    """Price of the load that has none of its own, million yen a MWh at prices of the start year.

    Its price without the package, less the part of any fall of the levelised cost that competition passes on.
    """
    return price_before - pass_through * (before.myen_per_it_mwh - levelised.myen_per_it_mwh)


def finance_campus(
    site: str,
    plan: Plan,
    project: Project,
    price: float,
    terms: CampusTerms,
    *,
    name: str | None = None,
    waiting_t_per_year: float = 0.0,
) -> Campus:
    """The campus of a design: `project` is the plan's, whose load is sold at the price (million yen a MWh).

    `name` tells the campuses of a site apart; `waiting_t_per_year` is emitted until its connection is there.
    """
    priced = project.priced(price)
    cash = project_cash_flow(priced, terms.assumptions)
    return Campus(
        site=site,
        name=site if name is None else name,
        plan=plan,
        project=priced,
        price_myen_per_mwh=price,
        cash=cash,
        returns=compute_returns(cash),
        ledger=_post(plan, cash, terms),
        damage=measure_damage(plan, cash, terms.damage, terms.shares.party_rates["environment"], waiting_t_per_year),
        checks=check_conditions(priced.policy.conditions, plan, cash),
    )


def fiscal_cost(
    campus: Campus, ordinary: PolicyTerms, terms: CampusTerms, *, under: PolicyTerms | None = None
) -> float:
    """What support costs the treasuries on what is built, against the same campus under ordinary law.

    Present value of all treasuries at the social rate, million yen, with the price of the risk that they bear as
    owners; no answer of behaviour is in it. `under` is a policy in the place of the campus's own: what the same design
    would cost under it.
    """
    rate = terms.shares.social_rate
    after = (campus.ledger, campus.cash) if under is None else _post_under(campus, under, terms)
    sides = (after, _post_under(campus, ordinary, terms))
    costs = [
        risk_charge(cash, rate)
        - _at_base(campus, rate) * sum(ledger.present_value(party, rate) for party in TREASURIES)
        for ledger, cash in sides
    ]
    return costs[0] - costs[1]


def _at_base(campus: Campus, rate: float) -> float:
    """Value in the base year of what its own ledger values in the year of its first spade."""
    return (1.0 + rate) ** -campus.project.years_after_base


def gains(
    values: Mapping[str, float], after: Iterable[Campus], before: Iterable[Campus], users_rate: float
) -> dict[str, float]:
    """Present value that each party gains for nothing in return, million yen; `values` is the change of all parties.

    Users value further compute at what they bid, so that what they pay for it is no loss; `users_rate` is the real rate
    of their `values`. Where a public body owns one side, there is no owner who was there before and is there now: what
    equity no longer earns or loses is nobody's gain.
    """
    sides = ((tuple(after), 1.0), (tuple(before), -1.0))
    found = {party: values[party] for party in GAINERS}
    for campuses, sign in sides:
        found["users"] += sign * sum(tranche_sales(campus.cash, users_rate) for campus in campuses)
    if any(campus.project.policy.financing.public for campuses, _ in sides for campus in campuses):
        found["equity"] = 0.0
    return found


def value_public_funds(
    after: Ledger,
    before: Ledger,
    campuses_after: Iterable[Campus],
    campuses_before: Iterable[Campus],
    outlay: float,
    rate: float,
    growth: float = 0.0,
) -> PublicFunds:
    """What those who gain would pay and what the treasuries spend: the change of a ledger, at one real rate for all.

    The price of the risk that the treasuries bear as owners is a cost to them.

    `outlay` is the fiscal cost at the social rate; the net cost, and with it the value, is of the change alone.
    `growth` is induced load over that of the ledger before, whose owner and lenders earn what they ask and no more:
    what that is beyond `rate` is the price of their risk.
    """
    sides = (tuple(campuses_after), tuple(campuses_before))
    changes = changes_at(after, before, *sides, rate)
    gained = {party: changes[party] for party in GAINERS}
    private = not any(campus.project.policy.financing.public for side in sides for campus in side)
    premium = growth * sum(before.present_value(party, rate) for party in BEARERS) if private else 0.0
    return account_funds(gained, outlay, sum(changes[party] for party in TREASURIES), premium)


def changes_at(
    after: Ledger, before: Ledger, campuses_after: Iterable[Campus], campuses_before: Iterable[Campus], rate: float
) -> dict[str, float]:
    """What each party has more, at one real rate for all, million yen: so that parties can be held against one another.

    Of who gains for nothing it is the gain, of who is paid for what he delivers what he is paid more; the national
    treasury is charged the price of the risk that it bears as owner.
    """
    values = value_changes(after, before, dict.fromkeys(PARTIES, rate))
    sides = (tuple(campuses_after), tuple(campuses_before))
    risk, earlier_risk = (sum(risk_charge(campus.cash, rate) for campus in side) for side in sides)
    charged = values[TREASURIES[0]] - (risk - earlier_risk)
    return {**values, **gains(values, *sides, rate), TREASURIES[0]: charged}


def spending(plans: Iterable[Plan]) -> dict[str, float]:
    """What plans spend on first purchases, million yen by asset class."""
    spent: dict[str, float] = {}
    for plan in plans:
        for investment in plan.investments:
            spent[investment.asset] = spent.get(investment.asset, 0.0) + investment.capex_myen
    return spent


def construction_jobs(plans: Iterable[Plan], economy: EconomyTerms) -> float:
    """Job-years at home, direct and indirect, that building sets in motion."""
    return assess_impact(construction_demand(spending(plans), economy), economy).national.headline.jobs


def serves_the_same(served: Mapping[str, float], other: Mapping[str, float], load_mw: float) -> bool:
    """Whether as much of each tranche is served (MW by name), up to the solver's tolerance on the load."""
    return all(abs(mw - other.get(name, 0.0)) <= SAME_SERVED * load_mw for name, mw in served.items())


# ---- what can be used of credits

Usable = Mapping[str, Mapping[str, float]]
"""Share of the credits of each asset class that the limits of law let its owner use, by site."""


@dataclass(frozen=True, slots=True)
class Settling:
    """When design and finance agree on the share of credits that can be used, and how long they are asked."""

    tolerance: float
    """Change of a share that counts as none."""
    most_rounds: int
    damped_from: int
    """Round from which half of the last share is kept, so that a share that swings comes to rest."""


ONE_CAMPUS = Settling(tolerance=1e-4, most_rounds=12, damped_from=4)
NATIONAL = Settling(tolerance=1e-3, most_rounds=8, damped_from=3)
"""Coarser, since sites and sizes are known to the gap of a search alone, and each round is a search."""


def usable_at(usable: Usable, site: str) -> Mapping[str, float]:
    """Share of credits that can be used by asset class at a site; all of it where nothing is known."""
    return usable.get(site, usable.get(ELSEWHERE, {}))


def settle(design: Callable[[Usable], tuple[Answer, Usable, bool]], rules: Settling) -> tuple[Answer, float]:
    """Design and finance in turn until the share of credits that can be used is the same in both.

    `design` designs and finances with the shares that it is given, and returns its answer, the shares that finance
    finds, and whether it would now design otherwise for another reason. The last answer comes back with the change of
    the shares that was left: 0 where they settled.
    """
    usable: Usable = {}
    for number in range(rules.most_rounds):
        answer, found, other = design(usable)
        change = _largest_change(found, usable)
        if change < rules.tolerance and not other:
            break
        usable = _mixed(found, usable, kept=0.5 if number >= rules.damped_from else 0.0)
    return answer, change if change >= rules.tolerance else 0.0


def _largest_change(found: Usable, used: Usable) -> float:
    shares = [
        abs(share - usable_at(used, site).get(asset, 1.0))
        for site, by_asset in found.items()
        if site != ELSEWHERE
        for asset, share in by_asset.items()
    ]
    return max(shares, default=0.0)


def _mixed(found: Usable, used: Usable, kept: float) -> Usable:
    return {
        site: {
            asset: kept * usable_at(used, site).get(asset, 1.0) + (1.0 - kept) * share
            for asset, share in by_asset.items()
        }
        for site, by_asset in found.items()
    }


def _post(plan: Plan, cash: CashFlow, terms: CampusTerms) -> Ledger:
    return post_entries(
        cash,
        terms.shares,
        energy_charges_myen=plan.energy_charges_myen_per_year,
        ratepayers_works_myen=plan.ratepayers_works_myen,
    )


def _post_under(campus: Campus, policy: PolicyTerms, terms: CampusTerms) -> tuple[Ledger, CashFlow]:
    """The ledger and the cash flow of the same campus at the same prices under another policy."""
    cash = project_cash_flow(replace(campus.project, policy=policy), terms.assumptions)
    return _post(campus.plan, cash, terms), cash
