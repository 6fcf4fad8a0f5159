"""Lists of test cycles: which pages a run requests, and which cycles it requests by id.

A list is newest first, so new cycles are at its head, and a page of settled cycles alone ends it
early. Three kinds of cycles are deeper in it: those that can still change, of which a few are
requested by id; those that an earlier run did not reach, for which the list is read whole; and
those that moved while the list was read, for which a list with new cycles on a later page is read
twice.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from core.base import clock
from core.base.fields import ParsedRow, Row, parse_all
from core.ingest.clients.testio import CyclePages, fetch_cycle
from core.ingest.parse.testio import parse_cycle
from core.ingest.sync.pipeline import Pipeline
from core.ingest.sync.state import (
    FINAL,
    TEST_CYCLES,
    StoredCycle,
    forget_lists,
    move_cycles,
    note_list,
)

MOST_PASSES = 2
# Each costs a request; more of them means a list that leaves cycles out, not deleted cycles.
MOST_BY_ID = 100
# Lists that are read at a time.
LISTS_AHEAD = 4


@dataclass(eq=False)
class ProductList:
    """The list of one product as a run reads it, to its end where `whole` is set.

    `stored` are the stored test cycles of the account, `own` the ids of those of the product.
    `has_new` says that it named a cycle that is not stored; `is_sure` that none was missed.
    """

    product: ParsedRow
    stored: Mapping[int, StoredCycle]
    own: Collection[int]
    whole: bool
    read_to_end: bool = False
    has_new: bool = False
    is_sure: bool = True
    wants_more: bool = True
    _passes: int = 1
    _new_below: bool = False
    _ids: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pages = CyclePages(self.product.id)

    def take(self, page: list[Any]) -> list[Any]:
        """Take a page: the objects that are new on it; sets whether another page is needed."""
        new = self.pages.take(page)
        ids = {obj["id"] for obj in new if isinstance(obj, dict) and type(obj.get("id")) is int}
        unknown = ids - self.stored.keys() - self._ids
        self.has_new |= bool(unknown)
        self._new_below |= bool(unknown) and self.pages.page > 1
        fresh = [obj for obj in new if not isinstance(obj, dict) or obj.get("id") not in self._ids]
        self._ids |= ids
        if self.pages.ended:
            self.read_to_end = True
            self.is_sure = not self._new_below and not self.pages.has_hole
            self.wants_more = not self.is_sure and self._passes < MOST_PASSES
            if self.wants_more:
                self.pages = CyclePages(self.product.id, known=self.pages.last)
                self._passes += 1
                self._new_below = False
        elif not self.whole:
            self.wants_more = bool(unknown) or not page or self._paging_is_cheaper()
        return fresh

    def unlisted(self, seen: Collection[int]) -> list[int]:
        """Stored cycles to request by id: they can change, or the whole list does not name them."""
        return [
            number
            for number in self.own
            if number not in seen and (self.read_to_end or not self.stored[number].is_settled)
        ]

    def _paging_is_cheaper(self) -> bool:
        unseen = set(self.own) - self._ids
        can_change = sum(not self.stored[number].is_settled for number in unseen)
        return can_change > ceil(len(unseen) / self.pages.size)


class CycleLists:
    """The lists of test cycles of all products, as far as a run has read them."""

    def __init__(self, pipeline: Pipeline, products: Sequence[ParsedRow]) -> None:
        self._pipeline = pipeline
        self._run, self._state = pipeline.run, pipeline.state
        own = defaultdict(set)
        for number, cycle in self._state.cycles.items():
            own[cycle.product_id].add(number)
        self.lists = [
            ProductList(
                product,
                self._state.cycles,
                own[product.id],
                whole=self._state.is_due(TEST_CYCLES, product.id),
            )
            for product in products
        ]
        # The product whose list named a test cycle; None where none did.
        self._seen: dict[int, int | None] = {}
        self._failed: set[int] = set()

    def request_by_id(self) -> None:
        """Request each stored test cycle that can have changed, or been deleted, and is not listed.

        A list alone proves no deletion: pages shift while they are read, and some servers cut the
        list. Deleted is a cycle that the whole list lacks and that is not found by its id either.
        """
        wanted = self._unlisted()
        requested = sorted(wanted, reverse=True)[:MOST_BY_ID]
        futures = [self._pipeline.workers.submit(fetch_cycle, number) for number in requested]
        missing = []
        for number, future in zip(requested, futures, strict=True):
            with self._run.skip_failures("test_cycle", number, "exploratory_test"):
                found = self._pipeline.result_of(future)
                if found is None:
                    missing.append(number)
                else:
                    by = wanted[number]
                    stored = {"id": self._state.cycles[number].product_id}
                    self._add([found], stored if by is None else by.product.row, None)
        doubted = dict.fromkeys(wanted[number] for number in missing)
        lists = [listed for listed in doubted if listed is not None and not listed.read_to_end]
        for listed in lists:
            listed.whole = listed.wants_more = True
        self.read(lists)
        for number in missing:
            by = wanted[number]
            if number not in self._seen and (by is None or by.read_to_end):
                self._run.write(partial(move_cycles, ids=[number]))
        if len(wanted) > len(requested):
            left = len(wanted) - len(requested)
            reason = f"{left:,} test cycles are not listed any more and were left as they are"
            self._run.note_unread("test_cycle", "", "exploratory_tests", reason)

    def note_lists(self) -> None:
        """Record which lists the next run need not read to their end."""
        unread = {self._seen.get(number) for number in self._pipeline.unread_new}
        works = []
        for listed in self.lists:
            key = (TEST_CYCLES, listed.product.id)
            read_at = self._state.lists.get(key)
            if listed.read_to_end and listed.is_sure:
                read_at = clock.now()
            elif not listed.has_new:
                continue
            if read_at is not None and listed.product.id not in unread | self._failed:
                works.append(partial(note_list, kind=key[0], parent_id=key[1], read_at=read_at))
        if works:
            self._run.write(*works)

    def read(self, lists: Iterable[ProductList]) -> None:
        """Read lists as far as necessary.

        Some at a time: of a small one most of the time is that of its last pages.
        """
        waiting, submit = deque(lists), self._pipeline.workers.submit
        pages = deque[tuple[ProductList, Any]]()
        while waiting or pages:
            while waiting and len(pages) < LISTS_AHEAD:
                pages.append((waiting[0], submit(waiting.popleft().pages.fetch_next)))
            listed, page = pages.popleft()
            product = listed.product
            self._failed.add(product.id)
            with self._run.skip_failures("product", product.id, "exploratory_tests"):
                had_new = listed.has_new
                objects = listed.take(self._pipeline.result_of(page))
                self._failed.discard(product.id)
                is_noted = (TEST_CYCLES, product.id) in self._state.lists
                if listed.has_new and not had_new and is_noted:
                    # Until all new cycles are stored, a page of known ones does not end the list.
                    ids = [product.id]
                    self._run.write(partial(forget_lists, kind=TEST_CYCLES, parent_ids=ids))
                if listed.wants_more:
                    pages.append((listed, submit(listed.pages.fetch_next)))
                elif listed.pages.has_hole:
                    reason = "an empty page came before others: test cycles may be missing"
                    self._run.note_unread("product", product.id, "exploratory_tests", reason)
                self._add(objects, product.row, product.id)

    def _add(self, objects: Iterable[Any], product: Row, by: int | None) -> None:
        """Queue the test cycles that can have changed; `product` is that of one that names none."""
        parsed = parse_all(parse_cycle, objects)
        self._run.note_refused("test_cycle", parsed)
        for cycle in parsed.items:
            if cycle.id in self._seen:
                continue
            self._seen[cycle.id] = by
            stored = self._state.cycles.get(cycle.id)
            if stored is None or not stored.is_settled or cycle.row["status"] not in FINAL:
                if cycle.row["product_id"] is None:
                    cycle.row["product_id"] = product.get("id")
                    cycle.links["product_name"] = product.get("name")
                self._pipeline.add(cycle)

    def _unlisted(self) -> dict[int, ProductList | None]:
        """Ids to request, each with the list that should have named it, if there is one."""
        products = {listed.product.id for listed in self.lists}
        wanted: dict[int, ProductList | None] = {
            number: None
            for number, cycle in self._state.cycles.items()
            if not cycle.is_settled
            and cycle.product_id not in products
            and number not in self._seen
        }
        for listed in self.lists:
            if listed.product.id not in self._failed:
                wanted |= dict.fromkeys(listed.unlisted(self._seen), listed)
        return wanted
