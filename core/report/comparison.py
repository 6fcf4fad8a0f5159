"""One page that defends a rank: two testers side by side."""

from collections.abc import Mapping
from datetime import date

from core.report.document import Document, Paragraph, Table, line_text
from core.testers.comparison import (
    Comparison,
    comparison_answer,
    comparison_method,
    comparison_rows,
)


def comparison_report(
    found: Comparison, *, since: date, stamp: Mapping[str, str], is_demo: bool
) -> Document:
    """The document of a comparison of settled bugs: those of cycles that ended by `since`.

    `stamp` is that of a page's downloads, whose filters name the window.
    """
    renamed = {"Filters": "Window", "Time zone": "Days in"}
    names = [line_text(reason.row.tester) for reason in found.both]
    return Document(
        name="touchstone-two-testers",
        title=f"{names[0]} and {names[1]}",
        answer=comparison_answer(found),
        stamp={renamed.get(name, name): said for name, said in stamp.items()},
        is_demo=is_demo,
        blocks=(
            Table("Side by side", ("What", *names), comparison_rows(found)),
            Paragraph(comparison_method(found, since), quiet=True),
        ),
    )
