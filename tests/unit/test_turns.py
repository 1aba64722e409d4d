"""Whose job comes next: owners take turns, and the whole order is the one in which jobs are claimed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiban.server.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/kiban.sqlite3")
    yield opened
    opened.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by a second whenever it is asked."""
    ticks = iter(range(1_000_000))
    monkeypatch.setattr("time.time", lambda: float(next(ticks)))


def queue(store: Store, owner: str) -> str:
    return store.add_job("plan", "x", owner, b"", {})


def claim_all(store: Store) -> list[str]:
    claimed = []
    while (row := store.claim_job("server")) is not None:
        claimed.append(str(row["id"]))
    return claimed


def positions(store: Store, names: list[str]) -> list[int]:
    return [store.position(row) for row in map(store.look_at_job, names) if row is not None]


@pytest.mark.usefixtures("clock")
def test_one_who_queues_a_hundred_does_not_keep_others_waiting(store: Store) -> None:
    hog = [queue(store, "hog") for _ in range(100)]
    assert store.claim_job("server") is not None
    mine, other = queue(store, "me"), queue(store, "other")
    assert positions(store, [mine, other, *hog[1:3]]) == [0, 1, 2, 3]
    assert claim_all(store)[:4] == [mine, other, hog[1], hog[2]]


@pytest.mark.usefixtures("clock")
def test_owners_are_served_one_after_the_other(store: Store) -> None:
    jobs = {owner: [queue(store, owner) for _ in range(3)] for owner in ("a", "b", "c")}
    claimed = claim_all(store)
    assert claimed == [jobs[owner][number] for number in range(3) for owner in ("a", "b", "c")]


@pytest.mark.usefixtures("clock")
def test_who_was_served_longest_ago_comes_first_whoever_asked_first(store: Store) -> None:
    queue(store, "a")
    queue(store, "b")
    claim_all(store)  # a was served before b
    b, a, new = queue(store, "b"), queue(store, "a"), queue(store, "new")
    assert claim_all(store) == [new, a, b]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("seed", range(5))
def test_the_positions_are_the_order_of_claims_whoever_queued_when(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    names = [queue(store, chance.choice("aaaabbc")) for _ in range(30)]
    for _ in range(5):
        row = store.claim_job("server")
        assert row is not None
        names.remove(row["id"])
    names += [queue(store, chance.choice("abcd")) for _ in range(10)]
    assert sorted(positions(store, names)) == list(range(len(names)))
    foretold = [name for _, name in sorted(zip(positions(store, names), names, strict=True))]
    assert claim_all(store) == foretold
