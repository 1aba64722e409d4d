"""The question about one campus asked in many draws of what is assumed: from their values to what PAY answers.

In each draw, as for one campus: the owner's price and rate without the package (to a fixed point), the design at those
costs, the design under the package with the compute that its users then buy, both financed and posted, the same campus
under ordinary law, and what support pays for. Designs come from `drawn_design`; the plan of the question itself scales
what is induced, so that a draw in which nothing is moved is the question's own answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from kiban.arrays import Array
from kiban.errors import Problem, ScenarioError, SolverError
from kiban.finance.additionality import SAME_QUANTITY
from kiban.finance.assumptions import FinanceAssumptions
from kiban.finance.campus import GAINERS
from kiban.finance.cash_flow import CashFlow, project_cash_flow
from kiban.finance.demand import BELOW_PROBE, LEAST_PRICE_SHARE
from kiban.finance.drawn_costs import CostModel, Part, UnitCosts, UserCosts
from kiban.finance.drawn_design import GAP, Designs, YearlyCosts
from kiban.finance.drawn_figures import Answers, own_answers
from kiban.finance.drawn_model import LEVELS, Built, CostPoint, DesignModel, Law, choose, mix, stack
from kiban.finance.drawn_sides import (
    DrawnSide,
    break_even_prices,
    levered_prices,
    mean_bid,
    priced_cash,
    project_of,
    streams_of,
    used_shares,
    weighted_rates,
    worth_to_users,
)
from kiban.finance.ledger import PARTIES, TREASURIES
from kiban.finance.paying import Question
from kiban.finance.payment import Payment, Side
from kiban.finance.posting import values_by_party
from kiban.finance.project import Project
from kiban.finance.public_funds import LEAST_INDUCED_MW, NO_COST_MYEN
from kiban.finance.uncertain import CHIP_LIFE, ELASTICITY, PASS_THROUGH, RATES, Uncertain
from kiban.policy.annuity import annuity_present_value
from kiban.policy.capital import discount_rate_under
from kiban.policy.package_terms import load_packages
from kiban.policy.terms import PolicyTerms
from kiban.scenario.package import Package

if TYPE_CHECKING:
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore

RATE_SPREAD = (0.5, 1.6)
"""Of the design's rate: for which rates designs are solved beforehand."""
STORED = {"battery_power": "battery", "battery_energy": "battery"}
"""Capacities that are one kind."""
CLOSE_RATE = 1e-7
CLOSE_SHARE = 1e-4
MOST_SETTLING_ROUNDS = 30
LAWS_KEPT = 16
FREE_ROUNDS = 8
"""Rounds after which a draw keeps its design: two that cost the same at its rate would take turns."""
MOST_CREDIT_ROUNDS = 12
MOST_DEMAND_STEPS = 60


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Draws with one life of chips: their values (draws, rows), costs before tax, and columns of what finance takes."""

    values: Array
    parts: tuple[Part, ...]
    units: UnitCosts
    assumptions: FinanceAssumptions
    elasticity: Array
    pass_through: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Some draws, by their places, and the side before any package; how far its designs may be off."""

    places: npt.NDArray[np.int64]
    group: _Group
    before: DrawnSide
    gap: Array
    saving: Array


class DrawnQuestion:
    """One question and its answer, asked again in draws of the rows that it rests on."""

    def __init__(
        self, question: Question, payment: Payment, store: AnswerStore | None = None, pool: Pool | None = None
    ) -> None:
        """`question` answered, with the demand at rest under its law; `store` keeps designs, `pool` solves them.

        ScenarioError where demand does not answer to price, where the public owns the campus, or where the price of
        power answers to the load.
        """
        if payment.demand is None or payment.demand.elasticity <= 0:
            raise ScenarioError(Problem("finance.draws_demand", key="draws"))
        if payment.after.terms.financing.public or payment.before.terms.financing.public:
            raise ScenarioError(Problem("finance.draws_public", key="draws"))
        grid = question.preparation.plant.grid
        if grid is not None and grid.price_slope_myen_per_mwh2 > 0.0:
            raise ScenarioError(Problem("finance.draws_response", key="draws"))
        self._question, self._payment = question, payment
        self._demand = payment.demand
        self.costs = CostModel(question.preparation, payment.before.plan.cooling_system)
        self.rows = self.costs.find_rows()
        self.designs = Designs(DesignModel(question.preparation, self.costs), store, pool)
        self._drawn: Array | None = None
        self._proven = False
        self._remembered: list[_Known] = []
        self._laws: list[tuple[Sequence[str | Package] | None, tuple[PolicyTerms, UserCosts]]] = []
        self._learn()
        self._before_costs = UserCosts(payment.before.terms, question.preparation.capital)

    # ---- designs that are solved beforehand

    def _learn(self) -> None:
        rate = self._question.campus_terms.assumptions.discount_rate_real
        before, after = self._payment.before, self._payment.after
        points = [_point({}, rate, before)]
        if not any(asset.production_credit for asset in after.terms.assets.values()):
            points.append(_point({}, rate, after))
        groups = self._groups()
        for end, spread in enumerate(RATE_SPREAD):
            points.append(_point({}, spread * rate, before))
            points += [_point({row.row: row.ends[end] for row in group}, rate, before) for group in groups]
            points.append(_point({row.row: row.ends[end] for group in groups for row in group}, spread * rate, before))
        self.designs.learn(points)

    def _groups(self) -> list[list[Uncertain]]:
        """Rows that move the cost of one kind of capacity beside the compute itself, which is not chosen."""
        moved: dict[str, list[Uncertain]] = {}
        base = self.costs.at({})
        for row in self.rows:
            if row.kind != "cost":
                continue
            end = row.ends[0] if row.ends[0] != row.triangle.mode else row.ends[1]
            found = self.costs.at({row.row: end})
            kinds = {
                STORED.get(name, name)
                for name, assets in base.assets.items()
                if name != "it" and found.assets[name] != assets
            }
            if found.charges != base.charges:
                kinds.add("interconnection")
            if found.bought != base.bought:
                kinds.add("bought")
            for kind in sorted(kinds):
                moved.setdefault(kind, []).append(row)
        return list(moved.values())

    # ---- answers

    def answer(self, values: Array, packages: Sequence[str | Package] | None = None, *, proven: bool = True) -> Answers:
        """Answers in draws of the rows (draws, rows) for the question's package, or for others.

        They are the question's own answer (for its own package) and what each draw changes of it. With `proven` it is
        proven how far designs may be off, and one is solved anew where that is more than `GAP`.
        """
        middle = np.array([[row.triangle.mode for row in self.rows]])
        parts = [
            (known.places, self._answer(known, packages, proven=proven))
            for known in self._known(np.vstack([middle, values]), proven=proven)
        ]
        found = Answers.joined(parts, 1 + len(values))
        return found.without_first() if packages is not None else found.around(own_answers(self._payment))

    def _known(self, values: Array, *, proven: bool) -> list[_Known]:
        """What draws have before any package, by life of chips; remembered while the same draws are asked about."""
        if self._drawn is not None and np.array_equal(values, self._drawn) and (self._proven or not proven):
            return self._remembered
        column = [place for place, row in enumerate(self.rows) if row.row == CHIP_LIFE]
        lives = values[:, column[0]] if column else np.zeros(len(values))
        self._remembered = []
        for life in np.unique(lives):
            places = np.flatnonzero(lives == life)
            group = self._prepare(values[places], float(life))
            before = self._side_before(group)
            gap, saving = np.zeros(len(places)), np.full(len(places), np.nan)
            if proven:
                before, gap, saving = self._improve(group, before, _law_of(self._payment.before))
            group = replace(group, assumptions=before.cash.assumptions)
            self._remembered.append(_Known(places, group, before, gap, saving))
        self._drawn, self._proven = values, proven
        return self._remembered

    def _prepare(self, values: Array, life: float) -> _Group:
        known = self._question.campus_terms.assumptions
        names = [row.row for row in self.rows]

        def column(name: str, value: float) -> Array:
            return values[:, [names.index(name)]] if name in names else np.full((len(values), 1), value)

        drawn: dict[str, Any] = {field: column(row, getattr(known, field)) for row, field in RATES.items()}
        return _Group(
            values=values,
            parts=tuple(
                replace(part, life_years=life) if life and part.asset == "chips" else part for part in self.costs.parts
            ),
            units=self.costs.unit_costs(self.rows, values),
            assumptions=replace(known, **drawn, insists_on_debt=False),
            elasticity=column(ELASTICITY, self._demand.elasticity),
            pass_through=column(PASS_THROUGH, self._demand.pass_through),
        )

    def _answer(self, known: _Known, packages: Sequence[str | Package] | None, *, proven: bool) -> Answers:
        group, before, gap, saving = known.group, known.before, known.gap, known.saving
        after = self._side_after(group, before, packages)
        if proven:
            improved, left, saved = self._improve(group, after, self._law_behind(packages))
            after = after if improved is after else self._finance(group, improved, before)
            gap, saving = np.fmax(gap, left), np.fmax(saving, saved)
        return self._measure(group, before, after, gap, saving)

    def _improve(self, group: _Group, side: DrawnSide, law: Law) -> tuple[DrawnSide, Array, Array]:
        """The side with designs that are solved where the bounds leave too much open; what is open, what it saved."""
        gap = self.designs.gaps(side.costs, side.built, side.served_mw)
        saving = np.full(len(gap), np.nan)
        places = np.flatnonzero(gap > GAP).tolist()
        if not places:
            return side, gap, saving
        asked = []
        for place in places:
            values = {
                row.row: float(group.values[place, number])
                for number, row in enumerate(self.rows)
                if row.kind == "cost"
            }
            used = {name: float(share[place, 0]) for name, share in side.used.items()}
            asked.append((float(side.served_mw[place, 0]), CostPoint(values, float(side.rate[place, 0]), law, used)))
        built = side.built.with_rows(places, stack(self.designs.solve(asked)))
        known, new = (side.costs.of_rows(one)[places] for one in (side.built, built))
        saving[places] = np.maximum(known - new, 0.0) / np.maximum(np.abs(known), 1.0)
        gap[places] = 0.0
        return replace(side, built=built), gap, saving

    # ---- the two sides

    def _costs(
        self, group: _Group, terms: PolicyTerms, costs: UserCosts, used: Mapping[str, Array]
    ) -> tuple[YearlyCosts, Array, Array]:
        """Yearly costs under a policy, user costs (draws, parts), and the rate of its designs before tax (draws, 1)."""
        given = group.assumptions
        capital = given.capital_terms(self._question.scenario.policy.start_year)
        rate = np.asarray(discount_rate_under(terms.financing, capital))
        units = group.units
        factors = costs.at(group.parts, rate, used)
        each = units.capex * factors + units.fixed_om + units.network
        yearly = np.zeros((len(each), len(self.designs.capacities)))
        production = np.zeros(yearly.shape)
        for place, part in enumerate(group.parts):
            column = self.designs.capacities.index(part.capacity)
            yearly[:, column] += each[:, place]
            credit = terms.assets[part.asset].production_credit if part.place == 0 else None
            if credit is not None and part.capacity in self.designs.clean:
                kept = 1.0 - terms.tax.rate
                whole = annuity_present_value(rate * kept, given.horizon_years)
                paid = annuity_present_value(rate * kept, min(credit.years, given.horizon_years))
                production[:, [column]] = credit.rate_myen_per_mwh * paid / whole / kept
        spared = units.surcharge * terms.surcharge_relief_share + units.network_charge * terms.network_relief_share
        carbon = self.costs.resources.carbon_price_myen_per_t
        carbon = carbon if terms.carbon_price_myen_per_t is None else terms.carbon_price_myen_per_t
        prices = units.prices * self._price_shares(terms)
        return YearlyCosts(yearly, units.charge - spared, carbon, production, prices), factors, rate

    def _price_shares(self, terms: PolicyTerms) -> Array:
        """Shares of the prices of what is bought that are left under a policy (items,): no more is spared than due."""
        left = 1.0 - terms.surcharge_relief_share
        return np.array([left if item.is_exempt else 1.0 for item in self.costs.items])

    def _side_before(self, group: _Group) -> DrawnSide:
        """Design and financing in turn until the rate of the one is what the other makes capital cost."""
        terms, used = self._payment.before.terms, self._payment.before.credit_utilisation
        nothing = np.zeros((len(group.values), 1))
        columns = {name: share + nothing for name, share in used.items()}
        price = self._payment.before.campus.price_myen_per_mwh + nothing
        settled = np.zeros(nothing.shape, dtype=bool)
        for number in range(MOST_SETTLING_ROUNDS):
            costs, factors, rate = self._costs(group, terms, self._before_costs, columns)
            if number < FREE_ROUNDS:
                best = costs.of(self.designs.levels[0]).argmin(axis=1)
            built = self.designs.levels[0].rows(best)
            project = self._project(group, costs, built, nothing, terms)
            find = break_even_prices if self._question.rate_is_given else levered_prices
            price = find(project, group.assumptions, price)
            cash = priced_cash(project, price, group.assumptions)
            if self._question.rate_is_given:
                break
            known = np.asarray(group.assumptions.discount_rate_real) + nothing
            # A draw that has settled stays, so that it is the same whatever others are drawn with it.
            found = weighted_rates(cash, known)
            settled |= np.abs(found - known) < CLOSE_RATE
            found = np.where(settled, known, found)
            assumptions = replace(group.assumptions, discount_rate_real=cast(float, found))
            group = replace(group, assumptions=assumptions)
            if np.all(settled):
                break
        else:
            raise SolverError(f"{MOST_SETTLING_ROUNDS} designs did not find what capital costs in every draw")
        cash = priced_cash(project, price, group.assumptions)
        levelised = break_even_prices(project, group.assumptions, price)
        return DrawnSide(terms, built, costs, factors, rate, columns, cash, price, levelised, nothing, price)

    def _side_after(self, group: _Group, before: DrawnSide, packages: Sequence[str | Package] | None) -> DrawnSide:
        """The design under packages with what users then buy, until the share of credits that can be used settles."""
        side = self._payment.after
        terms, curves = self._law(packages)
        if terms.financing.relieves_debt:
            group = replace(group, assumptions=replace(group.assumptions, financed_share=side.financed_share))
        known = side.credit_utilisation if packages is None else {}
        used = {name: share + np.zeros((len(group.values), 1)) for name, share in known.items()}
        for _ in range(MOST_CREDIT_ROUNDS):
            costs, factors, rate = self._costs(group, terms, curves, used)
            served = self._serve(group, before, costs)
            built = self._mixture(costs, served)
            worth = self._bids(group, before, served)
            after = self._finance(
                group, replace(before, terms=terms, built=built, costs=costs, factors=factors, rate=rate, used=used,
                               served_mw=served, worth=worth), before,
            )  # fmt: skip
            shares = used_shares(after.cash)
            close = {name: np.abs(share - used.get(name, 1.0)) < CLOSE_SHARE for name, share in shares.items()}
            if all(np.all(same) for same in close.values()):
                return after
            used = {name: np.where(close[name], used.get(name, 1.0), share) for name, share in shares.items()}
        return after

    def _law(self, packages: Sequence[str | Package] | None) -> tuple[PolicyTerms, UserCosts]:
        """What packages mean and what assets cost under them; remembered for those that were asked about last."""
        for asked, found in self._laws:
            if asked == packages:
                return found
        terms = self._payment.after.terms if packages is None else self._question.law_under(packages)
        found = terms, UserCosts(terms, self._question.preparation.capital)
        self._laws = [(packages, found), *self._laws[: LAWS_KEPT - 1]]
        return found

    def _law_behind(self, packages: Sequence[str | Package] | None) -> Law:
        """Which packages `_law` stands for."""
        own = _law_of(self._payment.after)
        return own if packages is None else Law(load_packages(self._question.scenario, packages))

    def _serve(self, group: _Group, before: DrawnSide, costs: YearlyCosts) -> Array:
        """What is served beside the load, MW (draws, 1): where its marginal cost meets the demand curve."""
        at_rest, _ = self._marginal(before.costs)
        start, slope = self._marginal(costs)
        price, load = at_rest * (1.0 - BELOW_PROBE), self.designs.load_mw

        def bought(served: Array) -> Array:
            paid = 1.0 - group.pass_through * (1.0 - (start + slope * served) / price)
            return load * (np.clip(paid, LEAST_PRICE_SHARE, 1.0) ** -group.elasticity - 1.0)

        low = np.zeros(start.shape)
        high = bought(low)
        for _ in range(MOST_DEMAND_STEPS):
            middle = (low + high) / 2
            more = bought(middle) > middle
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return np.where(high > LEAST_INDUCED_MW, (low + high) / 2, 0.0)

    def _marginal(self, costs: YearlyCosts) -> tuple[Array, Array]:
        """Cost of one MW more a year where nothing more is served, and its rise with each MW (draws, 1)."""
        total = [costs.of(level).min(axis=1, keepdims=True) for level in self.designs.levels]
        first, second = (level * self.designs.load_mw for level in LEVELS[1:])
        lower, upper = (total[1] - total[0]) / first, (total[2] - total[1]) / (second - first)
        slope = np.maximum((upper - lower) / (second / 2), 0.0)
        return lower - slope * first / 2, slope

    def _mixture(self, costs: YearlyCosts, served: Array) -> Built:
        """The cheapest designs that serve so much."""
        levels = self.designs.levels
        best = [costs.of(level).argmin(axis=1) for level in levels]
        steps = [level * self.designs.load_mw for level in LEVELS]
        chosen = [level.rows(number) for level, number in zip(levels, best, strict=True)]
        near = mix(chosen[0], chosen[1], served / steps[1])
        far = mix(chosen[1], chosen[2], (served - steps[1]) / (steps[2] - steps[1]))
        return choose(served[:, 0] <= steps[1], near, far)

    def _project(
        self,
        group: _Group,
        costs: YearlyCosts,
        built: Built,
        served: Array,
        terms: PolicyTerms,
        worth: Array | None = None,
    ) -> Project:
        streams = streams_of(
            self.designs.firm_energy_mwh, served * self.designs.energy_mwh_per_mw, served if worth is None else worth
        )
        return project_of(
            self._question.scenario.name, built, self.designs.capacities, group.parts, group.units, costs, terms,
            self._question.scenario.policy.start_year, streams, self._question.before.project.contract,
            self.costs.items,
        )  # fmt: skip

    def _bids(self, group: _Group, before: DrawnSide, served: Array) -> Array:
        """Mean of the bids for what is served beside the load, million yen a MWh (draws, 1)."""
        at_rest, _ = self._marginal(before.costs)
        bid = at_rest * (1.0 - BELOW_PROBE) / self.designs.energy_mwh_per_mw
        return mean_bid(bid, served, self.designs.load_mw, group.elasticity)

    def _finance(self, group: _Group, side: DrawnSide, before: DrawnSide) -> DrawnSide:
        """The side with what its design costs and earns, at the price without the package less what is passed on."""
        project = self._project(group, side.costs, side.built, side.served_mw, side.terms, side.worth)
        levelised = break_even_prices(project, group.assumptions, before.levelised)
        price = before.price - group.pass_through * (before.levelised - levelised)
        return replace(side, cash=priced_cash(project, price, group.assumptions), price=price, levelised=levelised)

    # ---- what it means

    def _measure(self, group: _Group, before: DrawnSide, after: DrawnSide, gap: Array, saving: Array) -> Answers:
        shares = self._question.campus_terms.shares
        ordinary = project_cash_flow(replace(after.cash.project, policy=self._payment.before.terms), group.assumptions)
        social = dict.fromkeys(PARTIES, shares.social_rate)

        def values(side: DrawnSide, cash: CashFlow, rates: Mapping[str, float]) -> dict[str, Array]:
            return self._values(group, side, cash, rates)

        now, then = values(after, after.cash, social), values(before, before.cash, social)
        law = values(after, ordinary, social)
        fiscal = sum(law[party] - now[party] for party in TREASURIES)
        gained = sum(now[party] - then[party] for party in GAINERS) + worth_to_users(after, shares.social_rate)
        net = sum(then[party] - now[party] for party in TREASURIES)
        own = values(after, after.cash, shares.party_rates), values(before, before.cash, shares.party_rates)
        change = {party: own[0][party] - own[1][party] for party in PARTIES}
        change["users"] = change["users"] + worth_to_users(after, shares.party_rates["users"])
        return Answers(
            fiscal_cost_myen=np.asarray(fiscal),
            windfall_share=self._windfall(group, before, after),
            induced_it_mw=after.served_mw[:, 0],
            value_of_public_funds=np.where(net > NO_COST_MYEN, gained / np.where(net > NO_COST_MYEN, net, 1.0), np.inf),
            parties_myen=np.column_stack([change[party] for party in PARTIES]),
            discount_rate=before.rate[:, 0],
            design_gap=gap,
            design_saving=saving,
        )

    def _values(self, group: _Group, side: DrawnSide, cash: CashFlow, rates: Mapping[str, float]) -> dict[str, Array]:
        terms, drawn = side.terms, side.built.import_mwh
        exempt = [item.is_exempt for item in self.costs.items]
        spared = (side.costs.prices * side.built.bought)[:, exempt].sum(axis=1, keepdims=True)
        charges = {
            "surcharge": group.units.surcharge * (1.0 - terms.surcharge_relief_share) * drawn + spared,
            "network": group.units.network_charge * (1.0 - terms.network_relief_share) * drawn,
        }
        found = values_by_party(
            cash,
            self._question.campus_terms.shares,
            rates,
            energy_charges_myen=charges,
            ratepayers_works_myen=side.built.works_myen,
        )
        return {party: value + np.zeros(len(drawn)) for party, value in found.items()}

    def _windfall(self, group: _Group, before: DrawnSide, after: DrawnSide) -> Array:
        """Share of the support that goes to what is built anyway; as `measure_support`."""
        forced = self._mixture(before.costs, after.served_mw)
        fall = np.maximum(before.factors - after.factors, 0.0) * group.units.capex
        whole = anyway = np.zeros(len(fall))
        for place, part in enumerate(group.parts):
            column = self.designs.capacities.index(part.capacity)
            amounts = [side.quantities[:, column] for side in (before.built, after.built, forced)]
            support = fall[:, place]
            if part.place == 0:
                output = after.built.output_mwh[:, column] * after.costs.production[:, column]
                support = support + np.divide(output, amounts[1], out=np.zeros(len(fall)), where=amounts[1] > 0)
            whole, anyway = _add_support(whole, anyway, support, amounts)
        relief = before.costs.charge[:, 0] - after.costs.charge[:, 0]
        drawn = [side.import_mwh[:, 0] for side in (before.built, after.built, forced)]
        whole, anyway = _add_support(whole, anyway, np.maximum(relief, 0.0), drawn)
        if not self._payment.participation.builds_without:
            return np.zeros(len(fall))
        return np.divide(anyway, whole, out=np.zeros(len(fall)), where=whole > 0)


def _law_of(side: Side) -> Law:
    return Law(side.packages, side.refused)


def _point(values: Mapping[str, float], rate: float, side: Side) -> CostPoint:
    return CostPoint(values, rate, _law_of(side), side.credit_utilisation)


def _add_support(whole: Array, anyway: Array, support: Array, amounts: Sequence[Array]) -> tuple[Array, Array]:
    without, with_policy, _ = amounts
    close = SAME_QUANTITY * np.maximum.reduce(list(amounts))
    without = np.where(np.abs(without - with_policy) <= close, with_policy, without)
    return whole + support * with_policy, anyway + support * np.minimum(without, with_policy)
