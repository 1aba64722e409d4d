"""The register of forecast models: a file of SQLite in which every step of a model's life is a row that stays.

A model is trained, judged in yen by a replay, promoted to champion, rolled back, retired. Nothing is changed or
deleted: what a model is now follows from the rows. The file is whole after a kill at any moment; several processes may
use it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from kiban.errors import OutputError, Problem, nearest, reason_of
from kiban.operation.forecast.model_bytes import pack, unpack
from kiban.operation.forecast.training import TrainedModel
from kiban.outside import may_open

Step = Literal["trained", "judged", "promoted", "rolled_back", "retired"]
State = Literal["challenger", "champion", "former", "retired"]
APPLICATION: Final = 0x6B6D6F64
"""How the file says that it is a register ("kmod")."""
MAGIC: Final = b"SQLite format 3\0"
WAIT_FOR_WRITER_SECONDS: Final = 10.0
"""How long to wait for another one who writes."""
_TABLES = """
create table model (version text primary key, content blob not null) without rowid;
create table step (
    number integer primary key, at text not null, version text not null references model, step text not null,
    detail text not null
);
"""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the operation of a plan cost with a model and with its rival, million yen, on the same days."""

    rival: str
    """Version of the champion, or the name of what stands for one that is not there."""
    cost_myen: float
    rival_cost_myen: float
    first: str
    last: str

    @property
    def is_no_worse(self) -> bool:
        """Whether the model costs no more than its rival."""
        return self.cost_myen <= self.rival_cost_myen


@dataclass(frozen=True, slots=True)
class Entry:
    """A model as it stands: its version, what it is now, and its newest judgement."""

    version: str
    state: State
    trained: str
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Row:
    """A step of a model's life; `at` is a time in ISO form."""

    at: str
    version: str
    step: Step
    detail: Mapping[str, Any]


class Register:
    """One file; every method is one transaction. Raises `OutputError` where the file cannot be used."""

    def __init__(self, path: str | Path, *, create: bool = False) -> None:
        """`create` makes the file where there is none."""
        self.path = Path(path)
        if not may_open(self.path):
            raise OutputError(Problem("files", self.path.name))
        if not create and not self.path.is_file():
            raise OutputError(Problem("register.absent", str(path)))
        with self._use() as connection:
            (application,) = connection.execute("pragma application_id").fetchone()
            if application == APPLICATION:
                return
            if connection.execute("select count(*) from sqlite_master").fetchone() != (0,) or not create:
                raise OutputError(Problem("register.other", str(path)))
            for statement in _TABLES.split(";")[:-1]:
                connection.execute(statement)
            connection.execute(f"pragma application_id = {APPLICATION}")

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        """A transaction that writes; what was written is on the disk when it ends."""
        try:
            connection = sqlite3.connect(self.path, timeout=WAIT_FOR_WRITER_SECONDS, isolation_level=None)
            try:
                connection.execute("pragma synchronous = full")
                connection.execute("begin immediate")
                yield connection
                connection.execute("commit")
            finally:
                connection.close()  # what was not committed is undone
        except sqlite3.Error as error:
            raise OutputError(self._problem(error)) from None
        except OSError as error:
            raise OutputError(Problem("register.unusable", str(self.path), reason=reason_of(error))) from None

    def _problem(self, error: sqlite3.Error) -> Problem:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Problem("register.locked", str(self.path), seconds=WAIT_FOR_WRITER_SECONDS)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return Problem("register.other", str(self.path))
        return Problem("register.unusable", str(self.path), reason=str(error))

    def add(self, model: TrainedModel, at: str) -> str:
        """Enter a model as a challenger, and return its version; one that is there already is not entered again."""
        with self._use() as connection:
            known = connection.execute("select 1 from model where version = ?", (model.version,)).fetchone()
            if known is None:
                connection.execute("insert into model values (?, ?)", (model.version, pack(model)))
                self._write(connection, Row(at, model.version, "trained", {}))
        return model.version

    def load(self, version: str) -> TrainedModel:
        """The model of a version; `OutputError` where there is none or its bytes are not those of a model."""
        with self._use() as connection:
            self._require(connection, version)
            (content,) = connection.execute("select content from model where version = ?", (version,)).fetchone()
        try:
            return unpack(content)
        except (ValueError, KeyError, TypeError, EOFError):
            raise OutputError(Problem("register.damaged", str(self.path), version)) from None

    def judge(self, version: str, judgement: Judgement, at: str) -> None:
        """Keep what a replay has found."""
        with self._use() as connection:
            self._require(connection, version)
            self._write(connection, Row(at, version, "judged", asdict(judgement)))

    def promote(self, version: str, at: str) -> None:
        """Make a model the champion.

        Raises `OutputError` where it is the champion already, is retired, was not judged against the one that is now,
        or costs more than that.
        """
        with self._use() as connection:
            entry = self._require(connection, version)
            _refuse_settled(entry, self.path)
            champions = _champions(self._rows(connection))
            judged = entry.judgement
            if judged is None or (champions and judged.rival != champions[-1]):
                raise OutputError(Problem("register.unjudged", str(self.path), version))
            if not judged.is_no_worse:
                more = judged.cost_myen - judged.rival_cost_myen
                raise OutputError(Problem("register.worse", str(self.path), version, more=more, rival=judged.rival))
            self._write(connection, Row(at, version, "promoted", {}))

    def roll_back(self, at: str) -> str:
        """Put the champion before the present one in its place again, and return its version."""
        with self._use() as connection:
            champions = _champions(self._rows(connection))
            if len(champions) < 2:
                raise OutputError(Problem("register.no_former", str(self.path)))
            self._write(connection, Row(at, champions[-1], "rolled_back", {}))
        return champions[-2]

    def retire(self, version: str, at: str) -> None:
        """Take a model out of use for good; `OutputError` for the champion and for one that is retired."""
        with self._use() as connection:
            entry = self._require(connection, version)
            _refuse_settled(entry, self.path)
            self._write(connection, Row(at, version, "retired", {}))

    @property
    def champion(self) -> str | None:
        """Version of the champion; None as long as none was promoted."""
        champions = _champions(self.history())
        return champions[-1] if champions else None

    def entries(self) -> list[Entry]:
        """All models as they stand, the newest last."""
        return _entries(self.history())

    def history(self) -> list[Row]:
        """Every step, the newest last."""
        with self._use() as connection:
            return self._rows(connection)

    def _require(self, connection: sqlite3.Connection, version: str) -> Entry:
        entries = {entry.version: entry for entry in _entries(self._rows(connection))}
        if version not in entries:
            near = nearest(version, entries)
            remedy = "nearest" if near else "use_one_of"
            names = tuple(entries) or ("–",)
            said = {"name": version, "near": near, "names": names}
            raise OutputError(Problem("register.no_model", str(self.path), "", remedy, said))
        return entries[version]

    @staticmethod
    def _rows(connection: sqlite3.Connection) -> list[Row]:
        found = connection.execute("select at, version, step, detail from step order by number")
        return [Row(at, version, step, json.loads(detail)) for at, version, step, detail in found]

    @staticmethod
    def _write(connection: sqlite3.Connection, row: Row) -> None:
        said = (row.at, row.version, row.step, json.dumps(row.detail))
        connection.execute("insert into step (at, version, step, detail) values (?, ?, ?, ?)", said)


def is_register(path: str | Path) -> bool:
    """Whether a file is one of SQLite."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _refuse_settled(entry: Entry, path: Path) -> None:
    if entry.state in ("champion", "retired"):
        code = "register.champion" if entry.state == "champion" else "register.retired"
        raise OutputError(Problem(code, str(path), entry.version))


def _champions(rows: list[Row]) -> list[str]:
    """The champion of now, last, behind those to which a roll-back leads."""
    found: list[str] = []
    for row in rows:
        if row.step == "promoted":
            found.append(row.version)
        elif row.step == "rolled_back":
            found.pop()
        elif row.step == "retired":
            found = [version for version in found if version != row.version]
    return found


def _entries(rows: list[Row]) -> list[Entry]:
    champions = _champions(rows)
    retired = {row.version for row in rows if row.step == "retired"}
    judged = {row.version: Judgement(**row.detail) for row in rows if row.step == "judged"}
    once = {row.version for row in rows if row.step == "promoted"}
    found = []
    for row in rows:
        if row.step == "trained":
            version = row.version
            state: State = "former" if version in once else "challenger"
            if version in retired:
                state = "retired"
            elif champions and version == champions[-1]:
                state = "champion"
            found.append(Entry(version, state, row.at, judged.get(version)))
    return found
