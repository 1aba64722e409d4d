"""What a package costs and changes in a national plan: by party, by asset, by site, by grid area and by prefecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kiban.catalogue.economy_tables import prefecture_shares
from kiban.finance.additionality import AssetSupport, Support
from kiban.finance.assumed_range import AssumedRange, DemandAssumed, induced_between, range_over
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.campus import Campus, changes_at, construction_jobs, gains, spending, value_public_funds
from kiban.finance.economy import EconomyTerms, Effect, assess_impact, construction_demand
from kiban.finance.ledger import PARTIES, REGION, Ledger, difference, value_changes
from kiban.finance.national_side import NationalSide, join_ledgers
from kiban.finance.participation import EquityGain, Participation, split_gain
from kiban.finance.payment import Payment
from kiban.finance.posting import Shares
from kiban.finance.price_effects import Drawn, PriceEffects, find_joint_effects, is_among_the_largest
from kiban.finance.public_funds import PublicFunds, cost_per_induced_mw, whole_induced
from kiban.national.study.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Region:
    """What a package changes in one grid area or prefecture, by the campuses that stand there.

    Money is million yen, present value of each party at its own real rate. `moved_mw` is the load that stands here
    with the package and, of the same load, would not without it; over all regions it adds up to nothing.
    """

    name: str
    without_mw: float
    with_mw: float
    moved_mw: float
    induced_range_mw: tuple[float, float] | None
    """Induced load here over the range of elasticities, where it stands as in the plan; None where none is assumed."""
    support_myen: float
    distortion_myen: float
    fiscal_cost_myen: float
    without_myen: Mapping[str, float]
    with_myen: Mapping[str, float]
    change_myen: Mapping[str, float]
    local_public_myen: float
    """Change for prefecture and municipality together, at the social rate."""
    jobs: tuple[float, float] | None
    """Change of job-years of building within the region, few and many purchases there; None without its table."""
    value_added_myen: tuple[float, float] | None

    @property
    def induced_mw(self) -> float:
        """Load that stands here since more is served at all."""
        return self.with_mw - self.without_mw - self.moved_mw


@dataclass(frozen=True, eq=False)
class NationalPayment:
    """What a package costs and changes in a national plan; money is million yen."""

    before: NationalSide
    after: NationalSide
    forced_mw: Mapping[str, float]
    """IT load by site in the least-cost plan without the package that serves what the package's plan serves."""
    least_moved_mw: float
    """What of the load that moves must move: no plan that costs as little without the package, within the gap of the
    study, is nearer to the package's plan."""
    candidates: tuple[Candidate, ...]
    supports: Mapping[str, Support]
    """By campus."""
    fiscal_costs_myen: Mapping[str, float]
    """By campus: what the treasuries forgo and spend on what is built with the package, before any answer."""
    participation: Participation
    """What owners ask and earn, all together."""
    assumptions: FinanceAssumptions
    shares: Shares
    economy: EconomyTerms
    pass_through: float
    demand: DemandAssumed | None
    """What is assumed of the demand that is offered; None where the study's own optional tranches are."""
    solves: int
    """Site programmes that were solved for the answer."""
    downside: Mapping[str, Any] | None = None
    """What the treasuries may lose on all campuses together; None where nothing was drawn."""

    @cached_property
    def incidence(self) -> Ledger:
        """Ledger with the package less the ledger without."""
        change = difference(self.after.ledger, self.before.ledger)
        return Ledger(change.entries, self.after.ledger.base_year)

    @cached_property
    def party_values_myen(self) -> Mapping[str, float]:
        """Present value of the change for each party at its own real rate."""
        return value_changes(self.after.ledger, self.before.ledger, self.shares.party_rates)

    @property
    def fiscal_cost_myen(self) -> float:
        """What the treasuries forgo and spend on what is built, at the social rate, before any answer."""
        return sum(self.fiscal_costs_myen.values())

    @property
    def treasury_value_myen(self) -> float:
        """Change for all treasuries at the social rate, with the tax that induced investment pays."""
        return -self.public_funds.net_cost

    @property
    def induced_it_mw(self) -> float:
        """IT load that is served because of the package."""
        return whole_induced(self.after.total_mw - self.before.total_mw)

    @property
    def elasticity(self) -> float | None:
        """Elasticity of the demand that is offered; None where the study's own optional tranches are."""
        return None if self.demand is None else self.demand.elasticity

    @property
    def induced_range_mw(self) -> tuple[float, float] | None:
        """Induced load at the lowest and the highest elasticity; None where the study's own tranches are offered."""
        return induced_between(self.before.total_mw, self.induced_it_mw, self.demand)

    def induced_between(self, induced_mw: float) -> tuple[float, float] | None:
        """A part of the induced load over the range of elasticities, where all of it stands as in the plan."""
        ends, whole = self.induced_range_mw, self.induced_it_mw
        if ends is None or not whole:
            return None
        low, high = sorted(induced_mw * end / whole for end in ends)
        return low, high

    @property
    def range(self) -> AssumedRange | None:
        """Between which values fiscal cost, windfall and induced load lie over what is assumed of demand."""
        if self.demand is None:
            return None
        load = self.before.total_mw
        return range_over(load, self.induced_it_mw, self.fiscal_cost_myen, self.support, self.demand)

    @property
    def cost_per_induced_mw_myen(self) -> float | None:
        """Fiscal cost for each induced MW; None where nothing is induced."""
        return cost_per_induced_mw(self.fiscal_cost_myen, self.induced_it_mw)

    @property
    def damage_myen(self) -> float:
        """Change of the damage by emissions, present value; no party of the ledger pays or receives it."""
        after, before = (sum(campus.damage.damage_myen for campus in s.campuses) for s in (self.after, self.before))
        return after - before

    @cached_property
    def public_funds(self) -> PublicFunds:
        """What those who gain would pay, what the treasuries spend, and what comes back to them, at the social rate."""
        return self._funds_at(self.shares.social_rate)

    @cached_property
    def value_of_public_funds_by_rate(self) -> Mapping[float, float | None]:
        """Value of public funds at each of the rates that stand beside the social one."""
        return {rate: self._funds_at(rate).marginal_value for rate in self.shares.social_rates}

    def _funds_at(self, rate: float) -> PublicFunds:
        return value_public_funds(
            self.after.ledger,
            self.before.ledger,
            self.after.campuses,
            self.before.campuses,
            self.fiscal_cost_myen,
            rate,
            self.induced_it_mw / self.before.total_mw,
        )

    @cached_property
    def support(self) -> Support:
        """Support of all sites by asset. What moves between sites is distortion, as what moves between technologies."""
        return join_supports(self.supports)

    @cached_property
    def changes_at_social_rate_myen(self) -> Mapping[str, float]:
        """What each party has more, all at the social rate (see `campus.changes_at`)."""
        return changes_at(
            self.after.ledger,
            self.before.ledger,
            self.after.campuses,
            self.before.campuses,
            self.shares.social_rate,
        )

    @cached_property
    def price_effects(self) -> PriceEffects | None:
        """What electricity users elsewhere pay more because of the package; None where nothing draws in the market.

        What all campuses draw together moves prices; what the campuses of an area carry of its charges stays there.
        """
        sides = (self.before, self.after)
        before, after = (
            [Drawn(one.plan, int(one.cash.years[0]) + one.project.waiting_years) for one in side.campuses]
            for side in sides
        )
        base = self.after.ledger.base_year
        assert base is not None
        area_of = {candidate.id: candidate.area for candidate in self.candidates}
        charges = {}
        for area in dict.fromkeys(area_of[one.site] for side in sides for one in side.campuses):
            without, with_ = (
                join_ledgers([one.ledger for one in side.campuses if area_of[one.site] == area], base) for side in sides
            )
            charges[area] = difference(with_, without)
        return find_joint_effects(before, after, base, charges)

    @property
    def others_are_among_the_largest(self) -> bool:
        """Whether their change is among the three largest of all parties, all at the social rate."""
        return is_among_the_largest(self.price_effects, self.changes_at_social_rate_myen, self.shares.social_rate)

    @property
    def gains_myen(self) -> dict[str, float]:
        """What each party gains for nothing, at its own rate; users value further compute at what they bid."""
        users = self.shares.party_rates["users"]
        return gains(self.party_values_myen, self.after.campuses, self.before.campuses, users)

    @property
    def equity_gain(self) -> EquityGain:
        """What owners gain without debt, and what the debt that is raised adds."""
        after, before = ([campus.cash for campus in side.campuses] for side in (self.after, self.before))
        return split_gain(self.gains_myen["equity"], after, before, self.shares.party_rates["equity"])

    @property
    def value_of_public_funds(self) -> float | None:
        """What owner, lenders, users and ratepayers gain over the treasuries' net cost; None without such a cost."""
        return self.public_funds.marginal_value

    @cached_property
    def construction_jobs(self) -> float:
        """Change of job-years at home, direct and indirect, that building sets in motion."""
        after, before = (
            construction_jobs((campus.plan for campus in side.campuses), self.economy)
            for side in (self.after, self.before)
        )
        return after - before

    @cached_property
    def areas(self) -> tuple[Region, ...]:
        """Grid areas with a campus on one side or the other, in the order of the candidates."""
        return self._regions(lambda candidate: candidate.area)

    @cached_property
    def prefectures(self) -> tuple[Region, ...]:
        """Prefectures with a campus on one side or the other, in the order of the candidates."""
        return self._regions(lambda candidate: self._prefecture_of.get(candidate.id) or "")

    @cached_property
    def _prefecture_of(self) -> Mapping[str, str | None]:
        return {campus.site: campus.prefecture for side in (self.before, self.after) for campus in side.campuses}

    def fiscal_cost_at(self, site: str) -> float:
        """Fiscal cost of all that is built at a site."""
        return sum(self.fiscal_costs_myen[one.name] for one in self.after.campuses if one.site == site)

    def support_at(self, site: str) -> float:
        """Support of all that is built at a site."""
        return sum(self.supports[one.name].total_myen for one in self.after.campuses if one.site == site)

    @property
    def moved_mw(self) -> float:
        """IT load that the package moves from one site to another."""
        return 0.5 * sum(abs(mw) for mw in self.moved_by_site_mw.values())

    @cached_property
    def moved_by_site_mw(self) -> Mapping[str, float]:
        """By site, load with the package less load of the same compute without it."""
        sites = dict.fromkeys([*self.after.loads, *self.forced_mw])
        return {site: self.after.loads.get(site, 0.0) - self.forced_mw.get(site, 0.0) for site in sites}

    def _regions(self, region_of: Callable[[Candidate], str]) -> tuple[Region, ...]:
        wanted = set(self.before.loads) | set(self.after.loads) | set(self.forced_mw)
        found: dict[str, list[str]] = {}
        for candidate in self.candidates:
            if candidate.id in wanted:
                found.setdefault(region_of(candidate), []).append(candidate.id)
        return tuple(self._region(name, sites) for name, sites in found.items())

    def _region(self, name: str, sites: list[str]) -> Region:
        before, after = (
            [campus for campus in side.campuses if campus.site in sites] for side in (self.before, self.after)
        )
        base_year = self.before.ledger.base_year or 0
        ledgers = [join_ledgers([campus.ledger for campus in side], base_year) for side in (before, after)]
        without, with_ = (ledger.present_values(self.shares.party_rates) for ledger in ledgers)
        social = self.shares.social_rate
        moved = sum(self.moved_by_site_mw.get(site, 0.0) for site in sites)
        loads = [sum(campus.it_mw for campus in side) for side in (before, after)]
        supports = [self.supports[campus.name] for campus in after if campus.name in self.supports]
        return Region(
            name=name,
            without_mw=loads[0],
            with_mw=loads[1],
            moved_mw=moved,
            induced_range_mw=self.induced_between(loads[1] - loads[0] - moved),
            support_myen=sum(support.total_myen for support in supports),
            distortion_myen=sum(support.distortion_myen for support in supports),
            fiscal_cost_myen=sum(self.fiscal_costs_myen.get(campus.name, 0.0) for campus in after),
            without_myen=without,
            with_myen=with_,
            change_myen={party: with_[party] - without[party] for party in PARTIES},
            local_public_myen=sum(
                ledgers[1].present_value(party, social) - ledgers[0].present_value(party, social) for party in REGION
            ),
            jobs=self._within(before, after, lambda effect: effect.jobs),
            value_added_myen=self._within(before, after, lambda effect: effect.value_added),
        )

    def _within(
        self, before: list[Campus], after: list[Campus], measure: Callable[[Effect], float]
    ) -> tuple[float, float] | None:
        """Change of what building does within the prefectures of campuses; None where one has no table."""
        low = high = 0.0
        for campuses, sign in ((after, 1.0), (before, -1.0)):
            for campus in campuses:
                if campus.prefecture not in prefecture_shares():
                    return None
                demand = construction_demand(spending([campus.plan]), self.economy)
                impact = assess_impact(demand, self.economy, prefecture=campus.prefecture)
                assert impact.regional_low is not None and impact.regional_high is not None
                low += sign * measure(impact.regional_low.headline)
                high += sign * measure(impact.regional_high.headline)
        return low, high


def join_supports(supports: Mapping[str, Support]) -> Support:
    """Support of all sites, by capacity and asset; the amount per unit is the mean over what is built."""
    found: dict[tuple[str, str], AssetSupport] = {}
    for support in supports.values():
        for asset in support.assets:
            key = (asset.capacity, asset.asset)
            known = found.get(key)
            found[key] = asset if known is None else _plus(known, asset)
    return Support(tuple(found.values()))


def _plus(one: AssetSupport, other: AssetSupport) -> AssetSupport:
    quantity = one.quantity_with + other.quantity_with
    return AssetSupport(
        one.capacity,
        one.asset,
        one.unit,
        one.quantity_without + other.quantity_without,
        quantity,
        one.quantity_forced + other.quantity_forced,
        (one.total_myen + other.total_myen) / quantity if quantity > 0 else 0.0,
        one.windfall_myen + other.windfall_myen,
        one.induced_myen + other.induced_myen,
        one.distortion_myen + other.distortion_myen,
    )


AnyPayment = Payment | NationalPayment
"""Of one campus or of a country."""
