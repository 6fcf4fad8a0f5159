"""The slides of a weekly review: the answer, then what it rests on, short enough for a meeting."""

from collections.abc import Iterator, Sequence

from core.base import text
from core.criteria.words import CriterionRow, verdict_words
from core.report.criteria import figure, main_rows
from core.report.document import Block, Bullets, Cell, Chart, Document, Heading, Paragraph, Table
from core.report.weekly import (
    Packet,
    actions_table,
    escalation_label,
    lists,
    methods_table,
    opportunities,
    themes,
)
from core.review.signal_charts import how_sure, signal_charts

DECIDED = "Met and Missed: the whole 95 % interval lies on one side of the target"
MOST_QUOTES = 3


def packet_slides(packet: Packet) -> Document:
    """The packet for the meeting; a section that has nothing to say is left out."""
    return packet.document(_blocks(packet))


def _blocks(packet: Packet) -> Iterator[Block]:
    told, main = packet.content, main_rows(packet.rows)
    guardrails = [row for row in packet.rows if row not in main]
    yield Heading("What we agreed on")
    yield from actions_table(told, "actions", "No action is open from earlier weeks.")
    yield from _criteria("Success criteria", DECIDED, main)
    yield from _signals(packet)
    if any(told[key] for key in ("positive", "worrying", "stable")):
        yield from lists(told)
    if told.get("themes"):
        yield Heading("What people say")
        yield Paragraph("Themes of the week's comments, in people's own words", quiet=True)
        yield from themes(told, most=MOST_QUOTES)
    if told.get("opportunities"):
        yield from opportunities(told)
    yield from _escalations(packet)
    yield Heading("What we do now")
    yield from actions_table(told, "new_actions", "No action was agreed on in this review.")
    yield from _notes(packet)
    measured = [row for row in packet.rows if row.result.estimate.value is not None]
    if any(row in measured for row in guardrails):
        said = "What must not get worse on the way"
        yield from _criteria("Appendix: guardrails", said, guardrails)
    if measured:
        yield Heading("Appendix: how it was measured")
        yield methods_table(packet, measured)


def _criteria(title: str, subtitle: str, rows: Sequence[CriterionRow]) -> Iterator[Block]:
    """Value, target, verdict and interval; earlier values, and the value with excluded rows."""
    columns = ["Criterion", "Value", "Target", "Verdict", "95 % interval", "Last week", "4 weeks"]
    columns += ["Baseline", "With excluded"]
    if not any(row.result.with_excluded for row in rows):
        columns.pop()
    yield Heading(title)
    yield Paragraph(subtitle, quiet=True)
    yield Table(title, columns, [_criterion(row)[: len(columns)] for row in rows])


def _criterion(row: CriterionRow) -> tuple[Cell, ...]:
    estimate, everything = row.result.estimate, row.result.with_excluded
    both = text.UNKNOWN
    if everything is not None:
        verdict = text.lower_first(verdict_words(everything))
        both = f"{row.amount(everything.estimate.value)}, {verdict}"
    earlier = (row.week_before, row.four_weeks, row.baseline)
    return (
        row.label,
        figure(row, estimate.value),
        row.target,
        row.sign + (" by exclusions" if row.result.is_met_by_exclusions else ""),
        f"{row.interval}, {row.sample}" if estimate.n else estimate.reason or "no data",
        *(figure(row, value) for value in earlier),
        both,
    )


def _signals(packet: Packet) -> Iterator[Block]:
    """Every signal in a sentence beside what happened in the same days; then a slide for each."""
    told, signals = packet.content, packet.content["signals"]
    if not signals and not told["causes"]:
        return
    yield Heading("What changed, and what may explain it")
    yield Paragraph(how_sure(told), quiet=True)
    yield Heading("Signals", 2)
    found = [one["words"] for one in signals]
    yield Bullets(found or ["No signal: nothing moved by more than chance."])
    yield Heading("In the same week", 2)
    yield Bullets(told["causes"] or ["Nothing was noted."])
    if signals:
        yield Heading("Signals")
    for one in signal_charts(told):
        yield Chart(one.drawn, one.title, one.subtitle, one.values)


def _escalations(packet: Packet) -> Iterator[Block]:
    """What needs escalation, and what was sent of it; also what was sent and no longer needs it."""
    told = packet.content
    if not told["escalations"] and not told["sent"]:
        return
    sent: dict[str, list[str]] = {}
    for one in told["sent"]:
        sent.setdefault(one["criterion_key"], []).append(f"{one['sent_to']}, by {one['sent_by']}")
    keys = {one["criterion_key"] for one in told["escalations"]}
    only_sent = [one for one in told["sent"] if one["criterion_key"] not in keys]
    yield Heading("Escalations")
    yield Paragraph("What cannot wait for next week", quiet=True)
    yield Table(
        "Escalations",
        ("Severity", "Criterion", "Why", "Sent to"),
        [
            (
                text.upper_first(one["severity"]),
                escalation_label(told, one),
                one.get("why", one["text"]),
                "; ".join(sent.get(one["criterion_key"], ["not recorded as sent"])),
            )
            for one in [*told["escalations"], *only_sent]
        ],
    )


def _notes(packet: Packet) -> Iterator[Block]:
    """The notes a line each, and who attended."""
    attendees = ", ".join(f"{name} ({role})" for role, name in packet.content["attendees"])
    lines = [
        f"{title}: {line}" if n == 0 else line
        for title, note in packet.notes().items()
        for n, line in enumerate(line for line in note.split("\n") if line.strip())
    ]
    if left_open := packet.content.get("left_open"):
        lines.append(f"Not done when it was closed: {'; '.join(left_open)}")
    if lines or attendees:
        yield Heading("Notes")
        yield Paragraph(f"Attendees: {attendees or 'none recorded'}", quiet=True)
        yield Bullets(lines or ["No notes."])
