"""What Alembic runs; the connection and its transaction come from `core.store.migrations`."""

from alembic import context

from core.store.columns import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
