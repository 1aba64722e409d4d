"""The one way in which kiban writes files: a file or a folder is there whole, or it is not there.

What is written stands beside its place under another name, `.NAME-xxxxxxxx.unfinished`, until all of it is on the
disk; then it takes its name in one step. Nothing that has the name already is touched unless the caller says so. A
process that is killed leaves its unfinished file: whoever writes into the same folder next removes it. A process that
still lives holds a lock on its own, which is how the two are told apart.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

SUFFIX = ".unfinished"
_LEFTOVER = re.compile(r"\..*-[0-9a-f]{8}\.unfinished", re.DOTALL)
LONGEST_NAME_BYTES = 255
"""What most file systems allow; a long name is cut in the name of its unfinished file."""
AGE_WITHOUT_LOCK_SECONDS = 86_400.0
"""Where locks cannot be had, an unfinished file that is so old belongs to nobody."""
NO_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EXDEV})
"""What a file system says that has no hard links."""

Content = bytes | Mapping[str, bytes]


def write_whole(
    path: str | Path, content: Content, *, replace: bool = False, make_parents: bool = False, only_owner: bool = False
) -> Path:
    """Write a file (bytes) or a folder (bytes by name; `a/b` stands in a folder of its own), and return its path.

    It is on the disk when this returns. `replace` takes the place of a file that is there; without it,
    `FileExistsError` is raised. An empty folder makes room for a folder. `make_parents` makes the folders above.
    `only_owner` keeps it from all others, at every moment.
    Raises `OSError` where the system refuses; then nothing is left behind, the folders above included.
    """
    path = Path(path)
    beside = nearest_folder(path) if make_parents else path.absolute().parent
    sweep(beside)
    with (
        contextlib.ExitStack() as undone,
        Unfinished(beside, path.name, is_folder=not isinstance(content, bytes), only_owner=only_owner) as own,
    ):
        if isinstance(content, bytes):
            own.fill_file(content, like=path if replace else None)
        else:
            own.fill_folder(content)
        synchronised = {path.absolute().parent}
        for folder in missing_parents(path) if make_parents else ():
            folder.mkdir(exist_ok=True)
            undone.callback(_remove_empty, folder)
            synchronised.add(folder.parent)
        own.take_name(path, replace=replace)
        undone.pop_all()
        for folder in synchronised:
            _synchronise_folder(folder)
    return path


def nearest_folder(path: Path) -> Path:
    """The nearest place above a path that exists."""
    return next(iter((*missing_parents(path), path.absolute()))).parent


def missing_parents(path: Path) -> list[Path]:
    """The folders above a path that are not there, the highest first."""
    missing = []
    parent = path.absolute().parent
    while not parent.exists() and parent != parent.parent:
        missing.append(parent)
        parent = parent.parent
    return missing[::-1]


def sweep(folder: Path) -> None:
    """Remove what processes that are gone have left unfinished in a folder."""
    try:
        with os.scandir(folder) as entries:
            found = [Path(entry.path) for entry in entries if _LEFTOVER.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError):
            _sweep_one(path)


def _sweep_one(path: Path) -> None:
    # Neither what a link points to nor the other end of a pipe.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(handle)
        is_left = _lock(handle)
        if is_left is None:
            is_left = time.time() - found.st_mtime > AGE_WITHOUT_LOCK_SECONDS
        if is_left and stat.S_ISDIR(found.st_mode):
            shutil.rmtree(path)
        elif is_left and stat.S_ISREG(found.st_mode):
            path.unlink()
    finally:
        os.close(handle)


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


class Unfinished:
    """A new file or folder with a lock on it; at the end it is removed where it has not taken its name."""

    def __init__(self, folder: Path, name: str, *, is_folder: bool, only_owner: bool) -> None:
        self.is_folder = is_folder
        self._others = 0 if only_owner else 0o077
        while True:
            ending = f"-{secrets.token_hex(4)}{SUFFIX}"
            stem = f".{name}".encode("utf-8", "surrogateescape")[: LONGEST_NAME_BYTES - len(ending)]
            self.path = folder / f"{stem.decode('utf-8', 'ignore')}{ending}"
            try:
                self._handle = self._open()
            except FileExistsError:
                continue
            # It may have been swept between its making and its lock.
            if self._handle is None or (_lock(self._handle) is not False and _is_at(self.path, self._handle)):
                return
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        with contextlib.suppress(OSError):
            if self.is_folder:
                shutil.rmtree(self.path)
            else:
                self.path.unlink()

    def _open(self) -> int | None:
        """A handle for the lock; the system's mask says who may read."""
        if not self.is_folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            return os.open(self.path, flags, 0o600 | (self._others & 0o066))
        self.path.mkdir(mode=0o700 | self._others)
        return None if sys.platform == "win32" else os.open(self.path, os.O_RDONLY)

    def _close(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            with contextlib.suppress(OSError):  # all of it has been synchronised before
                os.close(handle)

    def fill_file(self, content: bytes, like: Path | None) -> None:
        """Write and synchronise; with the rights of the file that it replaces."""
        assert self._handle is not None
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        if like is not None and sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.fchmod(self._handle, stat.S_IMODE(like.stat().st_mode))
        os.fsync(self._handle)

    def fill_folder(self, content: Mapping[str, bytes]) -> None:
        """Write and synchronise every file and every folder in it."""
        places = {self.path}
        for name, part in content.items():
            path = self.path / name
            for folder in missing_parents(path):
                folder.mkdir()
                places.add(folder)
            with path.open("xb") as file:
                file.write(part)
                file.flush()
                os.fsync(file.fileno())
        for place in places:
            _synchronise_folder(place)

    def take_name(self, path: Path, *, replace: bool) -> None:
        """Give it the name under which it will be found."""
        if sys.platform == "win32":
            self._close()  # what is open cannot be renamed there
        if self.is_folder:
            if sys.platform == "win32" and path.is_dir():
                path.rmdir()
            # A folder takes the place of an empty one only: the system refuses any other.
            self.path.rename(path)
        elif replace:
            self.path.replace(path)
        else:
            _take_free_name(self.path, path)


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _lock(handle: int) -> bool | None:
    """Whether the lock was free and is ours now; None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _take_free_name(made: Path, path: Path) -> None:
    """A link fails where the name is taken, in one step; where there are no links, the name is looked at first."""
    try:
        path.hardlink_to(made)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
    else:
        return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    made.rename(path)


def _synchronise_folder(folder: Path) -> None:
    """The names in a folder on the disk; not every system can be asked for it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
