"""The store: plans and jobs in SQLite or PostgreSQL; who may do what with them is said elsewhere.

Every method is one short transaction and may be called from any thread. Rows are plain mappings.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kiban.errors import OutputError, Problem
from kiban.server import holdings, turns
from kiban.server.holdings import Reader
from kiban.server.packing import PackedPlan, edition
from kiban.server.tables import jobs, plans

Row = sa.RowMapping
ENDED = ("done", "failed", "cancelled")
MOST_ATTEMPTS = 3
_LOCK = 7_219_411


class Store:
    """One database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _connect(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite has one writer at a time: waiting here is fairer than its own retries.
        self._writing = threading.Lock()
        _migrate(self.engine, url)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writing, self.engine.begin() as connection:
            yield connection

    def writing(self) -> AbstractContextManager[Connection]:
        """One short transaction that writes, for the modules whose tables are not here."""
        return self._write()

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        """The rows of a question, for the same."""
        return self._rows(query)

    def row(self, query: sa.Select[Any]) -> Row | None:
        """Its first row."""
        return self._row(query)

    def _rows(self, query: sa.Select[Any]) -> list[Row]:
        with self.engine.connect() as connection:
            return [row._mapping for row in connection.execute(query)]

    def _row(self, query: sa.Select[Any]) -> Row | None:
        found = self._rows(query)
        return found[0] if found else None

    # Plans

    def keep_plan(
        self, plan_id: str, packed: PackedPlan, *, owner: str, work: str, seconds: float, cooling_kept: bool = False
    ) -> None:
        """Store a plan for its owner; one of the same id is replaced. Those of jobs are kept until they are deleted."""
        values = {
            **asdict(packed),
            "name": storable(packed.name),
            "id": plan_id,
            "created": time.time(),
            "work": work,
            "seconds": seconds,
            "edition": edition(),
            "cooling_kept": cooling_kept,
        }
        with self._write() as connection:
            holdings.hold(connection, plan_id, owner, kept=work == "job")
            if connection.execute(sa.select(plans.c.id).where(plans.c.id == plan_id)).first() is None:
                connection.execute(holdings.insert_or_ignore(connection, plans).values(**values))
                return
            if packed.hours is None:
                del values["hours"]
            connection.execute(plans.update().where(plans.c.id == plan_id).values(**values))

    def hold_plan(self, plan_id: str, owner: str) -> bool:
        """Make a stored plan this owner's too; False where it is not stored."""
        with self._write() as connection:
            found = connection.execute(sa.select(plans.c.id).where(plans.c.id == plan_id)).first() is not None
            if found:
                holdings.hold(connection, plan_id, owner, kept=False)
        return found

    def find_plan(self, plan_id: str) -> Row | None:
        """All columns of a plan."""
        return self._row(sa.select(plans).where(plans.c.id == plan_id))

    def prune_plans(self, most: int) -> None:
        """Remove all but each owner's newest `most` of the plans that no job made."""
        with self._write() as connection:
            holdings.prune(connection, most)

    # Jobs

    def add_job(self, kind: str, name: str, owner: str, question: bytes, progress: Mapping[str, Any]) -> str:
        """Queue a job and return its id."""
        job_id = f"j_{secrets.token_hex(8)}"
        values = {
            "id": job_id,
            "kind": kind,
            "name": storable(name),
            "owner": owner,
            "shared": False,
            "state": "queued",
            "created": time.time(),
            "question": question,
            "progress": json.dumps(progress, ensure_ascii=False),
            "attempts": 0,
        }
        with self._write() as connection:
            connection.execute(jobs.insert().values(**values))
        return job_id

    def find_job(self, job_id: str) -> Row | None:
        """All columns of a job."""
        return self._row(sa.select(jobs).where(jobs.c.id == job_id))

    def look_at_job(self, job_id: str) -> Row | None:
        """A job without question and result."""
        columns = [column for column in jobs.c if column.name not in {"question", "result"}]
        return self._row(sa.select(*columns).where(jobs.c.id == job_id))

    def list_jobs(self, limit: int, reader: Reader) -> list[Row]:
        """The newest jobs that the reader may see, without question and result."""
        columns = [column for column in jobs.c if column.name not in {"question", "result"}]
        seen = holdings.jobs_seen_by(reader)
        return self._rows(sa.select(*columns).where(seen).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit))

    def count_jobs(self) -> dict[str, int]:
        """How many jobs are queued and running."""
        query = sa.select(jobs.c.state, sa.func.count()).where(jobs.c.state.not_in(ENDED)).group_by(jobs.c.state)
        with self.engine.connect() as connection:
            counted = {state: int(count) for state, count in connection.execute(query)}
        return {"queued": counted.get("queued", 0), "running": counted.get("running", 0)}

    def count_queued_of(self, owner: str) -> int:
        """How many jobs of an owner wait."""
        return int(self._rows(turns.count_queued_of(owner))[0]["queued"])

    def position(self, job: Row) -> int:
        """How many queued jobs come before this one."""
        found = self._row(turns.count_before(job["id"])) if job["state"] == "queued" else None
        return int(found["before"]) if found is not None else 0

    def claim_job(self, holder: str) -> Row | None:
        """The queued job whose turn it is, now running for this server; None where none is queued."""
        with self._write() as connection:
            following = turns.next_job()
            if not self.is_sqlite:
                following = following.with_for_update(skip_locked=True, of=jobs)
            job_id = connection.execute(following).scalar()
            if job_id is None:
                return None
            now = time.time()
            connection.execute(
                jobs.update()
                .where(jobs.c.id == job_id)
                .values(state="running", holder=holder, beat=now, started=now, attempts=jobs.c.attempts + 1)
            )
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
        return row._mapping if row is not None else None

    def report_progress(self, job_id: str, progress: Mapping[str, Any]) -> None:
        """Keep what a running job says of itself."""
        self._change_job(job_id, ("running",), progress=json.dumps(progress, ensure_ascii=False), beat=time.time())

    def beat(self, holder: str) -> None:
        """Say that this server still works on its jobs."""
        with self._write() as connection:
            mine = sa.and_(jobs.c.holder == holder, jobs.c.state == "running")
            connection.execute(jobs.update().where(mine).values(beat=time.time()))

    def finish_job(
        self,
        job_id: str,
        state: str,
        *,
        result: bytes | None = None,
        problem: Mapping[str, Any] | None = None,
        progress: Mapping[str, Any],
    ) -> bool:
        """End a job that has not ended; whether it was this call that did."""
        return self._change_job(
            job_id,
            ("queued", "running"),
            state=state,
            finished=time.time(),
            result=result,
            problem=json.dumps(problem, ensure_ascii=False) if problem is not None else None,
            progress=json.dumps(progress, ensure_ascii=False),
            holder=None,
        )

    def requeue_job(self, job_id: str, progress: Mapping[str, Any]) -> None:
        """Put a running job back into the queue, at its old place."""
        self._change_job(
            job_id, ("running",), state="queued", holder=None, progress=json.dumps(progress, ensure_ascii=False)
        )

    def prune_jobs(self, most: int) -> None:
        """Remove all but each owner's newest `most` of the jobs that have ended; the plans that they made stay."""
        place = sa.func.row_number().over(partition_by=jobs.c.owner, order_by=(jobs.c.created.desc(), jobs.c.id))
        ended = sa.select(jobs.c.id, place.label("place")).where(jobs.c.state.in_(ENDED)).subquery()
        with self._write() as connection:
            stale = sa.select(ended.c.id).where(ended.c.place > most)
            connection.execute(jobs.delete().where(jobs.c.id.in_(stale)))

    def find_orphans(self, older_than: float, holder: str) -> Sequence[Row]:
        """Running jobs of other servers that have not been heard of since `older_than`."""
        silent = sa.or_(jobs.c.beat.is_(None), jobs.c.beat < older_than)
        lost = sa.and_(jobs.c.state == "running", jobs.c.holder != holder, silent)
        return self._rows(sa.select(jobs.c.id, jobs.c.attempts).where(lost))

    def _change_job(self, job_id: str, states: Sequence[str], **values: Any) -> bool:
        with self._write() as connection:
            wanted = sa.and_(jobs.c.id == job_id, jobs.c.state.in_(states))
            return connection.execute(jobs.update().where(wanted).values(**values)).rowcount > 0


def storable(text: str) -> str:
    """A text that every database takes: without NUL and without halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _connect(url: str) -> Engine:
    shown = _without_password(url)
    try:
        if url.startswith("sqlite:"):
            Path(sa.engine.make_url(url).database or "").parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            engine = sa.create_engine(url, connect_args={"timeout": 30.0})
            sa.event.listen(engine, "connect", _tune_sqlite)
        else:
            engine = sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        with engine.connect():
            pass
    except ModuleNotFoundError:
        raise OutputError(Problem("serve.driver", shown)) from None
    except (sa.exc.SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise OutputError(Problem("serve.database", shown, reason=reason)) from None
    return engine


def _tune_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _without_password(url: str) -> str:
    try:
        return sa.engine.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database"


def _migrate(engine: Engine, url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (CommandError, sa.exc.SQLAlchemyError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise OutputError(Problem("serve.database", _without_password(url), reason=reason)) from None
