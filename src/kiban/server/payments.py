"""Who pays, asked of PAY: packages by name or as JSON, and questions that are kept for the next one like them.

A question holds the inputs of a scenario and its side without the packages, so that another rate costs two plans
instead of all, and these start from the last ones. One who asks takes the question, and gives it back afterwards: who
asks the same meanwhile gets another one, so that nobody waits for anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kiban.finance.joint_draws import with_draws
from kiban.finance.paying import InfeasibleError, Question
from kiban.finance.public_risk import DRAWS
from kiban.progress import Report, say_nothing
from kiban.report.payment.document import PaymentDocument, payment_document
from kiban.scenario import Scenario
from kiban.scenario.package import Package, load_package, package_names, parse_package
from kiban.server.packing import plan_id
from kiban.server.problems import refuse
from kiban.tasks.store import AnswerStore

REMEMBERED_QUESTIONS = 3
Key = tuple[str, str]


class Questions:
    """Questions that nobody asks at the moment, the one asked last at the end; at most so many."""

    def __init__(self, most: int = REMEMBERED_QUESTIONS) -> None:
        self.most = most
        self._idle: list[tuple[Key, Question]] = []
        self._lock = threading.Lock()

    @contextmanager
    def about(self, scenario: Scenario, against: Package) -> Iterator[Question]:
        """The question about a scenario and what its packages are compared with, for one who asks alone."""
        key = (plan_id(scenario), against.name)
        question = self._take(key) or Question(scenario, against=(against,))
        try:
            yield question
        finally:
            with self._lock:
                self._idle.append((key, question))
                del self._idle[: -self.most]

    def _take(self, key: Key) -> Question | None:
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] == key:
                    return self._idle.pop(place)[1]
        return None


QUESTIONS = Questions()
"""Those of this process."""


def ask(
    scenario: Scenario,
    packages: Sequence[Package],
    against: Package,
    report: Report = say_nothing,
    *,
    downside: bool = True,
    draws: int | None = None,
    short: bool = False,
    store: AnswerStore | None = None,
    questions: Questions = QUESTIONS,
) -> PaymentDocument:
    """Who pays for packages; without `downside` what the treasuries may lose is not simulated.

    With `draws` what is assumed is drawn as often, with the scenario's seed; `store` keeps their designs. `short`
    leaves out the tables in words and what they alone show.
    """
    try:
        with questions.about(scenario, against) as question:
            found = question.pay(packages, report=report, draws=DRAWS if downside else None)
            if draws is not None:
                found = with_draws(question, found, draws=draws, seed=scenario.seed, report=report, store=store)
    except InfeasibleError:
        raise refuse("scenario", "no_design") from None
    return payment_document(found, short=short)


def read_packages(packages: Sequence[Mapping[str, Any] | str], rates: Mapping[str, float]) -> list[Package]:
    """Packages by name, never by file, or as JSON; `rates` moves the only instrument of a package of that name."""
    chosen = []
    for given in packages:
        if isinstance(given, str):
            if given not in package_names():
                raise refuse("scenario", "no_package", path="packages", name=given)
            read = load_package(given)
        else:
            read = parse_package(given, where="")
        chosen.append(read.scaled(rates[read.name]) if read.name in rates else read)
    return chosen
