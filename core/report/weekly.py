"""The packet of a weekly review as a document, and the formats that it is written in."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core.base import text
from core.base.stats import Verdict
from core.charts import builders as charts
from core.charts.vega import Drawn
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import load_result
from core.report.deck import deck
from core.report.document import (
    SIGNS,
    Block,
    Bullets,
    Callout,
    Cell,
    Chart,
    Document,
    Figure,
    Heading,
    Judgement,
    Paragraph,
    Table,
)
from core.report.formats import FORMATS, render
from core.report.packet import Packet
from core.review.actions import EXPECTED

POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
# By ending: what people call the format, and what a browser does.
PACKET_FORMATS: Mapping[str, tuple[str, str]] = {
    **{kind: (FORMATS[kind].label, FORMATS[kind].mime) for kind in ("html", "pdf")},
    "pptx": ("PowerPoint", POWERPOINT),
    **{kind: (FORMATS[kind].label, FORMATS[kind].mime) for kind in ("csv", "md")},
}


def write_packet(packet: Packet, kind: str) -> bytes:
    """The packet in a format of `PACKET_FORMATS`."""
    return deck(packet) if kind == "pptx" else render(packet_document(packet), kind)


def packet_document(packet: Packet) -> Document:
    """The packet from the answer down to the exact figures."""
    return Document(
        name=packet.name,
        title=packet.title,
        answer=packet.content["answer"],
        stamp=packet.stamp,
        is_demo=packet.is_demo,
        blocks=tuple(_blocks(packet)),
    )


def _blocks(packet: Packet) -> Iterator[Block]:
    told = packet.content
    if packet.closed_at is None:
        yield Callout("This review is not closed yet: its figures change with the data.", "warning")
    else:
        said = text.upper_first(packet.state)
        yield Callout(f"{said}: every figure, word and chart is as it was then.")
    yield Heading("What we agreed on")
    yield from _actions(told["actions"], "No action is open from earlier weeks.", is_carried=True)
    yield from _criteria(told)
    yield from _signals(told)
    yield from _lists(told)
    yield from _escalations(packet)
    yield from _voices(told)
    yield Heading("What we do now")
    yield from _actions(told["new_actions"], "No action was agreed on in this review.")
    yield from _written(packet)
    yield from _appendix(packet)


def _actions(
    found: Sequence[Mapping[str, Any]], none: str, *, is_carried: bool = False
) -> Iterator[Block]:
    if not found:
        yield Paragraph(none)
        return
    columns = ("What", "Who", "Due", "From" if is_carried else "State", "Should move")
    rows = [
        (
            one["text"],
            one["owner"],
            date.fromisoformat(one["due"]),
            one["week"] if is_carried else _state(one),
            _expected(one),
        )
        for one in found
    ]
    title = text.times(len(found), "action")
    if not is_carried:
        yield Table(title, columns, rows, (44, 18, 12, 12, 24))
        return
    moved = [(*row, one.get("moved") or text.UNKNOWN) for row, one in zip(rows, found, strict=True)]
    yield Table(f"{title} open", (*columns, "Did it move"), moved, (30, 14, 11, 10, 16, 24))


def _state(one: Mapping[str, Any]) -> str:
    outcome = f": {one['outcome']}" if one.get("outcome") else ""
    return f"{one['status']}{outcome}"


def _expected(one: Mapping[str, Any]) -> str:
    if not one["criterion_key"]:
        return text.UNKNOWN
    name = one.get("criterion") or one["criterion_key"]
    return f"{name} {EXPECTED.get(one['expected'] or '', '')}".strip()


def _criteria(told: Mapping[str, Any]) -> Iterator[Block]:
    rows = told["criteria"]
    yield Heading("Success criteria")
    yield from _judgements(rows)
    yield Table(
        "Every criterion and guardrail against its target",
        ("Criterion", "Value", "Target", "Verdict", "95 % interval", "Sample", "Owner"),
        [
            (
                _label(row),
                Figure(row["value"], row["unit"]),
                row["target_words"],
                SIGNS[Verdict(row["verdict"])],
                text.between(row["low"], row["high"], row["unit"]),
                text.times(row["n"], row["sample"]),
                row["owner"],
            )
            for row in rows
        ],
        (22, 10, 12, 13, 18, 18, 14),
    )
    yield Table(
        "Against last week, the four weeks before and the baseline",
        (
            *("Criterion", "This week", "Last week", "Change", "Verdict then"),
            *("Four weeks", "Baseline", "Against it"),
        ),
        [_earlier(row) for row in rows],
        (22, 10, 10, 10, 12, 10, 10, 16),
    )
    both = [row for row in rows if row["with_excluded"]]
    if both:
        yield Table(
            "Every figure without and with what is excluded",
            ("Criterion", "Without", "Verdict", "With", "Verdict with", "In words"),
            [_both(row) for row in both],
            (20, 10, 13, 10, 13, 34),
        )
    else:
        yield Paragraph("Nothing of this week is excluded: every figure counts every row.")


def _judgements(rows: Sequence[Mapping[str, Any]]) -> Iterator[Judgement]:
    """A card for each criterion, in the words that were shown."""
    for row, result in zip(rows, map(load_result, rows), strict=True):
        if row["is_guardrail"]:
            continue
        notes = [note for note in (row["note"], row["excluded_words"]) if note]
        yield Judgement(
            label=row["label"],
            verdict=Verdict(row["verdict"]),
            value=text.amount(row["value"], row["unit"]),
            target=row["target_words"],
            said=text.upper_first(row["interval_words"]).rstrip("."),
            note=text.upper_first("; ".join(notes)),
            owner=row["owner"],
            bar=charts.criterion_bar(
                result.estimate, target=row["target"], ends=criterion_ends(result), unit=row["unit"]
            ),
        )


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['label']} (guardrail)" if row["is_guardrail"] else str(row["label"])


def _earlier(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    unit = row["unit"]
    moved = text.change(row["value"], row["week_before"], unit)
    return (
        row["label"],
        Figure(row["value"], unit),
        Figure(row["week_before"], unit),
        text.UNKNOWN if moved is None else str(moved),
        row["verdict_before"] or text.UNKNOWN,
        Figure(row["four_weeks"], unit),
        Figure(row["baseline"], unit),
        row["against_baseline"] or text.UNKNOWN,
    )


def _both(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    everything = row["with_excluded"]
    return (
        row["label"],
        Figure(row["value"], row["unit"]),
        SIGNS[Verdict(row["verdict"])],
        Figure(everything["value"], row["unit"]),
        SIGNS[Verdict(everything["verdict"])],
        row["excluded_words"],
    )


def _signals(told: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("Signals")
    found = told["signals"]
    if not found:
        yield Paragraph("No signal this week: nothing moved by more than chance.")
    alone = [one["words"] for one in found if one["chart"] is None]
    if alone:
        yield Bullets(alone)
    for one in found:
        if one["chart"] is not None:
            yield Chart(Drawn(one["chart"]), one["words"], one["subtitle"], one["words"])
    yield Paragraph(
        f"Over all {len(told['series'])} series about {told['expected_false_alarms']:.1f} marks a "
        "week are chance alone; tests of criteria are held to 5 % false discoveries together "
        "(Benjamini and Hochberg).",
        quiet=True,
    )
    yield Heading("In the same week", 2)
    yield Bullets(told["causes"]) if told["causes"] else Paragraph("Nothing was noted.")


def _lists(told: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("What is good, what worries, what is stable")
    for key in ("positive", "worrying", "stable"):
        yield Heading(text.upper_first(key), 2)
        yield Bullets(told[key]) if told[key] else Paragraph("Nothing.")


def _escalations(packet: Packet) -> Iterator[Block]:
    told = packet.content
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    yield Heading("Escalations")
    if not told["escalations"]:
        yield Paragraph("Nothing has to be escalated.")
    else:
        yield Table(
            "To escalate",
            ("Severity", "Criterion", "Why", "Message"),
            [
                (one["severity"], labels.get(one["criterion_key"], "Data"), one["why"], one["text"])
                for one in told["escalations"]
            ],
            (10, 20, 25, 45),
        )
    if told["sent"]:
        yield Table(
            "What was sent",
            ("Severity", "Criterion", "To", "By", "At", "Message"),
            [
                (
                    *(one["severity"], labels.get(one["criterion_key"], "Data"), one["sent_to"]),
                    *(one["sent_by"], packet.local(datetime.fromisoformat(one["sent_at"]))),
                    one["text"],
                )
                for one in told["sent"]
            ],
            (10, 18, 13, 13, 12, 34),
        )
    elif told["escalations"]:
        yield Paragraph("Nothing was recorded as sent.")


def _voices(told: Mapping[str, Any]) -> Iterator[Block]:
    yield Heading("What people say")
    themes = told.get("themes") or []
    if not themes:
        yield Paragraph("No comment of this week belongs to a theme.")
    for theme in themes:
        yield Heading(theme["name"], 2)
        yield Paragraph(theme["words"])
        if theme["quotes"]:
            yield Bullets(
                [
                    f"\N{LEFT DOUBLE QUOTATION MARK}{q}\N{RIGHT DOUBLE QUOTATION MARK}"
                    for q in theme["quotes"]
                ]
            )
    yield Heading("Opportunities")
    found = told.get("opportunities") or []
    if found:
        yield Bullets([f"{one['title']}: {one['words']}" for one in found])
    else:
        yield Paragraph("No opportunity is on the roadmap yet.")


def _written(packet: Packet) -> Iterator[Block]:
    yield Heading("Notes")
    notes = packet.notes()
    if not notes:
        yield Paragraph("Nobody wrote a note.")
    for title, note in notes.items():
        yield Heading(title, 2)
        yield from (Paragraph(line) for line in note.split("\n") if line.strip())
    yield Heading("Who was there")
    attendees = packet.content["attendees"]
    if attendees:
        yield Table("Attendees", ("Role", "Name"), [tuple(one) for one in attendees], (30, 70))
    else:
        yield Paragraph("Nobody was entered.")


def _appendix(packet: Packet) -> Iterator[Block]:
    told = packet.content
    yield Heading("Appendix: the figures behind it")
    names = ("value", "low", "high", "n", "target", "upper_target")
    earlier = ("week_before", "four_weeks", "baseline")
    yield Table(
        "Exact figures; shares from 0 to 1, durations in seconds",
        (
            *("Key", "Unit", "Value", "Low", "High", "Sample", "Target", "Upper target"),
            *("Verdict", "Last week", "Four weeks", "Baseline", "With the excluded rows"),
        ),
        [
            (
                *(row["key"], row["unit"], *(row[name] for name in names), row["verdict"]),
                *(row[name] for name in earlier),
                row["with_excluded"]["value"] if row["with_excluded"] else None,
            )
            for row in told["criteria"]
        ],
        (15, 9, 8, 8, 8, 7, 7, 7, 10, 8, 8, 8, 9),
    )
    yield Table(
        "Series of the week",
        ("Series", "This week", "Last week", "What it says"),
        [
            (
                one["label"],
                Figure(one["value"], one["unit"]),
                Figure(one["before"], one["unit"]),
                one["finding"],
            )
            for one in told["series"]
        ],
        (30, 14, 14, 42),
    )
    yield Table(
        "How each criterion was estimated",
        ("Criterion", "Method", "Source", "Definition"),
        [
            (
                row["label"],
                row["method"] or text.UNKNOWN,
                row["source"] or text.UNKNOWN,
                "" if row["definition_version"] is None else f"v{row['definition_version']}",
            )
            for row in told["criteria"]
        ],
        (28, 36, 22, 14),
    )
    if told["findings"]:
        yield Table(
            "What the checks of the data found",
            ("When", "Check", "Finding"),
            [
                (packet.local(datetime.fromisoformat(one["at"])), one["check"], one["text"])
                for one in told["findings"]
            ],
            (18, 26, 56),
        )
