"""Alembic's entry: it works on the connection that ``adapters.db.migrate`` hands over."""

from alembic import context

from gongfu_fleet.adapters.db.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
