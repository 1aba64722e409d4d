"""The same national problem, changed: under a policy, with more or other demand, with fewer sites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from kiban.national.study.problem import Block, NationalProblem, Subproblem
from kiban.national.study.site_model import SiteModel, at_costs
from kiban.planning.after_tax import under_policy
from kiban.policy.capital import CapitalTerms
from kiban.policy.terms import PolicyTerms
from kiban.scenario.national import Tranche


def under_terms(
    problem: NationalProblem,
    terms_of: Callable[[str], PolicyTerms],
    capital: CapitalTerms,
    credit_utilisation: Callable[[str], Mapping[str, float]],
) -> NationalProblem:
    """A problem before tax at the costs that hold under a policy, whose terms are given by name of a block.

    `credit_utilisation` gives of a block, by asset class, the share of its credits that the owner can use. A block is
    ordered as many years after the start year as its phase comes after the first, and what waits for a connection so
    much later again.
    """

    def taxed(model: SiteModel, block: Block, connected: bool) -> SiteModel:
        name, after = problem.name_of(block), problem.years_after_first(block)
        own = replace(capital, start_year=capital.start_year + after) if after else capital
        costs = under_policy(model.resources, terms_of(name), own, credit_utilisation(name))
        waits = problem.waiting_years(block) if connected else 0
        if waits:
            later = replace(own, start_year=own.start_year + waits)
            plant = under_policy(model.resources, terms_of(name), later, credit_utilisation(name))
            costs = replace(
                plant,
                assets={**plant.assets, "it": costs.assets["it"]},
                it_annual_costs_myen_per_mw=costs.it_annual_costs_myen_per_mw,
            )
        return at_costs(model, costs)

    def of_block(block: Block) -> Block:
        subproblems = (replace(one, model=taxed(one.model, block, one.connected)) for one in block.subproblems)
        return replace(block, subproblems=tuple(subproblems))

    return replace(problem, blocks=tuple(of_block(block) for block in problem.blocks))


def offering(
    problem: NationalProblem, more: Sequence[tuple[int, Tranche]], built_in: Sequence[int | None] = ()
) -> NationalProblem:
    """The problem with further tranches on offer, each of the class and reach of a tranche that it has already.

    `built_in` is the phase whose blocks alone may serve each of them.
    """
    parents = [parent for parent, _ in more]
    offered = tuple(tranche for _, tranche in more)
    demand = [[tranche.load_mw(phase) for phase in range(problem.phases)] for tranche in offered]
    return replace(
        problem,
        tranches=(*problem.tranches, *offered),
        class_of=(*problem.class_of, *(problem.class_of[parent] for parent in parents)),
        demand_mw=np.concatenate([problem.demand_mw, np.reshape(demand, (len(offered), problem.phases))]),
        latency_ms=np.concatenate([problem.latency_ms, problem.latency_ms[:, parents]], axis=1),
        serves=np.concatenate([problem.serves, problem.serves[:, parents]], axis=1),
        built_in=(*_built_in(problem), *(built_in or (None,) * len(more))),
    )


def without_offers(problem: NationalProblem, count: int) -> NationalProblem:
    """The problem with its first tranches alone."""
    return replace(
        problem,
        tranches=problem.tranches[:count],
        class_of=problem.class_of[:count],
        demand_mw=problem.demand_mw[:count],
        latency_ms=problem.latency_ms[:, :count],
        serves=problem.serves[:, :count],
        built_in=problem.built_in[:count],
    )


def _built_in(problem: NationalProblem) -> tuple[int | None, ...]:
    return problem.built_in or (None,) * len(problem.tranches)


def with_more(problem: NationalProblem, tranche: int, phase: int, more_mw: float) -> NationalProblem:
    """The problem with more of a tranche from a phase on."""
    demand = problem.demand_mw.copy()
    demand[tranche, phase:] += more_mw
    return replace(problem, demand_mw=demand)


def serving(problem: NationalProblem, served_mw: Mapping[str, Sequence[float]]) -> NationalProblem:
    """The problem in which so much of each tranche must be served in each phase, no more and no less."""
    tranches = tuple(
        tranche if tranche.must_serve else tranche.model_copy(update={"must_serve": True})
        for tranche in problem.tranches
    )
    demand = np.array([served_mw.get(tranche.id, (0.0,) * problem.phases) for tranche in tranches])
    return replace(problem, tranches=tranches, demand_mw=demand)


def only(problem: NationalProblem, sites: Collection[int]) -> NationalProblem:
    """The problem without the other sites: they serve nothing, and cost nothing to ask about."""
    kept = sorted(sites)
    numbers = {site: number for number, site in enumerate(kept)}
    blocks = tuple(replace(block, site=numbers[block.site]) for block in problem.blocks if block.site in numbers)
    return replace(
        problem,
        places=tuple(problem.places[site] for site in kept),
        blocks=blocks,
        shared=tuple(
            replace(limit, sites=tuple(numbers[site] for site in limit.sites if site in numbers))
            for limit in problem.shared
        ),
        annual_limits=tuple(
            replace(limit, sites=frozenset(numbers[site] for site in limit.sites if site in numbers))
            for limit in problem.annual_limits
        ),
        latency_ms=problem.latency_ms[kept],
        serves=problem.serves[kept],
    )


def energy_per_mw(problem: NationalProblem, tranche: int) -> float:
    """IT energy of a MW of a tranche, MWh a year."""
    subproblems: list[Subproblem] = [subproblem for block in problem.blocks for subproblem in block.subproblems]
    model, group = subproblems[0].model, problem.class_of[tranche]
    return float((model.firm[group] + model.arrivals[group]).sum()) * model.resources.step_weight_h
