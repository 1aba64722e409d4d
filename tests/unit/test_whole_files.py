"""Files that are there whole or not at all: names that are taken, full disks, kills, and what they leave."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kiban
from kiban import whole_files
from kiban.whole_files import nearest_folder, sweep, write_whole

SOURCE = Path(kiban.__file__).parents[1]
FOLDER = {"a.txt": b"one", "deep/er/b.txt": b"two", "deep/c.txt": b"three"}


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_file_and_a_folder_are_written(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "a", b"x" * 3_000_000) == tmp_path / "a"
    assert (tmp_path / "a").read_bytes() == b"x" * 3_000_000
    write_whole(tmp_path / "far" / "off" / "b", FOLDER, make_parents=True)
    assert {name: (tmp_path / "far/off/b" / name).read_bytes() for name in FOLDER} == FOLDER
    assert names(tmp_path) == {"a", "far", "far/off", *(f"far/off/b{end}" for end in (
        "", "/a.txt", "/deep", "/deep/er", "/deep/er/b.txt", "/deep/c.txt"))}  # fmt: skip
    write_whole(tmp_path / "empty", b"")
    assert (tmp_path / "empty").read_bytes() == b""


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_mask_says_who_may_read(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", b"")
        write_whole(tmp_path / "folder", {"a": b""})
    finally:
        os.umask(before)
    found = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "folder", "folder/a")]
    assert found == [0o666 & ~mask, 0o777 & ~mask, 0o666 & ~mask]


def test_what_is_for_its_owner_only_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    fsync = os.fsync
    monkeypatch.setattr("kiban.whole_files.os.fsync", lambda handle: (seen.append(os.fstat(handle)), fsync(handle)))
    before = os.umask(0)
    try:
        write_whole(tmp_path / "key", b"secret", only_owner=True)
        write_whole(tmp_path / "keys", {"a": b""}, only_owner=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(seen[0].st_mode) == 0o600
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("key", "keys")] == [0o600, 0o700]


@pytest.mark.parametrize("content", [b"new", {"a": b"new"}], ids=["file", "folder"])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
def test_a_name_that_is_taken_is_left_as_it_is(tmp_path: Path, kind: str, content: whole_files.Content) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    if kind == "file":
        place.write_bytes(b"mine")
    elif kind == "folder":
        place.mkdir()
        (place / "mine").write_bytes(b"mine")
    else:
        if kind == "link":
            other.write_bytes(b"mine")
        place.symlink_to(other)
    before = names(tmp_path)
    # A folder's name is refused by the system in words of its own.
    with pytest.raises(FileExistsError if isinstance(content, bytes) else OSError):
        write_whole(place, content)
    assert names(tmp_path) == before
    mine = {"file": place, "folder": place / "mine", "link": other}.get(kind)
    assert mine is None or mine.read_bytes() == b"mine"


def test_a_file_may_be_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    write_whole(tmp_path / "a", b"new", replace=True)
    write_whole(tmp_path / "b", b"new", replace=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert names(tmp_path) == {"a", "b"}


def test_an_empty_folder_makes_room(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_whole(tmp_path / "a", FOLDER)
    assert (tmp_path / "a" / "deep" / "c.txt").read_bytes() == b"three"


@pytest.mark.parametrize("content", [b"x" * 100_000, FOLDER], ids=["file", "folder"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_where_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: whole_files.Content, call: str, fault: BaseException
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise fault

    if call == "rename":
        monkeypatch.setattr(Path, "rename", refuse)
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    elif call == "write" and not isinstance(content, bytes):
        monkeypatch.setattr(Path, "open", refuse)
    else:
        monkeypatch.setattr(f"kiban.whole_files.os.{call}", refuse)
    with pytest.raises(type(fault)):
        write_whole(tmp_path / "deep" / "er" / "a", content, make_parents=True)
    assert names(tmp_path) == set()


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr("kiban.whole_files.os.write", lambda handle, rest: write(handle, bytes(rest[:7])))
    content = bytes(range(100))
    write_whole(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == content


def test_files_and_folders_are_on_the_disk_before_they_have_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        seen.append(("." if name.endswith(whole_files.SUFFIX) else name, (tmp_path / "new").exists()))
        fsync(handle)

    monkeypatch.setattr("kiban.whole_files.os.fsync", note)
    write_whole(tmp_path / "new", b"x")
    assert seen == [(".", False), (tmp_path.name, True)]
    (tmp_path / "new").unlink()
    seen.clear()
    write_whole(tmp_path / "new", FOLDER)
    assert sorted(seen[:-1]) == sorted((name, False) for name in ("a.txt", "b.txt", "c.txt", "er", "deep", "."))
    assert seen[-1] == (tmp_path.name, True)


@pytest.mark.parametrize("taken", [False, True])
def test_without_links_a_free_name_is_taken_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    if taken:
        (tmp_path / "a").write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "a", b"new")
    else:
        write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == (b"mine" if taken else b"new")
    assert names(tmp_path) == {"a"}


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    program = (
        "import sys; from kiban.whole_files import write_whole; write_whole(sys.argv[1], sys.argv[2].encode() * 9999)"
    )
    surroundings = {**os.environ, "PYTHONPATH": str(SOURCE)}
    commands = [[sys.executable, "-c", program, str(tmp_path / "a"), str(number)] for number in range(4)]
    running = [subprocess.Popen(command, env=surroundings, stderr=subprocess.DEVNULL) for command in commands]
    codes = [process.wait() for process in running]
    assert sorted(codes) == [0, 1, 1, 1]
    assert (tmp_path / "a").read_bytes() == str(codes.index(0)).encode() * 9999
    assert names(tmp_path) == {"a"}


STOPPING = """
import os, signal, sys
from pathlib import Path
from kiban import whole_files
where = sys.argv[2]
def stop(*_, **__):
    print("there", flush=True)
    signal.pause()
if where == "link":
    whole_files._take_free_name = stop
else:
    whole_files.os.fsync = stop
content = b"x" * 1000 if sys.argv[3] == "file" else {"a/b": b"x" * 1000}
whole_files.write_whole(sys.argv[1], content)
"""


@pytest.mark.parametrize(("where", "kind"), [("fsync", "file"), ("fsync", "folder"), ("link", "file")])
def test_what_a_killed_writer_leaves_is_swept_and_a_living_one_is_not(tmp_path: Path, where: str, kind: str) -> None:
    command = [sys.executable, "-c", STOPPING, str(tmp_path / "a"), where, kind]
    surroundings = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        (left,) = tmp_path.iterdir()
        assert whole_files._LEFTOVER.fullmatch(left.name)
        write_whole(tmp_path / "b", b"")
        assert {path.name for path in tmp_path.iterdir()} == {left.name, "b"}
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {left.name, "b"}
    write_whole(tmp_path / "c", b"")
    assert {path.name for path in tmp_path.iterdir()} == {"b", "c"}


def leave(make: Callable[[Path], object], tmp_path: Path) -> Path:
    place = tmp_path / ".plan-0123abcd.unfinished"
    make(place)
    return place


def test_what_is_not_ours_is_never_swept(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    kept = [".plan-0123abcd", ".plan-0123abcd.unfinished.toml", "plan-0123abcd.unfinished", ".plan-0123.unfinished"]
    for name in kept:
        (tmp_path / name).write_bytes(b"mine")
    link, pipe = tmp_path / ".x-00000001.unfinished", tmp_path / ".x-00000002.unfinished"
    link.symlink_to(tmp_path / "mine")
    os.mkfifo(pipe)
    left = leave(lambda place: place.write_bytes(b"half"), tmp_path)
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mine", *kept, link.name, pipe.name}
    assert not left.exists()
    sweep(tmp_path / "nowhere")


def test_without_locks_only_the_old_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiban.whole_files._lock", lambda _: None)
    left = leave(Path.mkdir, tmp_path)
    write_whole(tmp_path / "a", b"")
    assert left.exists()
    os.utime(left, (0, 0))
    write_whole(tmp_path / "b", b"")
    assert names(tmp_path) == {"a", "b"}


def test_long_names_and_names_in_japanese(tmp_path: Path) -> None:
    for name in ("n" * 255, "計" * 85, "苫小牧 計画"):
        write_whole(tmp_path / name, b"x")
        assert (tmp_path / name).read_bytes() == b"x"
    with pytest.raises(OSError, match="too long"):
        write_whole(tmp_path / ("n" * 256), b"x")
    assert len(names(tmp_path)) == 3


def test_the_nearest_folder(tmp_path: Path) -> None:
    assert nearest_folder(tmp_path / "a") == nearest_folder(tmp_path / "a" / "b") == tmp_path
