"""Run the migrations on the connection that ``Database.upgrade`` opened."""

from alembic import context

from serving.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by copying it; batch mode writes that out.
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
