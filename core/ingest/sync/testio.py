"""Reading one account of the test IO Customer API into the store.

Of the lists of test cycles no more is read than can have changed, several requests at a time; the
test cycles themselves are written by `core.sync.pipeline`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from core.base import clock
from core.base.fields import parse_all
from core.ingest.clients.concurrency import WIDTH, Workers
from core.ingest.clients.http import SourceClient
from core.ingest.clients.testio import fetch_cycle
from core.ingest.parse.testio import ParsedProduct, ProductRef, parse_cycle
from core.ingest.sync.catalogue import read_catalogue, read_reasons
from core.ingest.sync.listing import ProductList
from core.ingest.sync.pipeline import Pipeline
from core.ingest.sync.run import Run
from core.ingest.sync.state import (
    FINAL,
    REJECT_REASONS,
    TEST_CYCLES,
    forget_lists,
    forget_readings,
    load_state,
    note_list,
)
from core.ingest.sync.vanished import move_bugs_without_cycle, move_cycles
from core.store import Scope

# Each costs a request; more of them means a list that leaves cycles out, not cycles deleted.
MOST_ASKED_BY_ID = 100
# Lists whose first page is asked for before those above them are read.
LISTS_AHEAD = 4


class Met(NamedTuple):
    """What a complete run would have met: see `core.sync.problems.forget_unseen`."""

    whole: frozenset[str]
    nameless: frozenset[str]


def read_account(client: SourceClient, run: Run, *, full: bool = False) -> Met:
    """Read what can have changed since the last run, or all (`full`); write it as it comes."""
    if full:
        run.write(forget_readings)
    with Workers(WIDTH) as workers:
        state = load_state(Scope(run.store, run.account_id))
        products = read_catalogue(client, run, workers, state)
        reasons = read_reasons(client, run, workers, state)
        pipeline = Pipeline(client, run, workers, state, reasons)
        cycles = _Cycles(pipeline, products)
        cycles.read_lists()
        cycles.ask_by_id()
        pipeline.finish()
        cycles.note_lists()
    if full:
        if run.complete:
            run.write(partial(move_bugs_without_cycle, keep=pipeline.without_cycle))
        every = ("product", "feature", "rejection_reason", "test_cycle", "bug")
        return Met(frozenset(every), frozenset())
    whole = {"product"} | ({"rejection_reason"} if state.is_due(REJECT_REASONS) else set())
    to_end = all(listed.read_to_end for listed in cycles.lists)
    return Met(frozenset(whole), frozenset({"bug"} | ({"test_cycle"} if to_end else set())))


class _Cycles:
    """The lists of test cycles of all products, as far as a run has read them."""

    def __init__(self, pipeline: Pipeline, products: Sequence[ParsedProduct]) -> None:
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

    def read_lists(self) -> None:
        """Read the lists, each as far as it has to be."""
        first: dict[int, Future[list[Any]]] = {}
        for position, listed in enumerate(self.lists):
            for near in self.lists[position : position + LISTS_AHEAD]:
                if near.product.id not in first:
                    first[near.product.id] = self._ask_for_page(near)
            self._read_list(listed, first[listed.product.id])
            del first[listed.product.id]

    def ask_by_id(self) -> None:
        """Ask for each stored test cycle that may have changed, or be gone, and that no list named.

        Not to be listed is no proof: pages shift while they are read, and some servers cut the
        list. Gone is what a whole list does not name and what is not found by its id either.
        """
        wanted = self._unlisted()
        asked = sorted(wanted, reverse=True)[:MOST_ASKED_BY_ID]
        futures = [
            self._pipeline.workers.submit(partial(fetch_cycle, self._pipeline.client, number))
            for number in asked
        ]
        missing = []
        for number, future in zip(asked, futures, strict=True):
            with self._run.skipping("test_cycle", number, "exploratory_test"):
                found = self._pipeline.until(future)
                if found is None:
                    missing.append(number)
                else:
                    self._add([found], self._product(number, wanted[number]), None)
        for listed in dict.fromkeys(wanted[number] for number in missing):
            if listed is not None and not listed.read_to_end:
                listed.go_on()
                self._read_list(listed, self._ask_for_page(listed))
        for number in missing:
            by = wanted[number]
            if number not in self._seen and (by is None or by.read_to_end):
                self._run.write(partial(move_cycles, ids=[number]))
        if len(wanted) > len(asked):
            unasked = len(wanted) - len(asked)
            reason = f"{unasked:,} test cycles are not listed any more and were left as they are"
            self._run.lack("test_cycle", "", "exploratory_tests", reason)

    def note_lists(self) -> None:
        """Note which lists need not be read to their end by the next run."""
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

    def _read_list(self, listed: ProductList, page: Future[list[Any]]) -> None:
        product = listed.product
        self._failed.add(product.id)
        with self._run.skipping("product", product.id, "exploratory_tests"):
            while product.id in self._failed:
                had_new = listed.has_new
                objects = listed.take(self._pipeline.until(page))
                if listed.has_new and not had_new:
                    # Until all that is new is in, a page of what is known is no end of the list.
                    self._forget_list(product.id)
                if listed.wants_more:
                    page = self._ask_for_page(listed)
                else:
                    self._failed.discard(product.id)
                self._add(objects, ProductRef(product.id, product.name), product.id)

    def _forget_list(self, product_id: int) -> None:
        if (TEST_CYCLES, product_id) in self._state.lists:
            self._run.write(partial(forget_lists, kind=TEST_CYCLES, parent_ids=[product_id]))

    def _ask_for_page(self, listed: ProductList) -> Future[list[Any]]:
        return self._pipeline.workers.submit(partial(listed.pages.ask, self._pipeline.client))

    def _add(self, objects: Iterable[Any], product: ProductRef | None, by: int | None) -> None:
        """Have those test cycles read that can have changed.

        One that names no product is of the product that lists it.
        """
        parsed = parse_all(parse_cycle, objects)
        self._run.note_refused("test_cycle", parsed)
        for cycle in parsed.items:
            if cycle.id in self._seen:
                continue
            self._seen[cycle.id] = by
            known = self._state.cycles.get(cycle.id)
            if known is None or not known.is_settled or cycle.status not in FINAL:
                self._pipeline.add(cycle if cycle.product else replace(cycle, product=product))

    def _unlisted(self) -> dict[int, ProductList | None]:
        """What to ask for by id, and the list that should have named it, where there is one."""
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

    def _product(self, number: int, listed: ProductList | None) -> ProductRef | None:
        if listed is not None:
            return ProductRef(listed.product.id, listed.product.name)
        product_id = self._state.cycles[number].product_id
        return None if product_id is None else ProductRef(product_id, None)
