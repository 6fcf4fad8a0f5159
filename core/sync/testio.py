"""Reading one account of the test IO Customer API into the store.

Catalogue, then test cycles page by page, then their bugs batch by batch: each is written in a unit
of its own as soon as it is read, so that memory is bounded and what was read stays.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import select

from core.save import save_bugs, save_cycles, save_features, save_products, save_reject_reasons
from core.sources.fields import Parsed, parse_all
from core.sources.http import SourceClient
from core.sources.testio import (
    ParsedFeature,
    ParsedProduct,
    ParsedReason,
    ProductRef,
    fetch_bugs,
    fetch_cycle,
    fetch_cycles,
    fetch_features,
    fetch_products,
    fetch_reject_reasons,
    parse_bug,
    parse_cycle,
    parse_feature,
    parse_product,
    parse_reject_reason,
)
from core.store import RejectionReason, TestCycle, table
from core.sync.drop import drop_bugs, drop_cycles, drop_loose_bugs
from core.sync.run import Run

__all__ = ["read_account"]

# Each costs a request; more of them means a list that leaves cycles out, not cycles deleted.
MOST_ASKED_BY_ID = 100


def read_account(client: SourceClient, run: Run) -> None:
    """Read all that the source has of an account, and write it as it comes."""
    products = _read_catalogue(client, run)
    _read_reasons(client, run)
    reasons = _stored_reasons(run)
    cycle_ids = _read_cycles(client, run, products)
    _read_bugs(client, run, list(cycle_ids), reasons)


def _read_catalogue(client: SourceClient, run: Run) -> Sequence[ParsedProduct]:
    """Products and features, written together."""
    run.progress("catalogue", 0, None, "Reading the products")
    products = parse_all(parse_product, fetch_products(client))
    features: list[Parsed[ParsedFeature]] = []
    complete = []
    for position, product in enumerate(products.items):
        text = f"Reading the features of {_called(product)}"
        run.progress("catalogue", position, len(products.items), text)
        parse = partial(parse_feature, product_id=product.id)
        with run.skipping("product", product.id, "features"):
            found = fetch_features(client, product.id, product.section_ids)
            features.append(parse_all(parse, found))
            complete.append(product.id)
    listed = [feature for found in features for feature in found.items]
    run.write(
        partial(save_products, products=products.items),
        partial(save_features, features=listed, of=complete),
        reads=[("product", products), *(("feature", found) for found in features)],
    )
    return products.items


def _read_reasons(client: SourceClient, run: Run) -> None:
    with run.skipping("rejection_reason", "", "reject_reasons"):
        reasons = parse_all(parse_reject_reason, fetch_reject_reasons(client))
        run.write(
            partial(save_reject_reasons, reasons=reasons.items),
            reads=[("rejection_reason", reasons)],
        )


def _stored_reasons(run: Run) -> list[ParsedReason]:
    """All reasons ever listed: a comment of an old rejection may start from one that is gone."""
    reason = table(RejectionReason).c
    with run.store.read() as session:
        rows = session.connection().execute(
            select(reason.key, reason.name, reason.default_comment).where(
                reason.account_id == run.account_id
            )
        )
        return [ParsedReason(**row) for row in rows.mappings()]


def _read_cycles(
    client: SourceClient, run: Run, products: Sequence[ParsedProduct]
) -> dict[int, None]:
    """The ids of the test cycles that were read and written."""
    seen: dict[int, None] = {}
    complete: list[ParsedProduct] = []
    for position, product in enumerate(products):
        with run.skipping("product", product.id, "exploratory_tests"):
            for page in fetch_cycles(client, product.id):
                seen |= dict.fromkeys(_write_cycles(run, page, product))
                text = f"{len(seen):,} test cycles read, now of {_called(product)}"
                run.progress("cycles", position, len(products), text)
            complete.append(product)
    missing = _unlisted(run, {p.id: p for p in complete}, seen)
    seen |= dict.fromkeys(_ask_by_id(client, run, missing))
    run.progress("cycles", len(products), len(products), f"{len(seen):,} test cycles read")
    return seen


def _write_cycles(run: Run, objects: Sequence[object], product: ParsedProduct) -> list[int]:
    """Write test cycles; one that names no product is of the product that lists it."""
    parsed = parse_all(parse_cycle, objects)
    listed_by = ProductRef(product.id, product.name)
    cycles = [c if c.product else replace(c, product=listed_by) for c in parsed.items]
    run.write(partial(save_cycles, cycles=cycles), reads=[("test_cycle", parsed)])
    return [cycle.id for cycle in cycles]


def _unlisted(
    run: Run, products: Mapping[int, ParsedProduct], seen: Collection[int]
) -> list[tuple[int, ParsedProduct]]:
    """Stored test cycles, newest first, of products whose list was read and did not name them."""
    cycle = table(TestCycle).c
    with run.store.read() as session:
        stored = session.connection().execute(
            select(cycle.id, cycle.product_id)
            .where(cycle.account_id == run.account_id, cycle.product_id.in_(products))
            .order_by(cycle.id.desc())
        )
        return [(row.id, products[row.product_id]) for row in stored if row.id not in seen]


def _ask_by_id(
    client: SourceClient, run: Run, missing: Sequence[tuple[int, ParsedProduct]]
) -> list[int]:
    """Ask for each test cycle that no list named, and remove those that are gone.

    Not to be listed is no proof: pages shift while they are read, and some servers cut the list.
    """
    kept: list[int] = []
    asked = missing[:MOST_ASKED_BY_ID]
    for position, (cycle_id, product) in enumerate(asked):
        text = f"Asking for test cycle {cycle_id}, which is no longer listed"
        run.progress("cycles", position, len(asked), text)
        with run.skipping("test_cycle", cycle_id, "exploratory_test"):
            found = fetch_cycle(client, cycle_id)
            if found is None:
                run.write(partial(drop_cycles, ids=[cycle_id]))
            else:
                kept += _write_cycles(run, [found], product)
    if len(missing) > len(asked):
        unasked = len(missing) - len(asked)
        reason = f"{unasked:,} test cycles are not listed any more and were left as they are"
        run.lack("test_cycle", "", "exploratory_tests", reason)
    return kept


def _read_bugs(
    client: SourceClient, run: Run, cycle_ids: Sequence[int], reasons: Sequence[ParsedReason]
) -> None:
    known = frozenset(cycle_ids)
    loose: set[int] = set()
    done = found = 0
    for batch in fetch_bugs(client, cycle_ids):
        with run.skipping("test_cycle", batch.cycle_ids[0], "bugs"):
            if batch.error is not None:
                raise batch.error
            parsed = parse_all(partial(parse_bug, reasons=reasons), batch.bugs)
            keep = {bug.id for bug in parsed.items}
            run.write(
                partial(save_bugs, bugs=parsed.items),
                partial(drop_bugs, cycle_ids=batch.cycle_ids, keep=keep),
                reads=[("bug", parsed)],
            )
            loose |= {bug.id for bug in parsed.items if bug.cycle_id not in known}
            found += len(keep)
        done += len(batch.cycle_ids)
        text = f"{found:,} bugs read, of {done:,} of {len(cycle_ids):,} test cycles"
        run.progress("bugs", done, len(cycle_ids), text)
    if run.complete:
        run.write(partial(drop_loose_bugs, keep=loose))


def _called(product: ParsedProduct) -> str:
    return product.name or f"product {product.id}"
