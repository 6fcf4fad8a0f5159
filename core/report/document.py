"""What a report consists of, whatever it is written as: plain texts, tables, charts and verdicts.

No text holds markup: a renderer shows each as it stands, so that nothing in it can do anything.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, TypeVar

from core.base import text
from core.base.stats import Verdict
from core.charts import ChartSpec


@dataclass(frozen=True)
class Figure:
    """A number in a unit: people read it with its unit, a spreadsheet gets it as it is.

    `words` are read instead where the unit alone does not tell, as of money.
    """

    value: float | None
    unit: str
    words: str | None = None


T = TypeVar("T")
Cell: TypeAlias = str | int | float | date | Figure | None

# Of columns, in characters.
NARROWEST, WIDEST, PADDING = 6, 26, 4
# Of a number that is shown exactly, as much as any interval here needs; CSV has all of it.
DIGITS = 6
PERCENT = re.compile(r"(?<=\d) %")
# Joiners make up emoji and the letters of several scripts; other spaces (Zs) are just that.
KEPT = "\n\u200c\u200d\xad"
LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Heading:
    """The title of a section (level 1) or of a part of one (level 2)."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a `quiet` one says how to read what stands beside it."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences that stand each for itself."""

    items: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows under a title; a number is right-aligned, None is unknown."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    @classmethod
    def of(
        cls, title: str, things: Iterable[T], columns: Mapping[str, Callable[[T], Cell]]
    ) -> "Table":
        """A row for each thing, with the cell that each column makes of it."""
        cells = columns.values()
        return cls(title, tuple(columns), [tuple(cell(one) for cell in cells) for one in things])

    @property
    def widths(self) -> list[int]:
        """How wide the columns are against one another: as their longest text, within limits."""
        return [
            max(NARROWEST, *(min(len(cell_text(cell)), WIDEST) for cell in (name, *cells)))
            + PADDING
            for name, *cells in zip(self.columns, *self.rows, strict=True)
        ]

    @property
    def is_numeric(self) -> list[bool]:
        """Of each column, whether it holds numbers and nothing else: it is right-aligned then."""
        columns = [[row[n] for row in self.rows] for n in range(len(self.columns))]
        return [
            any(is_number(cell) for cell in cells)
            and all(cell is None or is_number(cell) for cell in cells)
            for cells in columns
        ]


@dataclass(frozen=True)
class Chart:
    """A chart under the finding that it shows; `alt` says the same in words."""

    drawn: ChartSpec
    title: str
    subtitle: str
    alt: str


@dataclass(frozen=True)
class Code:
    """A query, as it can be run again."""

    title: str
    text: str
    language: str


@dataclass(frozen=True)
class Callout:
    """Something that must not be missed."""

    text: str
    kind: Literal["note", "warning"] = "note"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A criterion with its verdict as a `sign`; `bar` is the mark that tells it without reading."""

    label: str
    verdict: Verdict
    sign: str
    value: str
    target: str
    said: str
    note: str
    owner: str
    bar: ChartSpec


Block: TypeAlias = Heading | Paragraph | Bullets | Table | Chart | Code | Callout | Judgement


@dataclass(frozen=True, kw_only=True)
class Document:
    """A report: its answer stands in the title's place, its stamp on every page that has room.

    `name` is what its file is called, without an ending; `stamp` maps names to what they say.
    """

    name: str
    title: str
    answer: str
    stamp: Mapping[str, str]
    is_demo: bool
    blocks: Sequence[Block]

    @property
    def tables(self) -> Iterator[Table]:
        """Every table, in its order."""
        return (block for block in self.blocks if isinstance(block, Table))


def block_kind(block: Block) -> str:
    """How templates call a block: heading, paragraph, table and so on."""
    return type(block).__name__.lower()


def clean_text(text: str) -> str:
    """The text without what no format has room for: control characters and half characters.

    Marks that turn the direction of reading are left out as well: one that is not closed would turn
    the rest of the page. Text that is written from right to left needs none of them.
    """
    text = LINE_BREAKS.sub("\n", text).replace("\t", " ")
    if text.isprintable():  # as most are
        return text
    return "".join(
        c for c in text if c.isprintable() or c in KEPT or unicodedata.category(c) == "Zs"
    )


def line_text(text: str) -> str:
    """The clean text on one line."""
    return " ".join(clean_text(text).split())


def unbroken(text: str) -> str:
    """The text with no line that ends between a number and its per cent sign."""
    return PERCENT.sub("\N{NO-BREAK SPACE}%", text)


def is_number(value: Cell) -> bool:
    """Whether a cell is right-aligned."""
    return isinstance(value, int | float | Figure) and not isinstance(value, bool)


def cell_text(value: Cell) -> str:
    """A cell as people read it: thousands separated, six digits of a fraction, a dash for None."""
    if value is None:
        return text.UNKNOWN
    if isinstance(value, Figure):
        return value.words or text.amount(value.value, value.unit)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return text.count(value)
    if isinstance(value, float):
        return f"{value:,.{DIGITS}g}" if abs(value) < 1_000 else f"{value:,.2f}"
    return text.day(value) if isinstance(value, date) else line_text(value)
