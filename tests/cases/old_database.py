"""A database as the first kiban left it, before plans had owners."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import kiban.server.migrations

PLAN = {
    "created": 5.0,
    "name": "n",
    "site": None,
    "status": "optimal",
    "cost_myen_per_year": 1.0,
    "work": "job",
    "seconds": 1.0,
    "edition": "e",
    "cooling_kept": False,
    "scenario": b"s",
    "summary": b"m",
    "hours": b"h",
}
ENTRY = {"who": "mina", "role": "planner", "action": "POST /plans", "subject": "", "status": 200, "address": ""}
JOB = {"kind": "plan", "name": "n", "state": "done", "created": 1.0, "question": b"q", "progress": "{}", "attempts": 1}


def config_for(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(kiban.server.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def insert(connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    connection.execute(sa.text(f"insert into {table} ({names}) values ({', '.join(f':{name}' for name in row)})"), row)


def fill_old_database(address: str) -> None:
    """Make the first tables there, with two plans, two jobs, a token and three rows of the audit log."""
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        command.upgrade(config_for(connection), "0001")
        insert(connection, "plans", {**PLAN, "id": "p_1", "owner": "mina", "kept": True})
        insert(connection, "plans", {**PLAN, "id": "p_2", "owner": "", "kept": False})
        insert(connection, "jobs", {**JOB, "id": "j_1", "owner": "mina"})
        insert(connection, "jobs", {**JOB, "id": "j_2", "owner": ""})
        insert(connection, "tokens", {"name": "mina", "role": "planner", "digest": "d", "created": 1.0})
        for number in (7, 8, 11):  # the old log had dropped rows
            insert(connection, "audit", {**ENTRY, "number": number, "time": float(number)})
    engine.dispose()
