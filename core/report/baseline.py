"""The baseline report: one window, judged, explained and open to be checked, from the store alone.

From the answer down to the queries: who reads only the first page knows the verdicts.
"""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache

from core.analytics.dates import Window
from core.base import clock, text
from core.base.settings import ROOT
from core.report import advice, appendix, measured, methods, summary
from core.report.chosen import Chosen, choose
from core.report.document import Block, Document
from core.report.evidence import Evidence, evidence, local
from core.store import Scope, account_named

BASELINE = "baseline"


def baseline_report(
    scope: Scope,
    *,
    week: Window | None = None,
    chosen: Chosen | None = None,
    is_demo: bool = False,
    now: datetime | None = None,
) -> Document:
    """The report of the latest frozen baseline, else of the latest complete one, else of last week.

    `week` or `chosen` name other days. Raises InputError for an account that there is none of.
    """
    now = now or clock.now()
    name = account_named(scope.store, scope.account).name
    today = now.astimezone(scope.zone).date()
    chosen = chosen or choose(scope, today=today, week=week)
    read = evidence(scope, chosen, now=now)
    return Document(
        name=f"touchstone-baseline-{_file_name(chosen.window)}",
        title=f"Baseline report: {_called(chosen.window)}",
        answer=summary.answer(read),
        stamp=_stamp(read, name, is_demo=is_demo),
        is_demo=is_demo,
        blocks=tuple(_blocks(read)),
    )


def _blocks(read: Evidence) -> Iterator[Block]:
    yield from summary.summary(read)
    yield from summary.criteria(read)
    yield from measured.day_by_day(read)
    yield from measured.before_and_after(read)
    yield from measured.returned(read)
    yield from measured.survey(read)
    yield from measured.feedback(read)
    yield from advice.gaps(read)
    yield from advice.recommendations(read)
    yield from methods.methods(read)
    yield from methods.data_quality(read)
    yield from appendix.appendices(read)


def _stamp(read: Evidence, name: str, *, is_demo: bool) -> dict[str, str]:
    window = read.chosen.window
    assert window.start is not None
    assert window.end is not None
    versions = sorted({f"v{v}" for v in methods.definition_versions(read).values()})
    stamp = {
        "Account": name,
        "Window": f"{text.day(window.start)} to {text.day(window.end)}, {read.chosen.state}",
        "Days in": read.seen.scope.zone.key,
        "Exclusions": _excluded(read),
        "As of": local(read.seen, read.now),
        "Touchstone": product_version(),
        "Definitions": f"{text.listed(versions)}, see Appendix B" if versions else text.UNKNOWN,
    }
    baseline = read.chosen.baseline
    if baseline is not None and baseline.frozen_at is not None:
        stamp["Frozen"] = f"{local(read.seen, baseline.frozen_at)} by {baseline.frozen_by}"
    return stamp | ({"Demo data": "made up"} if is_demo else {})


def _excluded(read: Evidence) -> str:
    if not read.left_out:
        return "none"
    return f"{text.times(len(read.left_out), 'exclusion')}, both figures shown"


@cache
def product_version() -> str:
    """The version of this product."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


def _called(window: Window) -> str:
    """The window's name without the word that the title has already; else its days."""
    name = window.label
    rest = name[len(BASELINE) :].strip() if name.lower().startswith(BASELINE) else name
    if rest:
        return rest
    return " to ".join(text.day(day) for day in (window.start, window.end) if day)


def _file_name(window: Window) -> str:
    """The window's days: a name that people gave may hold anything."""
    return f"{window.start}-to-{window.end}"
