"""Alembic asks here for its connection: the one that :mod:`core.study.database` has open already."""

from alembic import context

from core.study.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
