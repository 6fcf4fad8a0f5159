"""Client of the test IO Customer API v2: objects as sent, page by page."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

from core.base.errors import SourceError, SourceUnreadable
from core.base.settings import TestioAccount
from core.ingest.clients.http import ClientOptions, SourceClient, SourceFailed, SourceMissing

PAGE = 100
# Pages in a row without anything that end a list: one may be empty by a server's filter.
EMPTY_PAGES = 2
MOST_PAGES = 10_000
# A list that lacks more of what an earlier run read, and more than half of it, is not believed.
FEW_MISSING = 2


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
) -> list[Any]:
    """Fetch the features of a product and of its sections, each id once."""
    paths = [f"/products/{product_id}/features"]
    paths += [f"/products/{product_id}/sections/{section}/features" for section in section_ids]
    features: list[Any] = []
    for path in paths:
        try:
            features += _list(client, client.get(path), "features")
        except SourceMissing:
            # A product with sections may have features below these only.
            if not section_ids or path != paths[0]:
                raise
    return _unseen(features, set())


@dataclass
class CyclePages:
    """Paging through the list of test cycles of a product, newest first.

    The API sends neither a total nor a next link, and a server may leave items out after it has
    cut the pages. So a short page is not the last one: that is a second empty one in a row, or one
    without new ids, where a server ignores the page number. `has_hole` says that an empty page
    came before one with cycles. Behind the last page of an earlier pass, `known`, nothing is asked
    for again: a short page ends the list there.
    """

    product_id: int
    known: int = MOST_PAGES
    page: int = 0
    last: int = 0
    size: int = PAGE
    ended: bool = False
    has_hole: bool = False
    seen: set[int | str] = field(default_factory=set)
    _empty: int = 0

    def fetch_next(self, client: SourceClient) -> list[Any]:
        """Fetch the next page; `take` it before the one after."""
        path = f"/products/{self.product_id}/exploratory_tests"
        try:
            answer = client.get(path, {"page": self.page + 1, "per_page": PAGE})
        except SourceMissing:
            # Some servers have no page behind the last one.
            if not self.page:
                raise
            return []
        return _list(client, answer, "exploratory_tests")

    def take(self, cycles: list[Any]) -> list[Any]:
        """Take a fetched page: its objects that are new, each id once."""
        self.page += 1
        known = len(self.seen)
        new = _unseen(cycles, self.seen)
        has_new = len(self.seen) > known
        self.has_hole |= has_new and self._empty > 0
        self._empty = 0 if cycles else self._empty + 1
        self.size = max(len(cycles), 1 if self.page == 1 else self.size)
        self.last = self.page if cycles else self.last
        self.ended = not has_new if cycles else self._empty == EMPTY_PAGES
        self.ended |= self.page >= self.known and len(cycles) < self.size
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
    client: SourceClient,
    cycle_ids: Sequence[int],
    *,
    size: int | None = None,
    known: Mapping[int | None, int] = {},
) -> Iterator[BugBatch]:
    """Fetch the bugs of test cycles, in batches that are halved where a request fails.

    `size` is that of the first batch, by default all of them. A test cycle that fails alone is a
    batch with an error; the others follow. Some servers cut an answer off: one with fewer bugs of
    a test cycle than are `known` is halved, too, until the test cycle is asked for alone. Where an
    answer lacked most, what is still missing then is not believed.
    """
    size = size or len(cycle_ids)
    position, step, doubted = 0, size, 0
    while position < len(cycle_ids):
        some = cycle_ids[position : position + step]
        ids = ",".join(map(str, some))
        try:
            answer = client.get("/bugs", {"filter_test_cycle_ids": ids}, divisible=len(some) > 1)
            batch = BugBatch(some, _list(client, answer, "bugs"))
            missing, expected = _missing(batch, known)
        except (SourceFailed, SourceUnreadable) as error:
            batch, missing, expected = BugBatch(some, error=error), 0, 0
        if is_implausible(missing, expected):
            doubted = max(doubted, position + len(some))
        if batch.error or missing:
            if len(some) > 1:
                step = len(some) // 2
                continue
            # The next ones may well succeed together.
            step = size
        if missing and position < doubted:
            reason = f"{missing:,} of its {expected:,} bugs are not listed any more"
            kept = SourceUnreadable(f"{client.host}: {reason}: all are kept as they were.")
            batch = BugBatch(some, error=kept)
        yield batch
        position += len(some)


def is_implausible(missing: int, known: int) -> bool:
    """Whether a list lacks too much of what an earlier run read to be believed."""
    return missing > max(FEW_MISSING, known // 2)


def _missing(batch: BugBatch, known: Mapping[int | None, int]) -> tuple[int, int]:
    """How many of the known bugs of the test cycles are missing, and how many are known."""
    cycles = (bug.get("test") for bug in batch.bugs if isinstance(bug, dict))
    number = Counter(cycle.get("id") for cycle in cycles if isinstance(cycle, dict))
    expected = {cycle_id: known.get(cycle_id, 0) for cycle_id in batch.cycle_ids}
    missing = sum(max(0, count - number[cycle_id]) for cycle_id, count in expected.items())
    return missing, sum(expected.values())


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


def _unseen(objects: list[Any], seen: set[int | str]) -> list[Any]:
    """The objects with a new id, and those without any, for the parser to refuse."""
    new = []
    for obj in objects:
        number = obj.get("id") if isinstance(obj, dict) else None
        if not isinstance(number, int | str) or isinstance(number, bool):
            new.append(obj)
        elif number not in seen:
            seen.add(number)
            new.append(obj)
    return new
