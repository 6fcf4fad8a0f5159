"""How much goes on a slide, and on how many slides the rest of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.base import text
from core.charts.image import INK
from core.report.slides import (
    BOTTOM,
    NAME,
    REST,
    TABLE_SIZES,
    TEXT_SIZES,
    TOP,
    Slides,
    TableOf,
    column_width,
    items_height,
    row_heights,
)

# A list: its name, its colour, its items.
Group = tuple[str, str, Sequence[str]]
LEAST_SIZE = TEXT_SIZES[-1]


@dataclass(frozen=True)
class Page:
    """A slide to be drawn: `items` are how many things it shows; it is told what was left out."""

    draw: Callable[[Slides, str], None]
    items: int = 1
    noun: str = "line"


def chosen(sections: Sequence[Sequence[Page]], most: int) -> Iterator[tuple[Page, str]]:
    """The first page of each section, and so many of the following ones as there is room for."""
    sections = [pages for pages in sections if pages]
    taken = [1] * len(sections)
    depth = 1
    while sum(taken) < most and any(len(pages) > depth for pages in sections):
        for n, pages in enumerate(sections):
            if len(pages) > depth and sum(taken) < most:
                taken[n] += 1
        depth += 1
    for pages, number in zip(sections, taken, strict=True):
        left = sum(page.items for page in pages[number:])
        for n, page in enumerate(pages[:number], 1):
            rest = ""
            if left and n == number:
                rest = (
                    f"And {text.times(left, f'more {page.noun}')}: see the packet as PDF or HTML."
                )
            yield page, rest


def tables(title: str, subtitle: str, table: TableOf, noun: str) -> list[Page]:
    """A table on as many slides as its rows need at the least size."""
    size = next(
        (s for s in TABLE_SIZES if sum(row_heights(table, s)) <= BOTTOM - TOP), TABLE_SIZES[-1]
    )
    head, *heights = row_heights(table, size)
    ends = _ends(heights, BOTTOM - TOP - REST - head)
    return [
        _table_page(title, subtitle, table.part(start, end), noun)
        for start, end in zip([0, *ends], ends, strict=False)
    ]


def _ends(heights: Sequence[float], room: float) -> list[int]:
    """After how many things each page ends."""
    if sum(heights) <= room + REST:
        return [len(heights)]
    ends, used = [], 0.0
    for n, height in enumerate(heights):
        if used and used + height > room:
            ends.append(n)
            used = 0.0
        used += height
    return [*ends, len(heights)]


def _table_page(title: str, subtitle: str, table: TableOf, noun: str) -> Page:
    def draw(slides: Slides, rest: str) -> None:
        slides.table(title, subtitle, table, rest=rest)

    return Page(draw, len(table.rows), noun)


def listed(title: str, subtitle: str, items: Sequence[str], noun: str) -> list[Page]:
    """One list on as many slides as it needs, none where it is empty."""
    return grouped(title, subtitle, [("", INK, items)], noun) if items else []


def grouped(title: str, subtitle: str, groups: Sequence[Group], noun: str) -> list[Page]:
    """Lists side by side, going on on the next slide where one is too long at the least size."""
    width = column_width(len(groups))
    room = BOTTOM - TOP - REST - (NAME if groups[0][0] else 0)
    ends = [
        _ends([items_height([item], width, LEAST_SIZE) for item in items], room)
        for _, _, items in groups
    ]
    pages = []
    for at in range(max(map(len, ends))):
        parts = [
            (name, colour, items[own[at - 1] if at else 0 : own[at]] if at < len(own) else [])
            for (name, colour, items), own in zip(groups, ends, strict=True)
        ]
        pages.append(_list_page(title, subtitle, parts, noun))
    return pages


def _list_page(title: str, subtitle: str, groups: Sequence[Group], noun: str) -> Page:
    def draw(slides: Slides, rest: str) -> None:
        slides.lists(title, subtitle, groups, rest=rest)

    return Page(draw, sum(len(items) for _, _, items in groups), noun)
