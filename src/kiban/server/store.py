"""The store: plans, jobs, tokens and the audit log in SQLite or PostgreSQL.

Every method is one short transaction and may be called from any thread. Rows are plain mappings.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from kiban.errors import OutputError, Problem
from kiban.server.packing import PackedPlan, edition
from kiban.server.tables import audit, jobs, plans, tokens

Row = sa.RowMapping
ENDED = ("done", "failed", "cancelled")
MOST_ATTEMPTS = 3
MOST_AUDIT_ENTRIES = 100_000
_LOCK = 7_219_411
_BIG = ("scenario", "summary", "hours")


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
        """Store a plan; one of the same name is replaced, and kept for good if either came from a job."""
        kept = work == "job"
        values = {
            **asdict(packed),
            "name": _storable(packed.name),
            "id": plan_id,
            "created": time.time(),
            "owner": owner,
            "work": work,
            "seconds": seconds,
            "edition": edition(),
            "cooling_kept": cooling_kept,
        }
        with self._write() as connection:
            old = connection.execute(sa.select(plans.c.kept).where(plans.c.id == plan_id)).first()
            if old is None:
                connection.execute(_insert_or_ignore(plans, self.is_sqlite).values(**values, kept=kept))
                return
            if packed.hours is None:
                del values["hours"]
            changed = {**values, "kept": kept or old.kept}
            connection.execute(plans.update().where(plans.c.id == plan_id).values(**changed))

    def find_plan(self, plan_id: str) -> Row | None:
        """All columns of a plan."""
        return self._row(sa.select(plans).where(plans.c.id == plan_id))

    def list_plans(self, limit: int) -> list[Row]:
        """The newest plans without their content."""
        columns = [column for column in plans.c if column.name not in _BIG]
        return self._rows(sa.select(*columns).order_by(plans.c.created.desc(), plans.c.id).limit(limit))

    def delete_plan(self, plan_id: str) -> bool:
        """Remove a plan; whether there was one."""
        with self._write() as connection:
            return connection.execute(plans.delete().where(plans.c.id == plan_id)).rowcount > 0

    def prune_plans(self, most: int) -> None:
        """Remove all but the newest `most` of the plans that no job made."""
        newest = (
            sa.select(plans.c.id).where(plans.c.kept.is_(False)).order_by(plans.c.created.desc()).limit(most).subquery()
        )
        with self._write() as connection:
            stale = sa.and_(plans.c.kept.is_(False), plans.c.id.not_in(sa.select(newest.c.id)))
            connection.execute(plans.delete().where(stale))

    # Jobs

    def add_job(self, kind: str, name: str, owner: str, question: bytes, progress: Mapping[str, Any]) -> str:
        """Queue a job and return its id."""
        job_id = f"j_{secrets.token_hex(8)}"
        values = {
            "id": job_id,
            "kind": kind,
            "name": _storable(name),
            "owner": owner,
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

    def list_jobs(self, limit: int) -> list[Row]:
        """The newest jobs without question and result."""
        columns = [column for column in jobs.c if column.name not in {"question", "result"}]
        return self._rows(sa.select(*columns).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit))

    def count_jobs(self) -> dict[str, int]:
        """How many jobs are queued and running."""
        query = sa.select(jobs.c.state, sa.func.count()).where(jobs.c.state.not_in(ENDED)).group_by(jobs.c.state)
        with self.engine.connect() as connection:
            counted = {state: int(count) for state, count in connection.execute(query)}
        return {"queued": counted.get("queued", 0), "running": counted.get("running", 0)}

    def position(self, job: Row) -> int:
        """How many queued jobs come before this one."""
        if job["state"] != "queued":
            return 0
        before = sa.or_(
            jobs.c.created < job["created"], sa.and_(jobs.c.created == job["created"], jobs.c.id < job["id"])
        )
        query = sa.select(sa.func.count()).where(jobs.c.state == "queued", before)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def claim_job(self, holder: str) -> Row | None:
        """The oldest queued job, now running for this server; None where none is queued."""
        with self._write() as connection:
            oldest = sa.select(jobs.c.id).where(jobs.c.state == "queued").order_by(jobs.c.created, jobs.c.id).limit(1)
            if not self.is_sqlite:
                oldest = oldest.with_for_update(skip_locked=True)
            job_id = connection.execute(oldest).scalar()
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
        """Remove all but the newest `most` of the jobs that have ended; the plans that they made stay."""
        ended = jobs.c.state.in_(ENDED)
        newest = sa.select(jobs.c.id).where(ended).order_by(jobs.c.created.desc(), jobs.c.id).limit(most).subquery()
        with self._write() as connection:
            connection.execute(jobs.delete().where(ended, jobs.c.id.not_in(sa.select(newest.c.id))))

    def find_orphans(self, older_than: float, holder: str) -> Sequence[Row]:
        """Running jobs of other servers that have not been heard of since `older_than`."""
        silent = sa.or_(jobs.c.beat.is_(None), jobs.c.beat < older_than)
        lost = sa.and_(jobs.c.state == "running", jobs.c.holder != holder, silent)
        return self._rows(sa.select(jobs.c.id, jobs.c.attempts).where(lost))

    def _change_job(self, job_id: str, states: Sequence[str], **values: Any) -> bool:
        with self._write() as connection:
            wanted = sa.and_(jobs.c.id == job_id, jobs.c.state.in_(states))
            return connection.execute(jobs.update().where(wanted).values(**values)).rowcount > 0

    # Tokens and audit

    def add_token(self, name: str, role: str, digest: str) -> bool:
        """Store the digest of a token; False where the name is taken."""
        try:
            with self._write() as connection:
                connection.execute(tokens.insert().values(name=name, role=role, digest=digest, created=time.time()))
        except sa.exc.IntegrityError:
            return False
        return True

    def remove_token(self, name: str) -> bool:
        """Withdraw a token; whether there was one."""
        with self._write() as connection:
            return connection.execute(tokens.delete().where(tokens.c.name == name)).rowcount > 0

    def list_tokens(self) -> list[Row]:
        """Names and roles of all tokens."""
        return self._rows(sa.select(tokens.c.name, tokens.c.role, tokens.c.created).order_by(tokens.c.name))

    def find_token(self, digest: str) -> Row | None:
        """Name and role of the token with this digest."""
        return self._row(sa.select(tokens.c.name, tokens.c.role).where(tokens.c.digest == digest))

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the audit log; the oldest leave it after a hundred thousand."""
        with self._write() as connection:
            storable = {name: _storable(value) if isinstance(value, str) else value for name, value in entry.items()}
            number = connection.execute(audit.insert().values(**storable)).inserted_primary_key
            if number is not None and number[0] % 1_000 == 0:
                connection.execute(audit.delete().where(audit.c.number <= number[0] - MOST_AUDIT_ENTRIES))

    def read_audit(self, limit: int) -> list[Row]:
        """The newest entries."""
        return self._rows(sa.select(audit).order_by(audit.c.number.desc()).limit(limit))


def _storable(text: str) -> str:
    """A text that every database takes: without NUL and without halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def _insert_or_ignore(table: sa.Table, is_sqlite: bool) -> Any:
    """Two servers may store the same plan at once; the first wins and the plans are equal."""
    if is_sqlite:
        from sqlalchemy.dialects.sqlite import insert

        return insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.postgresql import insert as insert_postgresql

    return insert_postgresql(table).on_conflict_do_nothing()


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
