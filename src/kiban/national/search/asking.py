"""At which arguments a choice of sites asks them, and how much doubt about an answer it bears."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kiban.arrays import Array
from kiban.national.search.master import Choice
from kiban.national.study.network import room
from kiban.national.study.problem import Function, Problem, point_of

MASTER_SHARE = 0.1
"""Part of the gap that a master may leave open itself."""
OWN_SHARE = 0.3
"""Part of the gap that doubts about single sites may use up together."""


def ask_of(problem: Problem, choice: Choice, number: int, which: int, function: Function) -> Array:
    """The arguments at which a choice asks a function."""
    load = np.zeros(problem.classes)
    for tranche, group in enumerate(problem.class_of):
        load[group] += choice.load_mw[number, tranche]
    shared = np.array([choice.shared_mw.get((number, name), 0.0) for name in function.model.limited])
    carbon = choice.carbon_t.get((number, which), 0.0)
    return point_of(function, load, float(choice.connection_mw[number]), shared, carbon)


def allowed_doubt(choice: Choice, gap: float) -> float:
    """How much doubt about one function a choice bears, million yen a year."""
    return gap * OWN_SHARE * max(1.0, abs(choice.objective)) / max(1, int(choice.load_mw.any(axis=1).sum()))


def hand_out(problem: Problem, choice: Choice) -> Choice:
    """The choice with what is left of every common limit shared out among open blocks by their load."""
    load = choice.load_mw.sum(axis=1)
    connection = choice.connection_mw.copy()
    within: dict[str, list[int]] = {area: [] for area in problem.areas}
    for number, block in enumerate(problem.blocks):
        if load[number] > 0 and any(function.connected for function in block.functions):
            within[problem.area_of(block)].append(number)
    left_mw = {
        area: limit.headroom_mw + choice.reinforcement_mw.get(area, 0.0) - float(connection[within[area]].sum())
        for area, limit in problem.areas.items()
    }
    left_mw = room(problem, np.where(load > 0, connection, 0.0), left_mw, choice.expansion_mw)
    for area, blocks in within.items():
        left = left_mw[area]
        for number in blocks:
            block = problem.blocks[number]
            own = problem.places[block.site].candidate.connection_mw
            most = min(problem.connection_needed_mw(block), own)
            share = left * load[number] / float(load[blocks].sum())
            connection[number] = min(max(connection[number] + max(share, 0.0), 0.0), most)
    _keep_site_limits(problem, choice, connection)
    shared = _hand_out_shared(problem, choice, load)
    carbon = dict(choice.carbon_t)
    if carbon:
        open_keys = [key for key in carbon if load[key[0]] > 0]
        for phase in range(problem.phases):
            now = [key for key in open_keys if phase in problem.blocks[key[0]].functions[key[1]].phases]
            if problem.phases == 1 and now:
                rest = problem.carbon_cap_t - sum(carbon[which] for which in now)
                whole = sum(load[which[0]] for which in now)
                for which in now:
                    carbon[which] += max(rest, 0.0) * load[which[0]] / whole
    return replace(choice, connection_mw=connection, shared_mw=shared, carbon_t=carbon)


def _hand_out_shared(problem: Problem, choice: Choice, load: Array) -> dict[tuple[int, str], float]:
    """Shared supply with what is left: a block under several limits gets no more than each can spare for it."""
    spare: dict[tuple[int, str], float] = {}
    for common in problem.shared:
        keys = [
            key
            for key in choice.shared_mw
            if key[1] == common.supply and problem.blocks[key[0]].site in common.sites and load[key[0]] > 0
        ]
        left = max(common.max_mw - sum(choice.shared_mw[key] for key in keys), 0.0)
        whole = sum(load[key[0]] for key in keys)
        for key in keys:
            spare[key] = min(spare.get(key, math.inf), left * float(load[key[0]]) / whole)
    return {key: mw + spare.get(key, 0.0) for key, mw in choice.shared_mw.items()}


def _keep_site_limits(problem: Problem, choice: Choice, connection: Array) -> None:
    """A site's own connection limit holds for all of its blocks together."""
    for site, place in enumerate(problem.places):
        own = [number for number, block in enumerate(problem.blocks) if block.site == site]
        total = float(connection[own].sum())
        if len(own) > 1 and total > place.candidate.connection_mw:
            connection[own] = choice.connection_mw[own]
