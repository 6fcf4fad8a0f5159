"""Reading the catalogue of an account: its products, their features, the reasons for rejections.

The products are read by every run. The rest changes seldom, and is read again by its own age.
"""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select

from core.base import clock
from core.base.fields import Parsed, parse_all
from core.ingest.clients.concurrency import Workers
from core.ingest.clients.http import SourceClient
from core.ingest.clients.testio import fetch_features, fetch_products, fetch_reject_reasons
from core.ingest.parse.testio import (
    ParsedFeature,
    ParsedProduct,
    ParsedReason,
    parse_feature,
    parse_product,
    parse_reject_reason,
)
from core.ingest.save import save_features, save_products, save_reject_reasons
from core.ingest.sync.run import Run
from core.ingest.sync.state import FEATURES, REJECT_REASONS, State, forget_lists, note_list
from core.store import RejectionReason, table


def read_catalogue(
    client: SourceClient, run: Run, workers: Workers, state: State
) -> Sequence[ParsedProduct]:
    """Write the products, and the features of those that are due; answers with the products."""
    run.progress("catalogue", 0, None, "Reading the products")
    asked = workers.submit(lambda: parse_all(parse_product, fetch_products(client)))
    run.wait(asked)
    products = asked.result()
    listed = {product.id for product in products.items}
    left = [key for kind, key in state.lists if kind == FEATURES and key not in listed]
    run.write(
        partial(save_products, products=products.items),
        # The features of a product that left the catalogue leave with it.
        partial(save_features, features=(), of=()),
        *([partial(forget_lists, kind=FEATURES, parent_ids=left)] if left else []),
        reads=[("product", products)],
    )
    due = [p for p in products.items if state.is_due(FEATURES, p.id) or p.id in left]
    futures = [workers.submit(partial(_features, client, product)) for product in due]
    for position, (product, future) in enumerate(zip(due, futures, strict=True)):
        text = f"Reading the features of {product.name or f'product {product.id}'}"
        run.progress("catalogue", position, len(due), text)
        with run.skipping("product", product.id, "features"):
            run.wait(future)
            features = future.result()
            run.write(
                partial(save_features, features=features.items, of=[product.id]),
                partial(note_list, kind=FEATURES, parent_id=product.id, read_at=clock.now()),
                reads=[("feature", features)],
            )
    return products.items


def _features(client: SourceClient, product: ParsedProduct) -> Parsed[ParsedFeature]:
    return parse_all(
        partial(parse_feature, product_id=product.id),
        fetch_features(client, product.id, product.section_ids),
    )


def read_reasons(
    client: SourceClient, run: Run, workers: Workers, state: State
) -> list[ParsedReason]:
    """Write the reasons for rejections, where they are due; answers with all ever listed."""
    if state.is_due(REJECT_REASONS):
        asked = workers.submit(lambda: parse_all(parse_reject_reason, fetch_reject_reasons(client)))
        with run.skipping("rejection_reason", "", "reject_reasons"):
            run.wait(asked)
            reasons = asked.result()
            run.write(
                partial(save_reject_reasons, reasons=reasons.items),
                partial(note_list, kind=REJECT_REASONS, parent_id=0, read_at=clock.now()),
                reads=[("rejection_reason", reasons)],
            )
    # A comment of an old rejection may start from one that is listed no more.
    reason = table(RejectionReason).c
    with run.store.read() as session:
        rows = session.connection().execute(
            select(reason.key, reason.name, reason.default_comment)
            .where(reason.account_id == run.account_id)
            .order_by(reason.key)
        )
        return [ParsedReason(**row) for row in rows.mappings()]
