"""What a server and its workers may reach: the rule, the one walk over what a request names, and a limit of memory."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

from kiban.errors import Problem, limit_problems
from kiban.outside import Reach, restrict
from kiban.scenario.package import package_names
from kiban.scenario.place import ONLINE_SOURCES
from kiban.server.problems import RefusedError
from kiban.server.settings import Settings

FILE_KEYS = frozenset({"file", "files", "jepx_files", "sites_file"})
SHIPPED = re.compile(r"pvlib:[A-Za-z0-9_.\-]+")
LONGEST_NAME_SHOWN = 80


def reach_of(settings: Settings) -> Reach:
    """What a server with these settings may open and ask: no files but those that are shipped."""
    return Reach(files=False, online=settings.online)


def refuse_outside(raw: Mapping[str, Any], settings: Settings) -> None:
    """Refuse what would make the server read its own files or ask other machines.

    This walk says it in words and at once; that it cannot be gone round is seen to where files are opened and
    services asked, by `kiban.outside`.
    """
    problems = limit_problems(find_outside(raw, reach_of(settings)))
    if problems:
        raise RefusedError("scenario", problems)


def find_outside(node: Any, reach: Reach, path: str = "") -> Iterator[Problem]:
    """A problem for every key of a mapping, however deep, that names what is not on the list of what is allowed.

    Files: those that pvlib ships. Weather: every source, and the online services only for a server that may ask
    them. Packages: those that come with kiban.
    """
    if isinstance(node, list):
        for number, value in enumerate(node):
            yield from find_outside(value, reach, f"{path}.{number}")
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        inner = f"{path}.{key}" if path else str(key)
        if key in FILE_KEYS and path != "assumptions":
            names = value if isinstance(value, list) else [value]
            if not all(isinstance(name, str) and SHIPPED.fullmatch(name) for name in names):
                yield Problem("files", key=inner)
            continue
        if key == "source" and value in ONLINE_SOURCES and not reach.online:
            yield Problem("online", key=inner, name=value)
        if key == "packages":
            known = package_names()
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, str) and name not in known:
                    yield Problem("no_package", key=inner, name=name[:LONGEST_NAME_SHOWN])
        yield from find_outside(value, reach, inner)


def serve_confined(
    serve: Callable[[Connection], None], line: Connection, reach: Reach, memory_bytes: int, answers: str | None = None
) -> None:
    """Serve in this process, a worker's, with no more than this reach and memory; jobs keep answers in `answers`."""
    from kiban.server.kept_answers import keep_answers_in

    keep_answers_in(answers)
    restrict(reach)
    limit_memory(memory_bytes)
    serve(line)


def limit_memory(memory_bytes: int) -> None:
    """Let this process have no more memory than this; where the system has no such limit (Windows), nothing is done."""
    if sys.platform == "win32" or memory_bytes <= 0:
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
