"""Formats of a file's dates and durations, found from all cells of each column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.base.cells import (
    DATE_FORMATS,
    ISO,
    UNITS,
    is_nothing,
    order_of,
    read_date,
    read_duration,
    read_number,
    readings,
    unit_of,
)
from core.base.text import trimmed
from core.ingest.files.mapping import FIELDS, Field
from core.ingest.files.records import RecordFile

SAMPLE = 2_000
# Jira exports times in seconds, whole minutes of them, under headers that do not say so.
JIRA = {"key", "issue key", "issue id"}
UNREADABLE = "not readable"


@dataclass
class Guess:
    """What the cells of a column of dates or durations can be.

    `fitting` are the formats of every readable cell, `possible` those of any, with `ISO` for what
    can be read in one way only. `sample` is a cell that cannot, or else the first one.
    """

    target: Field
    column: str
    is_jira: bool
    fitting: set[str] = field(default_factory=lambda: {*DATE_FORMATS, *UNITS})
    possible: set[str] = field(default_factory=set)
    sample: str = ""

    def see(self, value: Any) -> None:
        """Take a cell into account."""
        text = "" if is_nothing(value) else str(value).strip()
        found = {*readings(text)} if self.target.is_instant else self._units(text)
        if found:
            if not self.sample or ISO in self.fitting - found:
                self.sample = text
            self.fitting &= found
            self.possible |= found

    def _units(self, text: str) -> set[str]:
        number, unit = read_number(text), unit_of(self.column)
        if not number:
            return set() if read_duration(text, self.target.unit) is None else {ISO, *UNITS}
        if unit or not self.is_jira:
            return {unit} if unit else {*UNITS}
        return {*UNITS} - {"seconds"} if number % 60 else {"seconds"}

    @property
    def choices(self) -> list[str]:
        """The format of the column; several where a person has to say which."""
        if self.target.unit:
            known = [self.target.unit] if ISO in self.fitting else [*self.fitting & {*UNITS}]
            return known if len(known) == 1 else [*UNITS]
        orders = [one for one in DATE_FORMATS if one in self.fitting - {ISO}]
        if ISO in self.fitting and len(orders) != 1:
            return [ISO]
        return orders or [one for one in DATE_FORMATS if one in self.possible - {ISO}]

    @property
    def options(self) -> list[str]:
        """The formats that a person may choose: those that read the sample differently."""
        named = UNITS if self.target.unit else DATE_FORMATS
        found = {self.shown(one): one for one in (*named, *reversed(self.choices))}
        return [one for said, one in found.items() if said != UNREADABLE or one in self.choices]

    def fits(self, named: str) -> bool:
        """Whether every readable cell can be read in a format, and the header names no other."""
        if self.target.unit:
            return unit_of(self.column) in {None, named}
        return order_of(named) in self.fitting

    def shown(self, named: str) -> str:
        """The sample as it is read in a format: 4 March 2026 09:00:00; 30 minutes."""
        if self.target.is_instant:
            at = read_date(self.sample, named)
            return UNREADABLE if at is None else f"{at.day} {at:%B %Y %H:%M:%S %Z}".strip()
        taken, unit = read_duration(self.sample, named), self.target.unit
        return UNREADABLE if taken is None else f"{trimmed(taken / UNITS[unit], 2)} {unit}"


def guess_formats(kind: str, found: RecordFile, columns: Mapping[str, str]) -> dict[str, Guess]:
    """Look at the cells of the mapped columns of dates and durations; guesses by field key."""
    is_jira = any(column.casefold() in JIRA for column in found.columns)
    targets = [f for f in FIELDS[kind] if (f.is_instant or f.unit) and f.key in columns]
    guesses = {f.key: Guess(f, columns[f.key], is_jira) for f in targets}
    for number, row in enumerate(found.rows(), 1):
        for guess in guesses.values():
            guess.see((row.record or {}).get(guess.column))
        # So many dates that can be read in one way only are those of a machine.
        if number == SAMPLE and all(
            unit_of(one.column) or (one.possible and one.fitting >= {*DATE_FORMATS})
            for one in guesses.values()
        ):
            break
    return guesses
