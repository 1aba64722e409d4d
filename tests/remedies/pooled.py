"""Remedies of stores of answers and of the pools that make them."""

from __future__ import annotations

import sqlite3

from tests.remedies import Case, Ground, Step
from tests.remedies.signing import after

from kiban.scenario.pool import read_pool
from kiban.tasks.store import FILE, AnswerStore
from kiban.tasks.task import Key

ONE = Key("plan", "question", "one")
SERIAL = '[pool]\nkind = "serial"\n'


def kept(g: Ground, folder: str) -> Step:
    """Keep an answer in a store and read it."""

    def step() -> object:
        store = AnswerStore(g.folder / folder, edition="one")
        try:
            store.keep(ONE, 1.25)
            return store.find(ONE)
        finally:
            store.close()

    return step


def opened(place: str) -> Step:
    """Open a store that is a place as written."""
    return lambda: AnswerStore(place, edition="one").close()


def told(g: Ground, folder: str, statement: str) -> Step:
    """What another program does to the file of a store."""

    def step() -> None:
        (g.folder / folder).mkdir(exist_ok=True)
        with sqlite3.connect(g.folder / folder / FILE) as other:
            other.execute(statement)
        other.close()

    return step


def garbled(g: Ground) -> Step:
    return lambda: g.write(f"answers/{FILE}", b"no database at all " * 100)


def removed(g: Ground) -> Step:
    return (g.folder / "answers" / FILE).unlink


def changed(g: Ground) -> Step:
    return after(kept(g, "answers"), told(g, "answers", "update kiban_answers set answer = '1.26'"), kept(g, "answers"))


def pool(g: Ground, option: str) -> Step:
    return lambda: read_pool(option)


def table(g: Ground, text: str) -> Step:
    """A file of settings, and a pool as it says."""
    return lambda: read_pool(str(g.write("pool.toml", text)))


CASES: dict[str, Case] = {
    "answers.no_place": lambda g: (opened("mysql://u:secret@h/x"), kept(g, "others")),
    "answers.foreign": lambda g: (
        after(told(g, "answers", "create table sheep (name text)"), kept(g, "answers")),
        kept(g, "others"),
    ),
    "answers.format": lambda g: (
        after(
            kept(g, "answers"),
            told(g, "answers", "update kiban_answers_format set format = 'kiban answers 99'"),
            kept(g, "answers"),
        ),
        kept(g, "others"),
    ),
    "answers.damaged": lambda g: (
        after(garbled(g), kept(g, "answers")),
        kept(g, "others"),
        after(removed(g), kept(g, "answers")),
    ),
    "answers.changed": lambda g: (changed(g), kept(g, "others"), after(removed(g), kept(g, "answers"))),
    "answers.unusable": lambda g: (after(lambda: g.write("file", "x"), kept(g, "file")), kept(g, "others")),
    "pool.unknown": lambda g: (pool(g, "ray"), *(pool(g, one) for one in ("serial", "processes:2")), table(g, SERIAL)),
    "pool.count": lambda g: (pool(g, "processes:0"), pool(g, "processes:1")),
    "pool.no_address": lambda g: (pool(g, "ftp://a:1"), pool(g, "tls://a.example:1"), pool(g, "tcp://127.0.0.1:1")),
    "pool.open_link": lambda g: (pool(g, "tcp://10.0.0.1:8786"), pool(g, "tls://10.0.0.1:8786")),
    "pool.no_file": lambda g: (
        table(g, '[pool]\nkind = "dask"\naddress = "tls://a.example:1"\n' + certificates("gone")),
        after(
            lambda: [g.write(f"{name}.pem", "") for name in ("ca", "certificate", "key")],
            table(g, '[pool]\nkind = "dask"\naddress = "tls://a.example:1"\n' + certificates("ca")),
        ),
    ),
    "pool.not_of_kind": lambda g: (
        table(g, SERIAL + "workers = 2\n"),
        table(g, SERIAL),
        table(g, '[pool]\nkind = "processes"\nworkers = 2\n'),
    ),
}


def certificates(ca: str) -> str:
    """The keys of a file of settings that name certificates."""
    return f'ca_file = "{ca}.pem"\ncertificate_file = "certificate.pem"\nkey_file = "key.pem"\n'
