"""The tables of the store; `migrations/` brings a database to this state, and a test compares the two.

Times are seconds since 1970 in UTC, a lease's by the database's own clock. Text that is large is compressed JSON in a
binary column.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, LargeBinary, MetaData, String, Table, Text

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

plans = Table(
    "plans",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created", Float(53), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("site", String(80)),
    Column("status", String(20), nullable=False),
    Column("cost_myen_per_year", Float(53)),
    Column("work", String(20), nullable=False),
    Column("seconds", Float(53), nullable=False),
    Column("edition", String(40), nullable=False),
    Column("cooling_kept", Boolean, nullable=False),
    Column("scenario", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("hours", LargeBinary),
)

# Whose a plan is. The same question has the same plan, so that a plan may belong to several who asked; each sees,
# shares and deletes it as if it were theirs alone, and its content goes with the last of them.
holdings = Table(
    "holdings",
    metadata,
    Column("plan_id", String(40), primary_key=True),
    Column("owner", String(80), primary_key=True, index=True),
    Column("created", Float(53), nullable=False, index=True),
    Column("kept", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("deleted", Float(53)),
    Column("deleted_by", String(80)),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", String(80), nullable=False, index=True),
    Column("shared", Boolean, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("created", Float(53), nullable=False, index=True),
    Column("started", Float(53)),
    Column("finished", Float(53)),
    Column("question", LargeBinary, nullable=False),
    Column("progress", Text, nullable=False),
    Column("result", LargeBinary),
    Column("problem", Text),
    Column("attempts", Integer, nullable=False),
    Column("holder", String(40)),
    Column("lease", Float(53)),
    Column("deaths", Integer, nullable=False, server_default="0"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created", Float(53), nullable=False),
    Column("expires", Float(53), nullable=False),
)

# What a browser's cookie stands for. One that a token opened ends with the token.
sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", String(80), nullable=False, index=True),
    Column("role", String(20), nullable=False),
    Column("shown", String(80), nullable=False),
    Column("token_digest", String(64)),
    Column("created", Float(53), nullable=False),
    Column("expires", Float(53), nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("time", Float(53), nullable=False, index=True),
    Column("who", String(80), nullable=False),
    Column("role", String(20), nullable=False),
    Column("action", String(200), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("status", Integer, nullable=False),
    Column("address", String(80), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key", String(64), primary_key=True),
    Column("time", Float(53), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

# Calls of those whom the server does not know, by address and hour: however many, they write few rows.
strangers = Table(
    "strangers",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("address", String(80), primary_key=True),
    Column("calls", BigInteger, nullable=False),
)
