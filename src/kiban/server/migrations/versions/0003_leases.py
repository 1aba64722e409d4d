"""A job's lease by the database's clock instead of a beat by its server's, and the deaths that count against it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until a server renews it, what was a beat is a lease that is over."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("beat", new_column_name="lease", existing_type=sa.Float(53), existing_nullable=True)
        jobs.add_column(sa.Column("deaths", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Back to beats."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("deaths")
        jobs.alter_column("lease", new_column_name="beat", existing_type=sa.Float(53), existing_nullable=True)
