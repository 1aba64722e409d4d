"""The master: open or not, MW by tranche and site, within what the whole plan must keep.

Two masters share everything but how they know the cost of a site. The *outer* one is the relaxed master of Benders
(1962), with the cuts of Kelley (1960, J. SIAM 8, 703-712): a cost is at least every cut, so that its optimum is a
lower bound on every plan. There is a cost column for each subproblem, not one for their sum (the multicut form of
Birge and Louveaux, 1988, European J. of Operational Research 34, 384-392). The *inner* one is the restricted master
of Dantzig and Wolfe (1960, Operations Research 8, 101-111): a site builds a convex combination of designs that were
evaluated; costs are convex, so that its optimum is an upper bound, and it can be priced anew without a single
solve. Geoffrion (1970, Management Science 16, 652-675) calls the two outer and inner linearisation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from kiban.arrays import Array
from kiban.national.search.mixed_integer import Answer, MixedInteger, Term
from kiban.national.search.subproblem import Point, Points
from kiban.national.search.transport import net_import
from kiban.national.study.problem import NationalProblem

Kind = Literal["outer", "inner"]

COST_LOW = -1e7
"""Lower bound on the cost of a subproblem without a cut, million yen a year."""
SMALL_MW = 1e-5
"""A load below it is rounding of the solver."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A solved master: what is open, how much of each tranche, and the limits that each block gets.

    `open` has shape (sites, phases), `load_mw` (blocks, tranches), `connection_mw` (blocks,);
    `shared_mw` by block and supply; `carbon_t` by block and subproblem; `reinforcement_mw` by area,
    `expansion_mw` by interconnector. `objective` is what the master says it costs, `bound` what is proven.
    """

    open: Array
    load_mw: Array
    connection_mw: Array
    shared_mw: dict[tuple[int, str], float]
    carbon_t: dict[tuple[int, int], float]
    reinforcement_mw: dict[str, float]
    objective: float
    bound: float
    expansion_mw: dict[str, float] = field(default_factory=dict)

    @property
    def sites(self) -> frozenset[int]:
        """Numbers of the sites that serve load."""
        return frozenset(int(site) for site in np.flatnonzero(self.open[:, -1] > 0.5))


@dataclass(slots=True)
class Master:
    """The rows and columns of a master under construction; `rows` holds the numbers of its limits by name.

    `annual` holds those of the limits by year, by the limit's id and the year.
    """

    problem: NationalProblem
    kind: Kind
    model: MixedInteger = field(default_factory=MixedInteger)
    opens: dict[tuple[int, int], int] = field(default_factory=dict)
    loads: dict[tuple[int, int], int] = field(default_factory=dict)
    connections: dict[int, int] = field(default_factory=dict)
    shared: dict[tuple[int, str], int] = field(default_factory=dict)
    carbon: dict[tuple[int, int], int] = field(default_factory=dict)
    reinforcements: dict[str, int] = field(default_factory=dict)
    expansions: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    annual: dict[tuple[str, int], int] = field(default_factory=dict)
    costs: list[Term] = field(default_factory=list)
    slacks: dict[str, int] = field(default_factory=dict)

    def solve(self, *, relative_gap: float, seconds: float = 60.0, enough: float = -math.inf) -> Choice | None:
        """The master's choice, or None where nothing satisfies its rows; one that costs at most `enough` will do."""
        answer = self.model.solve(relative_gap=relative_gap, seconds=seconds, enough=enough)
        return None if answer.status != "optimal" else self._read(answer)

    def hold_open(self, choice: Choice) -> None:
        """Hold the sites of a choice open and no others: all that is left is continuous, and has prices."""
        for key, column in self.opens.items():
            self.model.lower[column] = self.model.upper[column] = float(choice.open[key])
        self.model.whole = [False] * len(self.model.whole)

    def _read(self, answer: Answer) -> Choice:
        problem, values = self.problem, answer.values
        opened = np.zeros((len(problem.places), problem.phases))
        for key, column in self.opens.items():
            opened[key] = round(values[column])
        load = np.zeros((len(problem.blocks), len(problem.tranches)))
        for key, column in self.loads.items():
            load[key] = values[column] if values[column] > SMALL_MW else 0.0
        connection = np.zeros(len(problem.blocks))
        for block, column in self.connections.items():
            connection[block] = max(values[column], 0.0)
        return Choice(
            open=opened,
            load_mw=load,
            connection_mw=connection,
            shared_mw={key: max(float(values[column]), 0.0) for key, column in self.shared.items()},
            carbon_t={key: max(float(values[column]), 0.0) for key, column in self.carbon.items()},
            reinforcement_mw={area: max(float(values[column]), 0.0) for area, column in self.reinforcements.items()},
            objective=answer.objective,
            bound=answer.bound,
            expansion_mw={name: max(float(values[column]), 0.0) for name, column in self.expansions.items()},
        )


def write_master(
    problem: NationalProblem,
    points: Points,
    kind: Kind,
    *,
    price: Callable[[Point], float] | None = None,
    closed: Collection[int] = (),
    elastic: Collection[str] = (),
) -> Master:
    """The master of a problem. `price` gives points other costs (inner only); `closed` sites stay shut.

    `elastic` names the rows that may give way, each by a slack column without cost:
    `demand.TRANCHE`, `budget`, `carbon`, `headroom.AREA`, `max_area_share`, `max_sites`, `shared.ID`,
    `survival.TRANCHE`, `spare_supply.AREA`, `interconnector.ID`, `build_limit.ID`.
    """
    master = Master(problem, kind)
    _add_sites(master, closed)
    _add_loads(master)
    _add_limits_of_blocks(master)
    if kind == "outer":
        _add_cuts(master, points)
    else:
        _add_designs(master, points, price)
    _add_demand(master, elastic)
    _add_areas(master, elastic)
    _add_network(master, elastic)
    _add_shared(master, elastic)
    _add_annual_limits(master, elastic)
    _add_carbon(master, elastic)
    _add_concentration(master, elastic)
    _add_survival(master, elastic)
    for column, coefficient in master.costs:
        master.model.cost[column] += coefficient
    if math.isfinite(problem.budget_myen):
        paid = [(column, problem.income_per_mw(*key)) for key, column in master.loads.items()]
        _row(master, [*master.costs, *paid], "budget", elastic, upper=problem.budget_myen)
    return master


def solve_masters(
    problem: NationalProblem, cuts: Points, designs: Points, gap: float
) -> tuple[Choice | None, Choice | None]:
    """What cuts propose (outer) and what designs promise (inner), side by side: HiGHS leaves the interpreter free."""
    with ThreadPoolExecutor(2) as executor:
        outer = executor.submit(write_master(problem, cuts, "outer").solve, relative_gap=gap)
        inner = executor.submit(write_master(problem, designs, "inner").solve, relative_gap=gap)
        return outer.result(), inner.result()


def _row(master: Master, terms: list[Term], name: str, elastic: Collection[str], **limit: float) -> None:
    """A row that gives way where it is elastic."""
    if name in elastic:
        if name not in master.slacks:
            master.slacks[name] = master.model.add_column()
        terms = [*terms, (master.slacks[name], -1.0 if "upper" in limit else 1.0)]
    master.rows.setdefault(name, []).append(master.model.add_row(terms, **limit))


def _add_sites(master: Master, closed: Collection[int]) -> None:
    """Open or not by phase; a site stays open."""
    problem, model = master.problem, master.model
    for site, place in enumerate(problem.places):
        least = 1.0 if place.candidate.must_open else 0.0
        for phase in range(problem.phases):
            last = phase == problem.phases - 1
            column = model.add_column(
                lower=least if last and site not in closed else 0.0, upper=0.0 if site in closed else 1.0, whole=True
            )
            master.opens[site, phase] = column
            fixed = place.candidate.fixed_cost_myen_per_year * float(problem.phase_weights[phase])
            master.costs.append((column, fixed))
            if phase:
                model.add_row([(column, 1.0), (master.opens[site, phase - 1], -1.0)], lower=0.0)


def _add_loads(master: Master) -> None:
    """MW by block and tranche, where the site is near enough, within the size of the site."""
    problem, model = master.problem, master.model
    for number, block in enumerate(problem.blocks):
        for tranche in range(len(problem.tranches)):
            if problem.may_serve(block, tranche):
                column = model.add_column()
                master.loads[number, tranche] = column
                master.costs.append((column, problem.tranche_cost(block, tranche)))
    for site, place in enumerate(problem.places):
        for phase in range(problem.phases):
            built = [
                (column, 1.0)
                for (number, _), column in master.loads.items()
                if problem.blocks[number].site == site and problem.blocks[number].phase <= phase
            ]
            opened = master.opens[site, phase]
            model.add_row([*built, (opened, -place.candidate.max_mw)], upper=0.0)
            model.add_row([*built, (opened, -min(place.candidate.min_mw, place.candidate.max_mw))], lower=0.0)


def _add_limits_of_blocks(master: Master) -> None:
    """Connection, shared supply and carbon that each block gets."""
    problem, model = master.problem, master.model
    for number, block in enumerate(problem.blocks):
        candidate = problem.places[block.site].candidate
        most = min(problem.connection_needed_mw(block), candidate.connection_mw)
        if any(subproblem.connected for subproblem in block.subproblems):
            master.connections[number] = model.add_column(upper=most)
        for name in sorted({name for subproblem in block.subproblems for name in subproblem.model.limited}):
            master.shared[number, name] = model.add_column(upper=problem.most_shared_mw(block, name))
        for which, subproblem in enumerate(block.subproblems):
            if subproblem.model.has_carbon:
                master.carbon[number, which] = model.add_column(upper=problem.carbon_cap_t)
    for site, place in enumerate(problem.places):
        columns = [
            (column, 1.0) for number, column in master.connections.items() if problem.blocks[number].site == site
        ]
        if len(columns) > 1 and math.isfinite(place.candidate.connection_mw):
            model.add_row(columns, upper=place.candidate.connection_mw)


def linking_columns(master: Master, number: int, which: int) -> list[list[int]]:
    """The columns whose sums are the linking variables of a subproblem, in the order of its z."""
    problem = master.problem
    subproblem = problem.blocks[number].subproblems[which]
    columns: list[list[int]] = [
        [
            column
            for (block, tranche), column in master.loads.items()
            if block == number and problem.class_of[tranche] == group
        ]
        for group in range(problem.classes)
    ]
    columns.append([master.connections[number]] if subproblem.connected else [])
    columns += [[master.shared[number, name]] for name in subproblem.model.limited]
    if subproblem.model.has_carbon:
        columns.append([master.carbon[number, which]])
    return columns


def _add_cuts(master: Master, points: Points) -> None:
    """Outer linearisation: the cost of each subproblem is at least each of its cuts.

    A closed site costs nothing, so that the height of a cut at no load counts as far as the site is open: the
    perspective of the cut (Frangioni and Gentile, 2006, Mathematical Programming 106, 225-236), which is the same for a
    site that is open and much higher for one that is open in part.
    """
    problem, model = master.problem, master.model
    for number, which, subproblem in problem.subproblems():
        columns = linking_columns(master, number, which)
        cuts = [point for point in points.get((number, which), ()) if point.has_cut]
        cost = model.add_column(lower=COST_LOW if not cuts else 0.0)
        master.costs.append((cost, subproblem.weight))
        opened = master.opens[problem.blocks[number].site, problem.blocks[number].phase]
        for point in cuts:
            terms = [(cost, 1.0)]
            for linking, slope in zip(columns, point.slope, strict=True):
                terms += [(column, -float(slope)) for column in linking]
            height = point.bound_myen - float(point.slope @ point.z)
            model.add_row([*terms, (opened, -height)], lower=0.0)


def _add_designs(master: Master, points: Points, price: Callable[[Point], float] | None) -> None:
    """Inner linearisation: each subproblem of an open site builds a convex combination of its designs."""
    problem, model = master.problem, master.model
    for number, which, subproblem in problem.subproblems():
        designs = points.get((number, which), ())
        mixture = [model.add_column() for _ in designs]
        for column, point in zip(mixture, designs, strict=True):
            cost = point.cost_myen if price is None else price(point)
            master.costs.append((column, subproblem.weight * cost))
        opened = master.opens[problem.blocks[number].site, problem.blocks[number].phase]
        model.add_row([*((column, 1.0) for column in mixture), (opened, -1.0)], upper=0.0)
        for place, linking in enumerate(linking_columns(master, number, which)):
            if not linking:
                continue
            # More load than the master gives and less of a limit are allowed: both cost no more.
            sign = 1.0 if place < problem.classes else -1.0
            terms = [(column, -sign) for column in linking]
            terms += [
                (column, sign * float((point.z if place < problem.classes else point.used)[place]))
                for column, point in zip(mixture, designs, strict=True)
            ]
            model.add_row(terms, lower=0.0)


def _add_demand(master: Master, elastic: Collection[str]) -> None:
    problem = master.problem
    for tranche, terms in enumerate(problem.tranches):
        for phase in range(problem.phases):
            served = [
                (column, problem.blocks[number].gain)
                for (number, which), column in master.loads.items()
                if which == tranche and problem.blocks[number].phase <= phase
            ]
            demand = float(problem.demand_mw[tranche, phase])
            if terms.must_serve:
                _row(master, served, f"demand.{terms.id}", elastic, lower=demand)
            else:
                master.model.add_row(served, upper=demand)


def _add_areas(master: Master, elastic: Collection[str]) -> None:
    """Connection of all sites of an area within its headroom and what is added to it."""
    problem, model = master.problem, master.model
    for area, limit in problem.areas.items():
        columns = [
            (column, 1.0)
            for number, column in master.connections.items()
            if problem.places[problem.blocks[number].site].candidate.area == area
        ]
        if not columns:
            continue
        if limit.reinforcement_mw > 0:
            added = model.add_column(upper=limit.reinforcement_mw)
            master.reinforcements[area] = added
            master.costs.append((added, limit.reinforcement_myen_per_mw))
            columns.append((added, -1.0))
        _row(master, columns, f"headroom.{area}", elastic, upper=limit.headroom_mw)


def _add_network(master: Master, elastic: Collection[str]) -> None:
    """What the sites of an area may draw within what it can spare and what interconnectors bring."""
    problem, model, network = master.problem, master.model, master.problem.network
    if network is None:
        return
    flows: dict[tuple[str, str, int], int] = {}
    for link in network.links:
        if link.expansion_mw > 0:
            master.expansions[link.id] = added = model.add_column(upper=link.expansion_mw)
            master.costs.append((added, link.expansion_myen_per_mw))
        for phase in range(problem.phases):
            for way, limits in (("forward", link.forward_mw), ("reverse", link.reverse_mw)):
                column = flows[link.id, way, phase] = model.add_column()
                more = [(master.expansions[link.id], -1.0)] if link.expansion_mw > 0 else []
                _row(master, [(column, 1.0), *more], f"interconnector.{link.id}", elastic, upper=limits[phase])
    for area, spare in network.spare_mw.items():
        for phase in range(problem.phases):
            draws = [
                (column, 1.0)
                for number, column in master.connections.items()
                if problem.area_of(problem.blocks[number]) == area and problem.draws_in(problem.blocks[number], phase)
            ]
            taken = [(column, -sign) for column, sign in net_import(network, flows, area, phase)]
            if draws or taken:
                _row(master, [*draws, *taken], f"spare_supply.{area}", elastic, upper=spare)


def _add_shared(master: Master, elastic: Collection[str]) -> None:
    for limit in master.problem.shared:
        columns = [
            (column, 1.0)
            for (number, name), column in master.shared.items()
            if name == limit.supply and master.problem.blocks[number].site in limit.sites
        ]
        if columns:
            _row(master, columns, f"shared.{limit.id}", elastic, upper=limit.max_mw)


def _add_annual_limits(master: Master, elastic: Collection[str]) -> None:
    """People and goods of each year within what there is; one row for each year, under `build_limit.ID`.

    An elastic limit gives way by the same in all of its years.
    """
    problem = master.problem
    for limit in problem.annual_limits:
        for year, available in limit.available.items():
            taken = [
                (column, need)
                for (number, _), column in master.loads.items()
                if (need := problem.need_per_mw(limit, problem.blocks[number], year)) > 0
            ]
            if taken:
                _row(master, taken, f"build_limit.{limit.id}", elastic, upper=available)
                master.annual[limit.id, year] = master.rows[f"build_limit.{limit.id}"][-1]


def _add_carbon(master: Master, elastic: Collection[str]) -> None:
    problem = master.problem
    if not math.isfinite(problem.carbon_cap_t):
        return
    for phase in range(problem.phases):
        columns = [
            (master.carbon[number, which], 1.0)
            for number, which, subproblem in problem.subproblems()
            if phase in subproblem.phases
        ]
        _row(master, columns, "carbon", elastic, upper=problem.carbon_cap_t)


def _add_concentration(master: Master, elastic: Collection[str]) -> None:
    """No area above a share of the load, in any phase; not more sites than allowed."""
    problem = master.problem
    if problem.max_area_share < 1.0:
        for phase in range(problem.phases):
            built = {
                column: problem.places[problem.blocks[number].site].candidate.area
                for (number, _), column in master.loads.items()
                if problem.blocks[number].phase <= phase
            }
            for area in problem.areas:
                terms = [(column, float(where == area) - problem.max_area_share) for column, where in built.items()]
                _row(master, terms, "max_area_share", elastic, upper=0.0)
    if problem.max_sites is not None:
        last = problem.phases - 1
        terms = [(column, 1.0) for (_, phase), column in master.opens.items() if phase == last]
        _row(master, terms, "max_sites", elastic, upper=float(problem.max_sites))


def _add_survival(master: Master, elastic: Collection[str]) -> None:
    """Without any one area, the servers elsewhere still carry what must survive, whatever they did before."""
    problem, model = master.problem, master.model
    surviving = [n for n, tranche in enumerate(problem.tranches) if tranche.survival_share > 0 and tranche.must_serve]
    areas = {place.candidate.area for place in problem.places}
    for phase in range(problem.phases):
        for area in sorted(areas) if surviving else ():
            moved: dict[int, list[Term]] = {tranche: [] for tranche in surviving}
            for number, block in enumerate(problem.blocks):
                if problem.places[block.site].candidate.area == area or block.phase > phase:
                    continue
                servers = [(column, -1.0) for (other, _), column in master.loads.items() if other == number]
                flows: list[Term] = []
                for tranche in surviving:
                    if problem.serves[block.site, tranche]:
                        flow = model.add_column()
                        flows.append((flow, 1.0))
                        moved[tranche].append((flow, block.gain))
                if flows:
                    model.add_row([*flows, *servers], upper=0.0)
            for tranche in surviving:
                terms = problem.tranches[tranche]
                needed = terms.survival_share * float(problem.demand_mw[tranche, phase])
                _row(master, moved[tranche], f"survival.{terms.id}", elastic, lower=needed)
