"""Synchronisation of one account with the test IO Customer API.

Several requests are in flight at a time, and lists are read no further than they can have changed.
Products are read by every run; features and rejection reasons change seldom, and are read again
by their age.
"""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

from core.base import clock, text
from core.base.fields import ParsedRow, parse_all
from core.base.settings import TestioAccount
from core.ingest.clients.concurrency import Workers
from core.ingest.clients.http import ClientOptions
from core.ingest.clients.testio import connect, fetch_features, fetch_products, fetch_reject_reasons
from core.ingest.parse.testio import Reasons, parse_feature, parse_product, parse_reject_reason
from core.ingest.save.testio import save_features, save_products, save_reject_reasons
from core.ingest.sync.cycle_lists import CycleLists
from core.ingest.sync.history import READ, rows_of
from core.ingest.sync.pipeline import Pipeline
from core.ingest.sync.run import Names, OnProgress, Run, SyncReport, record_run, summary
from core.ingest.sync.state import (
    FEATURES,
    REJECT_REASONS,
    StoredState,
    forget_lists,
    forget_readings,
    load_state,
    move_bugs_without_cycle,
    note_list,
)
from core.store import RejectionReason, Store

SOURCE = "testio"
ENTITIES = {
    "product": "products",
    "feature": "features",
    "test_cycle": "test cycles",
    "bug": "bugs",
}


def sync_account(
    store: Store,
    account: TestioAccount,
    *,
    full: bool = False,
    on_progress: OnProgress | None = None,
    **options: Unpack[ClientOptions],
) -> SyncReport:
    """Synchronise one account with test IO; failures become the report's status."""

    def read(run: Run) -> SyncReport:
        with connect(account, **options) as client, Workers(client) as workers:
            run.client = client
            whole, nameless = _read_account(run, workers, full=full)
        return run.finish(_message, whole, nameless)

    return record_run(store, account, SOURCE, on_progress, read)


def _read_account(run: Run, workers: Workers, *, full: bool) -> tuple[Names, Names]:
    """Read and write what can have changed since the last run, or everything (`full`).

    Returns the entities that were seen whole, and those of which all nameless ones were.
    """
    if full:
        run.write(forget_readings)
    state = load_state(run.scope)
    products = _read_catalogue(run, workers, state)
    reasons = _read_reasons(run, workers, state)
    pipeline = Pipeline(run, workers, state, reasons)
    cycles = CycleLists(pipeline, products)
    cycles.read(cycles.lists)
    cycles.request_by_id()
    pipeline.finish()
    cycles.note_lists()
    if full:
        if run.complete:
            run.write(partial(move_bugs_without_cycle, keep=pipeline.without_cycle))
        return (*ENTITIES, "rejection_reason"), ()
    whole = ("product", "rejection_reason") if state.is_due(REJECT_REASONS) else ("product",)
    to_end = all(listed.read_to_end for listed in cycles.lists)
    return whole, ("bug", "test_cycle") if to_end else ("bug",)


def _read_catalogue(run: Run, workers: Workers, state: StoredState) -> Sequence[ParsedRow]:
    """Read and write the products, and the features of those that are due."""
    run.progress("catalogue", 0, None, "Reading the products")
    products = parse_all(parse_product, run.result_of(workers.submit(fetch_products)))
    listed = {product.id for product in products.items}
    left = [key for kind, key in state.lists if kind == FEATURES and key not in listed]
    run.write(
        partial(save_products, products=products.items),
        # The features of a product that left the catalogue leave with it.
        partial(save_features, features=(), of=()),
        *([partial(forget_lists, kind=FEATURES, parent_ids=left)] if left else []),
        product=products,
    )
    due = [p for p in products.items if state.is_due(FEATURES, p.id) or p.id in left]
    futures = [
        workers.submit(fetch_features, product.id, product.links["section_ids"]) for product in due
    ]
    for position, (product, future) in enumerate(zip(due, futures, strict=True)):
        said = f"Reading the features of {product.row['name'] or f'product {product.id}'}"
        run.progress("catalogue", position, len(due), said)
        with run.skip_failures("product", product.id, "features"):
            sent = run.result_of(future)
            features = parse_all(partial(parse_feature, product_id=product.id), sent)
            run.write(
                partial(save_features, features=features.items, of=[product.id]),
                partial(note_list, kind=FEATURES, parent_id=product.id, read_at=clock.now()),
                feature=features,
            )
    return products.items


def _read_reasons(run: Run, workers: Workers, state: StoredState) -> Reasons:
    """Read and write the reasons for rejections, where due; returns all ever listed, by key."""
    if state.is_due(REJECT_REASONS):
        request = workers.submit(fetch_reject_reasons)
        with run.skip_failures("rejection_reason", "", "reject_reasons"):
            sent = run.result_of(request)
            reasons = parse_all(parse_reject_reason, sent)
            run.write(
                partial(save_reject_reasons, parsed=reasons.items),
                partial(note_list, kind=REJECT_REASONS, parent_id=0, read_at=clock.now()),
                rejection_reason=reasons,
            )
    # A comment of an old rejection may start from a reason that is no longer listed.
    return {one.key: one.default_comment for one in run.scope.objects(RejectionReason)}


def _message(report: SyncReport) -> str:
    read = [f"{rows_of(report.counts, READ, [key]):,} {words}" for key, words in ENTITIES.items()]
    gone = rows_of(report.counts, ["removed"], ["test_cycle", "bug"])
    then = f" No longer in the source, and kept apart: {gone:,}." if gone else ""
    return summary(report, text.listed(read), ENTITIES, then)
