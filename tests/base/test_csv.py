"""CSV that people take away."""

import csv
import io
from datetime import date

import pandas as pd

from core.base.csv import csv_bytes


def read(data):
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_values_come_back_and_unknown_is_empty():
    frame = pd.DataFrame(
        {"name": ['O"Neil, Ann', "李雷", None], "n": [1, 2, 3], "rate": [0.5, None, 1.0]}
    )
    assert read(csv_bytes(frame, {})) == [
        ["name", "n", "rate"],
        ['O"Neil, Ann', "1", "0.5"],
        ["李雷", "2", ""],
        ["", "3", "1.0"],
    ]


def test_no_cell_starts_a_formula():
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x")']
    frame = pd.DataFrame({"=name": hostile, "n": [-5] * len(hostile)})
    rows = read(csv_bytes(frame, {"Filters": "=cmd"}))
    assert all(not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows)
    assert [row[0] for row in rows[2:]] == [f"'{text}" for text in hostile]
    assert rows[2][1] == "-5"  # a number is no formula


def test_the_stamp_stands_above():
    rows = read(csv_bytes(pd.DataFrame({"a": [date(2026, 1, 2)]}), {"Account": "Acme, Inc"}))
    assert rows == [["# Account: Acme, Inc"], ["a"], ["2026-01-02"]]
