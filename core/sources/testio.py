"""The test IO Customer API v2: fetching its objects page by page, and the parsers of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from core.config import TestioAccount
from core.errors import SourceError, SourceUnreadable
from core.sources.http import Patience, SourceClient, SourceFailed, SourceMissing
from core.sources.testio_objects import (
    ParsedBug,
    ParsedCycle,
    ParsedFeature,
    ParsedProduct,
    ParsedReason,
    ProductRef,
    parse_bug,
    parse_cycle,
    parse_feature,
    parse_product,
    parse_reject_reason,
)

__all__ = [
    "BugBatch",
    "ParsedBug",
    "ParsedCycle",
    "ParsedFeature",
    "ParsedProduct",
    "ParsedReason",
    "ProductRef",
    "connect",
    "fetch_bugs",
    "fetch_cycle",
    "fetch_cycles",
    "fetch_features",
    "fetch_products",
    "fetch_reject_reasons",
    "parse_bug",
    "parse_cycle",
    "parse_feature",
    "parse_product",
    "parse_reject_reason",
]

PAGE = 100
# No server limits its pages to fewer, so a shorter first page is the only one.
SMALLEST_LIMIT = 10
MOST_PAGES = 10_000
# About a thousand bugs in an answer: few requests, and little memory.
CYCLES_PER_REQUEST = 25


@dataclass(frozen=True, slots=True)
class BugBatch:
    """The bugs of some test cycles, or the error that kept those of one cycle from being read."""

    cycle_ids: Sequence[int]
    bugs: Sequence[Any] = ()
    error: SourceError | None = None


def connect(
    account: TestioAccount,
    *,
    patience: Patience | None = None,
    transport: httpx.BaseTransport | None = None,
) -> SourceClient:
    """A client for one customer account. Raises ConfigError for an address or token of no sense."""
    return SourceClient(
        account.base_url,
        address_setting="TESTIO_CUSTOMER_API_BASE_URL",
        token=account.token,
        token_setting=f"TESTIO_CUSTOMER_API_TOKEN of account {account.id!r}",
        patience=patience,
        transport=transport,
    )


def fetch_products(client: SourceClient) -> list[Any]:
    """The products of the catalogue, as sent."""
    return _list(client, client.get("/products"), "products")


def fetch_features(
    client: SourceClient, product_id: int, section_ids: Sequence[int] = ()
) -> Iterator[Any]:
    """The features of a product and of its sections, as sent, each id once."""
    paths = [f"/products/{product_id}/features"]
    paths += [f"/products/{product_id}/sections/{section}/features" for section in section_ids]
    seen: set[int] = set()
    for path in paths:
        try:
            answer = client.get(path)
        except SourceMissing:
            # A product with sections may have features below these only.
            if not section_ids or path != paths[0]:
                raise
            continue
        yield from _unseen(_list(client, answer, "features"), seen)


def fetch_cycles(
    client: SourceClient, product_id: int, *, per_page: int = PAGE
) -> Iterator[list[Any]]:
    """The test cycles of a product, newest first: page by page, as sent, each id once.

    The API tells neither how many there are nor which page is the last: that is a short or empty
    page, or one without anything new, where a server ignores the page number.
    """
    seen: set[int] = set()
    size = per_page
    for page in range(1, MOST_PAGES + 1):
        answer = client.get(
            f"/products/{product_id}/exploratory_tests", {"page": page, "per_page": per_page}
        )
        cycles = _list(client, answer, "exploratory_tests")
        known = len(seen)
        new = _unseen(cycles, seen)
        if new:
            yield new
        if page == 1 and SMALLEST_LIMIT <= len(cycles) < per_page:
            # Either all there are, or a server whose pages are smaller than asked for.
            size = len(cycles)
        if len(seen) == known or len(cycles) < size:
            return
    raise SourceUnreadable(
        f"{client.host} has no end of test cycles for product {product_id}: "
        f"reading stopped after {MOST_PAGES} pages."
    )


def fetch_cycle(client: SourceClient, cycle_id: int) -> Any:
    """One test cycle, as sent; None where the source has it no more."""
    try:
        answer = client.get(f"/exploratory_tests/{cycle_id}")
    except SourceMissing:
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("exploratory_test"), dict):
        raise _unexpected(client, "exploratory_test")
    return answer["exploratory_test"]


def fetch_bugs(
    client: SourceClient, cycle_ids: Sequence[int], *, size: int = CYCLES_PER_REQUEST
) -> Iterator[BugBatch]:
    """The bugs of test cycles, as sent, in batches that shrink where the source fails at them.

    A test cycle at which it fails alone is a batch with an error; the others follow.
    """
    position, step = 0, size
    while position < len(cycle_ids):
        some = cycle_ids[position : position + step]
        ids = ",".join(map(str, some))
        try:
            answer = client.get("/bugs", {"filter_test_cycle_ids": ids}, divisible=len(some) > 1)
            batch = BugBatch(some, _list(client, answer, "bugs"))
        except (SourceFailed, SourceUnreadable) as error:
            if len(some) > 1:
                step = len(some) // 2
                continue
            # That one is passed: the next may well be read together.
            batch, step = BugBatch(some, error=error), size
        yield batch
        position += len(some)


def fetch_reject_reasons(client: SourceClient) -> list[Any]:
    """The reasons for rejections, as sent."""
    return _list(client, client.get("/bugs/reject_reasons"), "reject_reasons")


def _list(client: SourceClient, answer: Any, key: str) -> list[Any]:
    """The list in an answer. Its absence is never taken for an empty one: that removes rows."""
    found = answer.get(key) if isinstance(answer, dict) else answer
    if not isinstance(found, list):
        raise _unexpected(client, key)
    return found


def _unexpected(client: SourceClient, key: str) -> SourceUnreadable:
    return SourceUnreadable(
        f"{client.host} answered without {key!r}, which its API has: check that "
        "TESTIO_CUSTOMER_API_BASE_URL is the address of the API."
    )


def _unseen(objects: list[Any], seen: set[int]) -> list[Any]:
    """The objects with an id not seen yet, and those without any, for the parser to refuse."""
    new = []
    for obj in objects:
        number = obj.get("id") if isinstance(obj, dict) else None
        if type(number) is not int:
            new.append(obj)
        elif number not in seen:
            seen.add(number)
            new.append(obj)
    return new
