"""Designs of draws as tasks: what a pool of workers makes, and what is kept, so that none is solved twice.

A task carries the scenario and the costs of the design as plain values, some kilobytes; whoever makes it reads the
weather, and keeps the model for the next design of the same scenario. A design starts from the first one of its level:
the task says at which costs that one was made, and a worker that does not have it makes it once.

What was read is named by its content. A worker that comes to another name has read other inputs, and says so.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiban.errors import InputError, Problem
from kiban.finance.drawn_costs import CostModel
from kiban.finance.drawn_model import CostPoint, DesignModel, plain_design
from kiban.planning.falling_price import FallingPrice
from kiban.planning.preparation import prepare
from kiban.scenario.plain import plain_scenario, restore_scenario
from kiban.tasks.task import Task, digest

if TYPE_CHECKING:
    from kiban.linear.kernel.warm import WarmStart

DESIGN_FUNCTION = "kiban.finance.design_tasks:answer_design"
MODELS_AT_HAND = 2
"""Models that a process keeps: some hundred megabytes each for a year."""


@dataclass(frozen=True, slots=True)
class DesignAsked:
    """A design that serves so much beside the load at some costs, and the first of its level."""

    served_mw: float
    point: CostPoint
    start: DesignAsked | None = None
    """Where it starts; None for one that starts from nothing."""

    def plain(self) -> dict[str, Any]:
        """In plain types."""
        start = None if self.start is None else self.start.plain()
        return {"served_mw": self.served_mw, "point": self.point.plain(), "start": start}

    @property
    def name(self) -> str:
        """What it is known by among the designs of one model."""
        return digest(self.plain())

    @staticmethod
    def restore(content: Mapping[str, Any]) -> DesignAsked:
        """What `plain` wrote."""
        start, point = content["start"], CostPoint.restore(content["point"])
        begun = None if start is None else DesignAsked.restore(start)
        return DesignAsked(content["served_mw"], point, begun)


class DesignTasks:
    """Tasks for the designs of one model."""

    def __init__(self, model: DesignModel) -> None:
        preparation = model.preparation
        about = {
            "scenario": plain_scenario(preparation.scenario),
            "falling": {name: asdict(price) for name, price in preparation.falling.items()},
            "system": model.system,
            "inputs": model.inputs,
        }
        self._subject = digest(about)
        self._about = {"subject": self._subject, "folder": str(preparation.scenario.folder.absolute()), **about}

    def task(self, asked: DesignAsked) -> Task:
        """The task of a design."""
        content = asked.plain()
        return Task(DESIGN_FUNCTION, {**self._about, "asked": content}, self._subject, content)


@dataclass(frozen=True, eq=False)
class _AtHand:
    """A model, and the points that first designs left, by their name."""

    model: DesignModel
    starts: dict[str, dict[str, WarmStart]] = field(default_factory=dict)
    finding: threading.Lock = field(default_factory=threading.Lock)


_models: OrderedDict[str, _AtHand] = OrderedDict()


def answer_design(
    subject: str,
    scenario: Mapping[str, Any],
    folder: str,
    falling: Mapping[str, Mapping[str, float]],
    system: str,
    inputs: str,
    asked: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The design that is asked for, in plain types; `InputError` where this process reads other inputs."""
    known = _models.get(subject)
    if known is None:
        known = _AtHand(_read_model(scenario, folder, falling, system))
        if known.model.inputs != inputs:
            raise InputError(Problem("pool.other_inputs", known.model.preparation.scenario.name))
    _models[subject] = known
    _models.move_to_end(subject)
    while len(_models) > MODELS_AT_HAND:
        _models.popitem(last=False)
    wanted = DesignAsked.restore(asked)
    if wanted.start is None:
        return plain_design(*known.model.solve(wanted.served_mw, wanted.point, {}))
    begun = wanted.start.name
    with known.finding:
        if begun not in known.starts:
            left: dict[str, WarmStart] = {}
            known.model.solve(wanted.start.served_mw, wanted.start.point, left)
            known.starts[begun] = left
    return plain_design(*known.model.solve(wanted.served_mw, wanted.point, dict(known.starts[begun])))


def _read_model(
    scenario: Mapping[str, Any], folder: str, falling: Mapping[str, Mapping[str, float]], system: str
) -> DesignModel:
    """The model as the one who asks has it: read without the demand that is offered, and then with it."""
    given = restore_scenario(scenario).placed_in(Path(folder))
    alone = prepare(given.with_tranches(()))
    prices = {name: FallingPrice(**price) for name, price in falling.items()}
    preparation = alone.offering(given.tranche, prices)
    for one in alone.cooling_systems:
        # In this order, in which parts of the plant are read and capacities come.
        alone.resources_for(one)
    for one in preparation.cooling_systems:
        preparation.resources_for(one)
    return DesignModel(preparation, CostModel(preparation, system))
