"""Which pages of a product's list of test cycles are asked for, and when enough of it is known.

The list is newest first, so what is new stands at its head, and a page of nothing but settled
cycles ends it early. Three things lie deeper: cycles that can still change, of which a few are
asked for by id; cycles that an earlier run did not come to, for which the list is read whole; and
what moved up while the list was read, for which a list with new cycles on a later page is read
twice.
"""

from collections.abc import Collection, Mapping
from math import ceil
from typing import Any

from core.ingest.clients.testio import CyclePages
from core.ingest.parse.testio import ParsedProduct
from core.ingest.sync.state import Known

MOST_PASSES = 2


class ProductList:
    """The list of one product as a run reads it; `whole` is to be read to its end.

    `known` are all stored test cycles of the account, `own` the ids of those of the product.
    """

    def __init__(
        self,
        product: ParsedProduct,
        known: Mapping[int, Known],
        own: Collection[int],
        *,
        whole: bool,
    ) -> None:
        self.product = product
        self.whole = whole
        self.read_to_end = False
        self.has_new = False
        self.is_sure = True
        self._known = known
        self._own = set(own)
        self._pages = CyclePages(product.id)
        self._passes = 1
        self._new_below = False
        self._ids: set[int] = set()
        self._enough = False

    @property
    def pages(self) -> CyclePages:
        """What the next page is to be asked of."""
        return self._pages

    @property
    def wants_more(self) -> bool:
        """Whether another page is to be asked for."""
        return not self._enough

    def take(self, page: list[Any]) -> list[Any]:
        """What is new on a page, and whether it was the last that is needed."""
        new = self._pages.take(page)
        ids = {obj["id"] for obj in new if isinstance(obj, dict) and type(obj.get("id")) is int}
        unknown = ids - self._known.keys() - self._ids
        self.has_new |= bool(unknown)
        self._new_below |= bool(unknown) and self._pages.page > 1
        fresh = [obj for obj in new if not isinstance(obj, dict) or obj.get("id") not in self._ids]
        self._ids |= ids
        if self._pages.ended:
            self._end_of_pass()
        elif not self.whole:
            self._enough = not unknown and not self._paging_is_cheaper()
        return fresh

    def unlisted(self, seen: Collection[int]) -> list[int]:
        """Stored cycles to ask for by id: that can change, or that a whole list does not name."""
        return [
            number
            for number in self._own
            if number not in seen and (self.read_to_end or not self._known[number].is_settled)
        ]

    def go_on(self) -> None:
        """Read the rest of the list as well."""
        self.whole = True
        self._enough = self.read_to_end

    def _end_of_pass(self) -> None:
        self.read_to_end = True
        again = self._new_below and self._passes < MOST_PASSES
        self.is_sure = not self._new_below
        self._enough = not again
        if again:
            self._pages = CyclePages(self.product.id)
            self._passes += 1
            self._new_below = False

    def _paging_is_cheaper(self) -> bool:
        unseen = self._own - self._ids
        can_change = sum(not self._known[number].is_settled for number in unseen)
        return can_change > ceil(len(unseen) / self._pages.size)
