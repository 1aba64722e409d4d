"""Owners of plans, sharing, soft deletion; tokens that expire and sessions; the audit log as a chain.

What is there already stays readable to everybody who has a token, as it was: it is marked as shared. A plan or job
whose owner nobody wrote down belongs to "unknown", which only an admin can act for. Tokens made before expire 90 days
after this step. The entries of the audit log are chained as they are found.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

from kiban.server.chain import BEGINNING, hash_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNKNOWN = "unknown"
OLD_TOKENS_LIVE_SECONDS = 90 * 86_400.0
AT_ONCE = 5_000


def upgrade() -> None:
    """Add the tables and columns, and fill them for what is there."""
    _give_owners()
    with op.batch_alter_table("tokens") as table:
        table.add_column(sa.Column("expires", sa.Float(53)))
    op.get_bind().execute(sa.text("update tokens set expires = :end"), {"end": time.time() + OLD_TOKENS_LIVE_SECONDS})
    with op.batch_alter_table("tokens") as table:
        table.alter_column("expires", existing_type=sa.Float(53), nullable=False)
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("shown", sa.String(80), nullable=False),
        sa.Column("token_digest", sa.String(64)),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.Column("expires", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])
    _chain()


def _give_owners() -> None:
    op.create_table(
        "holdings",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("created", sa.Float(53), nullable=False),
        sa.Column("kept", sa.Boolean, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Float(53)),
        sa.Column("deleted_by", sa.String(80)),
        sa.PrimaryKeyConstraint("plan_id", "owner", name="pk_holdings"),
    )
    op.create_index("ix_holdings_owner", "holdings", ["owner"])
    op.create_index("ix_holdings_created", "holdings", ["created"])
    connection = op.get_bind()
    plans = sa.table("plans", *map(sa.column, ("id", "owner", "created", "kept")))
    holdings = sa.table("holdings", *map(sa.column, ("plan_id", "owner", "created", "kept", "shared")))
    owner = sa.case((plans.c.owner == "", UNKNOWN), else_=plans.c.owner)
    found = sa.select(plans.c.id, owner, plans.c.created, plans.c.kept, sa.true())
    connection.execute(sa.insert(holdings).from_select(["plan_id", "owner", "created", "kept", "shared"], found))
    with op.batch_alter_table("plans") as table:
        table.drop_column("owner")
        table.drop_column("kept")
    jobs = sa.table("jobs", sa.column("owner"), sa.column("shared"))
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("shared", sa.Boolean))
    connection.execute(sa.update(jobs).values(shared=sa.true()))
    connection.execute(sa.update(jobs).where(jobs.c.owner == "").values(owner=UNKNOWN))
    with op.batch_alter_table("jobs") as table:
        table.alter_column("shared", existing_type=sa.Boolean, nullable=False)
    op.create_index("ix_jobs_owner", "jobs", ["owner"])


def _chain() -> None:
    with op.batch_alter_table("audit") as table:
        table.add_column(sa.Column("previous", sa.String(64)))
        table.add_column(sa.Column("hash", sa.String(64)))
    names = ("number", "time", "who", "role", "action", "subject", "status", "address", "previous", "hash")
    audit = sa.table("audit", *map(sa.column, names))
    connection, last, previous = op.get_bind(), -1, BEGINNING
    change = (
        audit.update()
        .where(audit.c.number == sa.bindparam("at"))
        .values(previous=sa.bindparam("before"), hash=sa.bindparam("own"))
    )
    # The old log dropped its oldest entries and may have left out numbers; from here on there are no gaps.
    while rows := connection.execute(
        sa.select(audit).where(audit.c.number > last).order_by(audit.c.number).limit(AT_ONCE)
    ).all():
        changes = []
        for row in rows:
            own = hash_of({**row._mapping, "previous": previous})
            changes.append({"at": row.number, "before": previous, "own": own})
            previous, last = own, row.number
        connection.execute(change, changes)
    with op.batch_alter_table("audit") as table:
        table.alter_column("previous", existing_type=sa.String(64), nullable=False)
        table.alter_column("hash", existing_type=sa.String(64), nullable=False)
    op.create_table(
        "audit_heads",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("time", sa.Float(53), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("number", "key", name="pk_audit_heads"),
    )
    op.create_table(
        "strangers",
        sa.Column("hour", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(80), nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hour", "address", name="pk_strangers"),
    )


def downgrade() -> None:
    """Take the owners, sessions and the chain away; plans of several owners go to one of them."""
    for name in ("strangers", "audit_heads", "sessions"):
        op.drop_table(name)
    with op.batch_alter_table("audit") as table:
        table.drop_column("hash")
        table.drop_column("previous")
    with op.batch_alter_table("tokens") as table:
        table.drop_column("expires")
    op.drop_index("ix_jobs_owner", "jobs")
    with op.batch_alter_table("jobs") as table:
        table.drop_column("shared")
    with op.batch_alter_table("plans") as table:
        table.add_column(sa.Column("owner", sa.String(80)))
        table.add_column(sa.Column("kept", sa.Boolean))
    connection = op.get_bind()
    plans = sa.table("plans", *map(sa.column, ("id", "owner", "kept")))
    holdings = sa.table("holdings", *map(sa.column, ("plan_id", "owner", "kept")))
    one = sa.select(sa.func.min(holdings.c.owner)).where(holdings.c.plan_id == plans.c.id).scalar_subquery()
    kept = sa.exists().where(holdings.c.plan_id == plans.c.id, holdings.c.kept.is_(sa.true()))
    connection.execute(sa.update(plans).values(owner=sa.func.coalesce(one, UNKNOWN), kept=kept))
    with op.batch_alter_table("plans") as table:
        table.alter_column("owner", existing_type=sa.String(80), nullable=False)
        table.alter_column("kept", existing_type=sa.Boolean, nullable=False)
    op.drop_table("holdings")
