"""A run from its lease to its report, whatever it reads: what fails stands in the report."""

from collections.abc import Callable
from time import monotonic

from core.base.errors import StoreError, TouchstoneError
from core.ingest.clients.concurrency import Stopped
from core.ingest.sync.run import Busy, Progress, Run, SyncReport
from core.store import Store


def recorded(
    store: Store,
    account: tuple[str, str],
    source: str,
    on_progress: Callable[[Progress], None] | None,
    read: Callable[[Run], SyncReport],
) -> SyncReport:
    """Have one source of an account (id and name) read."""
    started = monotonic()
    account_id, name = account
    try:
        store.ensure_account(account_id, name)
        run = Run(store, account_id, source, on_progress)
    except StoreError as error:
        return SyncReport(
            account_id=account_id,
            source=source,
            run_id=None,
            status="busy" if isinstance(error, Busy) else "failed",
            message=str(error),
            seconds=monotonic() - started,
        )
    with run:
        try:
            return read(run)
        except Stopped as error:
            return run.fail(str(error), status="stopped")
        except TouchstoneError as error:
            return run.fail(str(error))
