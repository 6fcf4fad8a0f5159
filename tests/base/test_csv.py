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


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"  # plain, in full width, small


def test_no_cell_starts_a_formula():
    hostile = [f"{sign}1+1" for sign in SIGNS]
    hostile += [" =1", "\xa0+1", "\N{ZERO WIDTH SPACE}@x", "\ufeff=1", "\x00=1", "  -"]
    hostile += ["\t=1", "\r=1", "\n=1", "\tx", '=HYPERLINK("x")', "@SUM(A1)", "+491701234"]
    frame = pd.DataFrame({"=name": hostile, "n": [-5] * len(hostile)})
    rows = read(csv_bytes(frame, {"Filters": "=cmd"}))
    assert [row[0] for row in rows[2:]] == [f"'{text}" for text in hostile]
    assert rows[2][1] == "-5"  # a number is no formula


def test_other_texts_are_as_they_were():
    texts = [
        "ann@example.org",
        "1-2",
        "a=b",
        "#1",
        "'x",
        "\N{MINUS SIGN}5",
        "(=)",
        "",
        " a",
        "Ünal",
    ]
    rows = read(csv_bytes(pd.DataFrame({"a": texts, "n": [-0.5] * len(texts)}), {}))
    assert rows[1:] == [[text, "-0.5"] for text in texts]


def test_the_stamp_stands_above():
    rows = read(csv_bytes(pd.DataFrame({"a": [date(2026, 1, 2)]}), {"Account": "Acme, Inc"}))
    assert rows == [["# Account: Acme, Inc"], ["a"], ["2026-01-02"]]
