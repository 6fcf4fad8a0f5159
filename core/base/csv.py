"""CSV export of tables."""

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import pandas as pd

# A cell that starts so is run as a formula by spreadsheet programs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(frame: pd.DataFrame, stamp: Mapping[str, str]) -> bytes:
    """The frame as CSV in UTF-8 with a byte-order mark, which spreadsheet programs look for.

    The stamp (what it is, filters, zone, as of) stands in lines above the header, each in one cell.
    Unknown values are empty cells.
    """
    rows = frame.astype(object).itertuples(index=False, name=None)
    return csv_of_rows(chain([frame.columns], rows), stamp)


def csv_of_rows(rows: Iterable[Iterable[Any]], stamp: Mapping[str, str]) -> bytes:
    """Rows under a stamp in the same form, the header among them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([f"# {name}: {value}"] for name, value in stamp.items())
    writer.writerows(map(safe_cell, row) for row in rows)
    return text.getvalue().encode("utf-8-sig", errors="replace")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet program runs as a formula; unknown is empty."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return "" if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else value
