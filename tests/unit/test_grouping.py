"""What is written in groups: in order, once, each item's fault its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from kiban.server.grouping import GroupWriter


class Disk:
    """Writes groups when it is let; refuses those that hold `bad`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.may_write = threading.Event()

    def write(self, items: Sequence[str]) -> None:
        assert self.may_write.wait(10)
        if "bad" in items:
            raise OSError("no room")
        self.groups.append(list(items))


def test_what_comes_while_a_group_is_written_goes_together_and_in_order() -> None:
    disk = Disk()
    writer = GroupWriter(disk.write, "test")
    written = [writer.add(name) for name in "abcde"]
    after = writer.after_writes(lambda: [name for group in disk.groups for name in group])
    assert not any(done.done() for done in written)
    disk.may_write.set()
    assert after.result(10) == list("abcde")
    assert all(done.done() for done in written)
    assert len(disk.groups) <= 2
    writer.close()


def test_an_item_that_cannot_be_written_keeps_no_other_from_it() -> None:
    disk = Disk()
    writer = GroupWriter(disk.write, "test")
    first = writer.add("first")
    good, bad, last = writer.add("good"), writer.add("bad"), writer.add("last")
    disk.may_write.set()
    for done in (first, good, last):
        assert done.result(10) is None
    with pytest.raises(OSError, match="no room"):
        bad.result(10)
    assert sorted(name for group in disk.groups for name in group) == ["first", "good", "last"]
    writer.close()


def test_what_waits_is_written_before_the_end() -> None:
    disk = Disk()
    writer = GroupWriter(disk.write, "test")
    written = [writer.add(str(number)) for number in range(20)]
    threading.Timer(0.05, disk.may_write.set).start()
    writer.close()
    assert all(done.done() for done in written)
    assert [name for group in disk.groups for name in group] == [str(number) for number in range(20)]
