"""Client of the test IO Customer API v2: objects as sent, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

from core.base.errors import SourceError, SourceUnreadable
from core.base.settings import TestioAccount
from core.ingest.clients.http import ClientOptions, SourceClient, SourceFailed, SourceMissing

PAGE = 100
# No server has smaller pages, so a shorter first page is the only one.
SMALLEST_LIMIT = 10
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class BugBatch:
    """The bugs of some test cycles, or the error at the bugs of a single one."""

    cycle_ids: Sequence[int]
    bugs: Sequence[Any] = ()
    error: SourceError | None = None


def connect(account: TestioAccount, **options: Unpack[ClientOptions]) -> SourceClient:
    """Make a client for one customer account. Raises ConfigError for a bad address or token."""
    return SourceClient(
        account.base_url,
        address_setting="TESTIO_CUSTOMER_API_BASE_URL",
        token=account.token,
        token_setting=f"TESTIO_CUSTOMER_API_TOKEN of account {account.id!r}",
        **options,
    )


def fetch_products(client: SourceClient) -> list[Any]:
    """Fetch the products of the catalogue."""
    return _list(client, client.get("/products"), "products")


def fetch_features(
    client: SourceClient, product_id: int, section_ids: Sequence[int] = ()
) -> Iterator[Any]:
    """Fetch the features of a product and of its sections, each id once."""
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


@dataclass
class CyclePages:
    """Paging through the list of test cycles of a product, newest first.

    The API sends neither a total nor a next link: the last page is a short or empty one, or one
    without new ids, where a server ignores the page number.
    """

    product_id: int
    page: int = 0
    size: int = PAGE
    ended: bool = False
    seen: set[int] = field(default_factory=set)

    def fetch_next(self, client: SourceClient) -> list[Any]:
        """Fetch the next page; `take` it before the one after."""
        path = f"/products/{self.product_id}/exploratory_tests"
        answer = client.get(path, {"page": self.page + 1, "per_page": PAGE})
        return _list(client, answer, "exploratory_tests")

    def take(self, cycles: list[Any]) -> list[Any]:
        """Take a fetched page: its objects that are new, each id once."""
        self.page += 1
        known = len(self.seen)
        new = _unseen(cycles, self.seen)
        if self.page == 1 and SMALLEST_LIMIT <= len(cycles) < PAGE:
            # Either the whole list, or a server whose pages are smaller than requested.
            self.size = len(cycles)
        self.ended = len(self.seen) == known or len(cycles) < self.size
        if self.page >= MOST_PAGES and not self.ended:
            raise SourceUnreadable(
                f"The list of test cycles of product {self.product_id} has no end: "
                f"reading stopped after {MOST_PAGES} pages."
            )
        return new


def fetch_cycle(client: SourceClient, cycle_id: int) -> Any:
    """Fetch one test cycle; None where the source no longer has it."""
    try:
        answer = client.get(f"/exploratory_tests/{cycle_id}")
    except SourceMissing:
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("exploratory_test"), dict):
        raise _unexpected(client, "exploratory_test")
    return answer["exploratory_test"]


def fetch_bugs(
    client: SourceClient, cycle_ids: Sequence[int], *, size: int | None = None
) -> Iterator[BugBatch]:
    """Fetch the bugs of test cycles, in batches that are halved where a request fails.

    `size` is that of the first batch, by default all of them. A test cycle that fails alone is a
    batch with an error; the others follow.
    """
    size = size or len(cycle_ids)
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
            # Skip it: the next ones may well succeed together.
            batch, step = BugBatch(some, error=error), size
        yield batch
        position += len(some)


def fetch_reject_reasons(client: SourceClient) -> list[Any]:
    """Fetch the reasons for rejections."""
    return _list(client, client.get("/bugs/reject_reasons"), "reject_reasons")


def _list(client: SourceClient, answer: Any, key: str) -> list[Any]:
    """The list in an answer. A missing one is not taken for empty, which would delete rows."""
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
    """The objects with a new id, and those without any, for the parser to refuse."""
    new = []
    for obj in objects:
        number = obj.get("id") if isinstance(obj, dict) else None
        if type(number) is not int:
            new.append(obj)
        elif number not in seen:
            seen.add(number)
            new.append(obj)
    return new
