"""The journal: chained lines, a torn end that is recognised, and nothing that was changed unseen."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiban.errors import OutputError
from kiban.operation.live.journal import ORIGIN, BrokenJournalError, JournalFile, load_journal, read_journal, write_line

CONTENTS = st.dictionaries(
    st.text(max_size=5), st.integers() | st.text(max_size=9) | st.floats(allow_nan=False, allow_infinity=False)
)


def lines_of(*contents: dict[str, object]) -> bytes:
    written, previous = b"", ORIGIN
    for number, content in enumerate(contents, start=1):
        line, previous = write_line(number, "step", content, previous)
        written += line
    return written


@given(st.lists(CONTENTS, min_size=1, max_size=6), st.data())
def test_whatever_is_cut_off_leaves_whole_lines_and_a_torn_one(
    contents: list[dict[str, object]], data: st.DataObject
) -> None:
    whole = lines_of(*contents)
    cut = data.draw(st.integers(0, len(whole)))
    found = read_journal(whole[:cut])
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    assert len(found.entries) == sum(end <= cut for end in ends)
    assert found.whole_bytes + found.torn_bytes == cut
    assert [entry.content for entry in found.entries] == contents[: len(found.entries)]


@given(st.lists(CONTENTS, min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_found(contents: list[dict[str, object]], data: st.DataObject) -> None:
    whole = bytearray(lines_of(*contents))
    place = data.draw(st.integers(0, len(whole) - 2))
    whole[place] ^= data.draw(st.sampled_from([1, 2, 4, 64]))
    with pytest.raises(BrokenJournalError):
        read_journal(bytes(whole))


def test_a_line_that_is_taken_out_is_found() -> None:
    first, second, third = lines_of({"a": 1}, {"a": 2}, {"a": 3}).splitlines(keepends=True)
    with pytest.raises(BrokenJournalError) as caught:
        read_journal(first + third)
    assert caught.value.line == 2
    assert len(read_journal(first + second).entries) == 2


def test_a_journal_in_which_nothing_was_written_is_not_left_behind(tmp_path: Path) -> None:
    made, there = tmp_path / "made.jsonl", tmp_path / "there.jsonl"
    there.touch()
    for path in (made, there):
        JournalFile(path).close()
    assert (made.exists(), there.exists()) == (False, True)
    with JournalFile(made) as journal:
        journal.append("begun", {})
    assert len(load_journal(made).entries) == 1
    JournalFile(made).close()
    assert made.exists()


def test_a_line_of_another_journal_does_not_fit() -> None:
    """A whole line with the right number, but behind another one."""
    first, _ = lines_of({"a": 1}, {"a": 2}).splitlines(keepends=True)
    _, other = lines_of({"a": 7}, {"a": 2}).splitlines(keepends=True)
    with pytest.raises(BrokenJournalError):
        read_journal(first + other)


def test_a_file_goes_on_where_it_ends_and_drops_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with JournalFile(path) as journal:
        journal.append("begun", {"a": 1})
        journal.append("step", {"a": 2})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"number":3,"kind":"st')
    with JournalFile(path) as journal:
        assert journal.found.torn_bytes == 22
        assert path.read_bytes() == whole
        journal.append("step", {"a": 3})
    found = load_journal(path)
    assert [(entry.number, entry.content["a"]) for entry in found.entries] == [(1, 1), (2, 2), (3, 3)]
    assert all(
        json.loads(line)["hash"] == entry.hash
        for line, entry in zip(path.read_bytes().splitlines(), found.entries, strict=True)
    )


def test_only_one_process_writes(tmp_path: Path) -> None:
    with JournalFile(tmp_path / "journal"), pytest.raises(OutputError, match="being written by another"):
        JournalFile(tmp_path / "journal")
    JournalFile(tmp_path / "journal").close()


def test_what_the_disk_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    with JournalFile(path) as journal:
        journal.append("begun", {"a": 1})
        whole = path.read_bytes()

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(OutputError, match="cannot be written"):
                journal.append("step", {"a": 2})
        assert path.read_bytes() == whole
        journal.append("step", {"a": 3})
    assert [entry.content["a"] for entry in load_journal(path).entries] == [1, 3]


def test_a_journal_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        load_journal(tmp_path / "none")
