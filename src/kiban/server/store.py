"""The store: plans and jobs in SQLite or PostgreSQL; who may do what with them is said elsewhere.

Every method is one short transaction and may be called from any thread. Rows are plain mappings.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kiban.errors import OutputError, Problem
from kiban.server import holdings, leases, turns
from kiban.server.holdings import Reader
from kiban.server.packing import PackedPlan
from kiban.server.tables import jobs, plans
from kiban.tasks.database import (
    PATIENCE_WITH_LOCKS_SECONDS,
    DamagedError,
    Fault,
    LockedError,
    connect,
    fault_of,
    first_line,
    without_password,
)
from kiban.version import edition

Row = sa.RowMapping
ENDED = ("done", "failed", "cancelled")
_LOCK = 7_219_411


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan that is stored for an owner; `content` is asked for where the plan is `new` or not stored any more."""

    id: str
    owner: str
    content: Callable[[], PackedPlan]
    work: str
    seconds: float
    cooling_kept: bool = False
    new: bool = True


class Store:
    """One database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _connect(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite has one writer at a time: waiting here is fairer than its own retries.
        self._writing = threading.Lock()
        self.fault: Fault | None = None
        """Why the last attempt to write failed; None when it did not, or when `probe` has succeeded since."""
        _migrate(self.engine, url)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def _write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction; what is `durable` is on the disk when it ends, all else soon after."""
        try:
            if self.is_sqlite:
                with self._turn_to_write(), self.engine.begin() as connection:
                    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection
        except Exception as error:
            self.fault = fault_of(error) or self.fault
            raise

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=PATIENCE_WITH_LOCKS_SECONDS):
            raise LockedError
        try:
            yield
        finally:
            self._writing.release()

    def probe(self) -> None:
        """Write what changes nothing; raises what the database says where it cannot be written."""
        with self._write() as connection:
            connection.execute(sa.text("update alembic_version set version_num = version_num"))
        self.fault = None

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

    def keep_plans(self, kept: Sequence[Kept]) -> None:
        """Store plans for their owners, all or none; one of the same id is replaced where it is `new`.

        Plans of jobs are kept until they are deleted.
        """
        packed = {plan.id: plan.content() for plan in kept if plan.new}
        with self._write() as connection:
            for plan in kept:
                if not plan.new and _is_stored(connection, plan.id):
                    holdings.hold(connection, plan.id, plan.owner, kept=plan.work == "job")
                    continue
                content = packed.get(plan.id) or plan.content()
                self._keep_plan(connection, plan.id, content, plan.owner, plan.work, plan.seconds, plan.cooling_kept)

    def _keep_plan(
        self, connection: Connection, plan_id: str, packed: PackedPlan, owner: str, work: str, seconds: float,
        cooling_kept: bool = False,
    ) -> None:  # fmt: skip
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
        holdings.hold(connection, plan_id, owner, kept=work == "job")
        if not _is_stored(connection, plan_id):
            connection.execute(holdings.insert_or_ignore(connection, plans).values(**values))
            return
        if packed.hours is None:
            del values["hours"]
        connection.execute(plans.update().where(plans.c.id == plan_id).values(**values))

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
            "progress": _said(progress),
            "attempts": 0,
            "deaths": 0,
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
            leases.take(connection, job_id, holder, time.time())
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).first()
        return row._mapping if row is not None else None

    def report_progress(self, job_id: str, progress: Mapping[str, Any]) -> None:
        """Keep what a running job says of itself."""
        with self._write(durable=False) as connection:
            self._change_job(connection, job_id, ("running",), progress=_said(progress))

    def beat(self, holder: str) -> None:
        """Say that this server still works on its jobs."""
        with self._write(durable=False) as connection:
            leases.renew(connection, holder)

    def finish_job(
        self,
        job_id: str,
        state: str,
        *,
        result: bytes | None = None,
        problem: Mapping[str, Any] | None = None,
        progress: Mapping[str, Any],
        made: Collection[tuple[str, PackedPlan, float]] = (),
    ) -> bool:
        """End a job that has not ended, with the plans that it made (id, content, seconds); whether this call did it.

        A result is taken from whoever has it, also where another server has begun the job anew meanwhile.
        """
        values = {
            "state": state,
            "finished": time.time(),
            "result": result,
            "problem": json.dumps(problem, ensure_ascii=False) if problem is not None else None,
            "progress": _said(progress),
            "holder": None,
            "lease": None,
        }
        with self._write() as connection:
            if not self._change_job(connection, job_id, ("queued", "running"), **values):
                return False
            owner = connection.execute(sa.select(jobs.c.owner).where(jobs.c.id == job_id)).scalar_one() if made else ""
            for plan_id, packed, seconds in made:
                self._keep_plan(connection, plan_id, packed, owner, "job", seconds)
        return True

    def requeue_job(self, job_id: str, holder: str, progress: Mapping[str, Any], *, own_fault: bool = False) -> bool:
        """Put a job of this server back into the queue, at its old place; whether it still was its own."""
        with self._write() as connection:
            return leases.give_back(connection, job_id, holder, _said(progress), own_fault=own_fault)

    def requeue_lost(self, holder: str, held: Collection[str], progress: Mapping[str, Any]) -> int:
        """Put back what stands as this server's and is not `held`; how many there were."""
        lost = sa.select(jobs.c.id).where(jobs.c.holder == holder, jobs.c.state == "running", jobs.c.id.not_in(held))
        if not self._rows(lost):
            return 0
        with self._write() as connection:
            return leases.give_back_lost(connection, holder, held, _said(progress))

    def requeue_orphans(self, holder: str, progress: Mapping[str, Any], *, alone: bool) -> int:
        """Put back what no living server holds; `alone` says that no other server can be alive."""
        if not self._rows(sa.select(jobs.c.id).where(jobs.c.state == "running", jobs.c.holder != holder).limit(1)):
            return 0
        with self._write() as connection:
            if alone:
                return leases.give_back_all(connection, holder, _said(progress))
            return leases.give_back_expired(connection, _said(progress))

    def prune_jobs(self, most: int) -> None:
        """Remove all but each owner's newest `most` of the jobs that have ended; the plans that they made stay."""
        place = sa.func.row_number().over(partition_by=jobs.c.owner, order_by=(jobs.c.created.desc(), jobs.c.id))
        ended = sa.select(jobs.c.id, place.label("place")).where(jobs.c.state.in_(ENDED)).subquery()
        with self._write() as connection:
            stale = sa.select(ended.c.id).where(ended.c.place > most)
            connection.execute(jobs.delete().where(jobs.c.id.in_(stale)))

    def _change_job(self, connection: Connection, job_id: str, states: Sequence[str], **values: Any) -> bool:
        wanted = sa.and_(jobs.c.id == job_id, jobs.c.state.in_(states))
        return connection.execute(jobs.update().where(wanted).values(**values)).rowcount > 0


def _is_stored(connection: Connection, plan_id: str) -> bool:
    return connection.execute(sa.select(plans.c.id).where(plans.c.id == plan_id)).first() is not None


def _said(progress: Mapping[str, Any]) -> str:
    return json.dumps(progress, ensure_ascii=False)


def storable(text: str) -> str:
    """A text that every database takes: without NUL and without halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _connect(url: str) -> Engine:
    shown = without_password(url)
    try:
        return connect(url)
    except ModuleNotFoundError:
        raise OutputError(Problem("serve.driver", shown)) from None
    except (sa.exc.SQLAlchemyError, OSError, ValueError, DamagedError) as error:
        raise OutputError(_unusable(error, shown)) from None


def _unusable(error: Exception, shown: str) -> Problem:
    code = "serve.damaged" if fault_of(error) == "damaged" else "serve.database"
    return Problem(code, shown, reason=first_line(error))


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
            else:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (CommandError, sa.exc.SQLAlchemyError) as error:
        raise OutputError(_unusable(error, without_password(url))) from None
