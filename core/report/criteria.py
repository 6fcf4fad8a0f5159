"""Success criteria in reports: cards, tables and sentences, of a baseline and of a week alike."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from core.base import text
from core.base.stats import Verdict
from core.criteria.panels import result_bar
from core.criteria.words import SIGNS, CriterionRow
from core.report.document import Block, Cell, Figure, Judgement, Paragraph, Table


def main_rows(rows: Sequence[CriterionRow]) -> list[CriterionRow]:
    """The criteria without the guardrails."""
    return [row for row in rows if not row.result.criterion.is_guardrail]


def cards(rows: Sequence[CriterionRow]) -> Iterator[Judgement]:
    """A card for each criterion."""
    for row in main_rows(rows):
        yield Judgement(
            label=row.label,
            verdict=row.result.verdict,
            sign=row.sign,
            value=row.value,
            target=row.target,
            said=text.upper_first(row.evidence).rstrip("."),
            note=text.upper_first(row.notes),
            owner=row.result.criterion.owner,
            bar=result_bar(row.result),
        )


def figure(row: CriterionRow, value: float | None) -> Figure:
    """A value in the criterion's unit."""
    return Figure(value, row.result.criterion.unit, row.amount(value))


def targets_table(rows: Sequence[CriterionRow]) -> Table:
    """Every criterion and guardrail against its target."""
    return Table.of(
        "Every criterion and guardrail against its target",
        rows,
        {
            "Criterion": lambda row: row.name,
            "Value": lambda row: figure(row, row.result.estimate.value),
            "Target": lambda row: row.target,
            "Verdict": lambda row: SIGNS[row.result.verdict],
            "Direction": lambda row: row.result.judged.leaning or text.UNKNOWN,
            "95 % interval": lambda row: row.interval,
            "Sample": lambda row: row.sample,
            "Owner": lambda row: row.result.criterion.owner,
        },
    )


def exclusions_table(rows: Sequence[CriterionRow]) -> Block:
    """Every figure without and with the excluded rows."""
    if not any(row.result.with_excluded for row in rows):
        return Paragraph("Nothing of these days is excluded: every figure counts every row.")
    return Table(
        "Every figure without and with what is excluded",
        ("Criterion", "Without", "Verdict", "Sample", "With", "Verdict with", "Sample with"),
        [
            (
                row.label,
                row.value,
                SIGNS[row.result.verdict],
                row.result.estimate.n,
                row.amount(everything.estimate.value),
                SIGNS[everything.verdict]
                + (": met by the exclusions alone" if row.result.is_met_by_exclusions else ""),
                everything.estimate.n,
            )
            for row in rows
            if (everything := row.result.with_excluded) is not None
        ],
    )


def exact_figures(rows: Sequence[CriterionRow], *, with_earlier: bool = False) -> Table:
    """The criteria as numbers in their units, shares from 0 to 1, not rounded for reading."""
    columns: dict[str, Callable[[CriterionRow], Cell]] = {
        "Key": lambda row: row.result.criterion.key,
        "Unit": lambda row: row.result.criterion.unit.replace("fraction", "share"),
        "Value": lambda row: row.result.estimate.value,
        "Low": lambda row: row.result.estimate.low,
        "High": lambda row: row.result.estimate.high,
        "Sample": lambda row: row.result.estimate.n,
        "Target": lambda row: row.result.criterion.target,
        "Upper target": lambda row: row.result.criterion.upper_target,
        "Verdict": lambda row: str(row.result.verdict),
    }
    if with_earlier:
        columns["Last week"] = lambda row: row.week_before
        columns["Four weeks"] = lambda row: row.four_weeks
        columns["Baseline"] = lambda row: row.baseline
    columns["With the excluded rows"] = lambda row: (
        row.result.with_excluded.estimate.value if row.result.with_excluded else None
    )
    return Table.of("Exact figures; shares from 0 to 1, durations in seconds", rows, columns)


def decided_and_open(rows: Sequence[CriterionRow]) -> tuple[list[str], list[str]]:
    """A sentence for each criterion: those that are decided, and those that are not, and why."""
    decided, not_decided = [], []
    for row in rows:
        name, verdict = row.name, row.result.verdict
        figures = f"{row.value}, target {row.target}; {row.evidence}"
        said = f"{name} is {text.lower_first(row.verdict)}: {figures}"
        if verdict in {Verdict.MET, Verdict.MISSED}:
            decided.append(f"{said}.")
        elif verdict is Verdict.NO_DATA:
            reason = row.result.estimate.reason or "nothing was measured"
            not_decided.append(f"{name} has no data. {text.upper_first(reason.rstrip('.'))}.")
        else:
            why = f"; {row.note}" if row.note else ""
            not_decided.append(f"{said}{why}.")
    return decided, not_decided


def findings_table(
    title: str, found: Iterable[Mapping[str, str]], local: Callable[[datetime], str]
) -> Table:
    """What the checks of the data found: instant as `local` writes it, check and sentence."""
    rows = [(local(datetime.fromisoformat(f["at"])), f["check"], f["text"]) for f in found]
    return Table(title, ("When", "Check", "Finding"), rows)
