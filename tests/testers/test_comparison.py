"""Two testers side by side, and the bands of testers whose order may be chance."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import typst

from core.report import pdf
from core.report.comparison import comparison_report
from core.testers.comparison import compare, comparison_answer, comparison_rows
from core.testers.leaderboard import bands
from core.testers.ranking import rank_testers, win_probability
from core.testers.words import order_words
from tests.report.parsed import of_pdf
from tests.testers.fields import drawn
from tests.testers.test_tester_words import board

WEIGHTS = {"critical": 5, "low": 1}


def compared(*people, order="contribution"):
    """The first two of people, each with accepted and decided bugs by severity."""
    names = [*WEIGHTS]
    found = board(
        *(
            [(WEIGHTS[name], *bugs) for name, bugs in zip(names, own, strict=True)]
            for own in people
        ),
        order=order,
    )
    bugs = {
        number: pd.DataFrame(
            [(name, *own) for name, own in zip(names, people[number - 1], strict=True)],
            columns=["key", "accepted", "decided"],
        )
        for number in (1, 2)
    }
    return compare(found, bugs, WEIGHTS)


def test_the_one_above_stands_first_with_reasons_and_certainty():
    found = compared([(4, 4), (8, 16)], [(2, 2), (10, 10)], [(0, 9), (9, 9)])
    upper, lower = (reason.row for reason in found.both)
    assert (upper.tester, upper.earned, lower.earned) == ("T001", 28, 20)
    sure = win_probability(upper, lower, found.prior)
    assert 0.5 < sure < 0.95
    assert comparison_answer(found) == (
        f"T001 is above T002 by {round(upper.score - lower.score, 1)}: more points, lower "
        f"acceptance; {order_words(sure)}."
    )
    rows = {what: said for what, *said in comparison_rows(found)}
    assert rows["Critical, accepted"] == ["4 of 4, 20 points", "2 of 2, 10 points"]
    assert rows["Low, accepted"] == ["8 of 16, 8 points", "10 of 10, 10 points"]
    assert rows["Points decided"] == ["36 points", "20 points"]
    assert rows["Accepted, of the points"] == ["77.8 %", "100 %"]
    assert rows["Contribution"] == [f"{upper.score:.2f}", f"{lower.score:.2f}"]


def test_by_quality_in_points_of_per_cent():
    found = compared([(4, 4), (8, 16)], [(2, 2), (10, 10)], [(0, 9), (9, 9)], order="quality")
    gap = round(found.gap * 100, 1)
    assert comparison_answer(found).startswith(
        f"T002 is above T001 by {gap} pts: higher acceptance, of fewer decided bugs; the order "
    )
    assert "Contribution" not in [what for what, _, _ in comparison_rows(found)]


def test_equal_scores_and_newcomers_have_no_order():
    tie = compared([(1, 2), (9, 10)], [(1, 2), (9, 10)])
    assert comparison_answer(tie) == (
        "T001 and T002 have the same score: as many points, the same acceptance."
    )
    new = compared([(1, 2), (9, 10)], [(1, 1), (2, 2)])
    assert comparison_answer(new) == (
        "T002 has 3 decided bugs, too few for a rank: there is no order to judge."
    )
    only = board((9, 10))
    bugs = pd.DataFrame({"key": ["low"], "accepted": [9], "decided": [10]})
    assert compare(only, {1: bugs, 2: bugs}, WEIGHTS) is None


@pytest.mark.parametrize(
    ("sure", "said"),
    [
        (0.9995, "is clear, over 99.9 %"),
        (0.998, "is clear, 99 %"),
        (0.949, "is likely, 94 %"),
        (0.6, "may be chance, 60 %"),
        (0.524, "is a coin toss, 52 %"),
        (0.3, "is doubtful, 30 %"),
    ],
)
def test_how_sure_an_order_is(sure, said):
    assert order_words(sure) == f"the order {said}"


@pytest.mark.parametrize("order", ["contribution", "quality"])
@pytest.mark.parametrize("kind", ["continuous skill", "many ties"])
def test_within_a_band_nobody_is_clearly_below_its_first(kind, order):
    field = drawn(kind, np.random.default_rng(1))
    people, prior = rank_testers(field, newcomer_below=15, order=order)
    found = bands(people, prior, order)
    assert [number is None for number in found] == people["newcomer"].tolist()
    rows = [*people.itertuples(index=False)]
    ranked = [n for n, number in enumerate(found) if number is not None]
    assert {found[n + 1] - found[n] for n in ranked[:-1]} <= {0, 1}
    for n in ranked:
        first = rows[found.index(found[n])]
        assert n == found.index(found[n]) or win_probability(first, rows[n], prior, order) < 0.95
        if found[n] > 1:
            before = rows[found.index(found[n] - 1)]
            assert (
                n != found.index(found[n]) or win_probability(before, rows[n], prior, order) >= 0.95
            )


def test_the_report_is_one_page_with_the_answer_and_both_columns():
    found = compared([(4, 4), (8, 16)], [(2, 2), (10, 10)], [(0, 9), (9, 9)])
    stamp = {"Account": "Acme", "Filters": "90 days", "Time zone": "UTC", "As of": "2026-11-25"}
    document = comparison_report(found, since=date(2026, 11, 15), stamp=stamp, is_demo=False)
    # More pages than one would be a list.
    page = typst.compile(pdf.TEMPLATE, format="svg", sys_inputs=pdf.inputs(document))
    assert isinstance(page, bytes)
    assert document.answer == comparison_answer(found)
    assert next(document.tables).columns == ("What", "T001", "T002")
    assert ["Points earned", "28 points", "20 points"] in of_pdf(document)[0]
    assert "cycles that ended by 15 Nov 2026" in document.blocks[-1].text
