"""Many answers: what the store holds is taken from there, the rest is made and kept at once, each one once.

Every answer goes through its text, made or kept, so that whoever reads it cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiban.tasks.calls import answer_group
from kiban.tasks.task import Key, Task, find_function, from_text, to_text

if TYPE_CHECKING:
    from kiban.tasks.pool import Pool
    from kiban.tasks.store import AnswerStore

MOST_TOGETHER = 100
"""Tasks of one group."""
GROUPS_PER_WORKER = 4
"""So many groups a worker gets at least, where there are enough tasks, so that all end at about the same time."""
NO_EDITION = ""
"""Of keys that only tell one task of a question from another, where nothing is kept."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a question is: answers that are made, those that the store held, of all; `others` are of other editions.

    An answer of another edition is no answer: it is made anew.
    """

    done: int
    held: int
    of: int
    others: int = 0


def answer_all(
    tasks: Sequence[Task],
    *,
    store: AnswerStore | None = None,
    pool: Pool | None = None,
    progress: Callable[[Standing], None] | None = None,
) -> Iterator[Any]:
    """The answers in the order of the tasks, each as soon as those before it are there.

    Without `store` nothing is kept, without `pool` this process makes them one after the other. `progress` is told of
    the standing before the first and after each. Tasks of one key are one task. Raises what the functions raise, and
    `OutputError` where the store cannot be used.
    """
    edition = NO_EDITION if store is None else store.edition
    keys = [task.key(edition) for task in tasks]
    wanted = dict(zip(keys, tasks, strict=True))
    known = {} if store is None else store.find_all(list(wanted))
    missing = {key: task for key, task in wanted.items() if key not in known}
    held = len(known)
    others = 0 if store is None else store.count_others(list(missing))
    tell = progress or (lambda standing: None)
    tell(Standing(held, held, len(wanted), others))
    place = 0
    for key, answer in _made(missing, pool):
        text = to_text(answer)
        if store is not None:
            store.keep(key, answer)
        known[key] = from_text(text)
        tell(Standing(len(known), held, len(wanted), others))
        while place < len(keys) and keys[place] in known:
            yield known[keys[place]]
            place += 1
    yield from (known[key] for key in keys[place:])


def _made(missing: dict[Key, Task], pool: Pool | None) -> Iterator[tuple[Key, Any]]:
    """Answers as they are made, by function in the order in which those come."""
    by_function: dict[str, list[Key]] = {}
    for key, task in missing.items():
        by_function.setdefault(task.function, []).append(key)
    for name, keys in by_function.items():
        arguments = [missing[key].arguments for key in keys]
        if pool is None:
            function = find_function(name)
            yield from ((key, function(**given)) for key, given in zip(keys, arguments, strict=True))
            continue
        size = group_size(len(keys), pool.width)
        groups = [{"function": name, "calls": arguments[at : at + size]} for at in range(0, len(keys), size)]
        for place, answers in pool.answer(answer_group, groups):
            yield from zip(keys[place * size : (place + 1) * size], answers, strict=True)


def group_size(count: int, width: int) -> int:
    """How many tasks are handed over as one: so many that the way is short beside the work, and none waits for long.

    What a killed worker or command had not handed back is at most a group of each worker.
    """
    return max(1, min(MOST_TOGETHER, count // (GROUPS_PER_WORKER * width)))
