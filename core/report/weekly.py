"""The packet of a weekly review as a document, from the answer down to the exact figures."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from core import charts
from core.base import text
from core.base.stats import Verdict
from core.charts import ChartSpec
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import load_result
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
    quoted,
)
from core.report.packet import Packet
from core.review.actions import EXPECTED

Told = Mapping[str, Any]


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
    yield from actions_table(told, "actions", "No action is open from earlier weeks.")
    yield from _criteria(told)
    yield from _signals(told)
    yield from lists(told)
    yield from _escalations(packet)
    yield Heading("What people say")
    yield from themes(told)
    yield from opportunities(told)
    yield Heading("What we do now")
    yield from actions_table(told, "new_actions", "No action was agreed on in this review.")
    yield from _written(packet)
    yield from _appendix(packet)


def actions_table(told: Told, key: str, none: str) -> Iterator[Block]:
    """Actions as agreed; those of earlier weeks with what their criterion has done since."""
    found, labels = told[key], {row["key"]: row["label"] for row in told["criteria"]}
    if not found:
        yield Paragraph(none)
    elif "moved" in found[0]:
        yield Table(
            f"{text.times(len(found), 'action')} open",
            {"What": 30, "Who": 14, "Due": 14, "From": 12, "Should move": 18, "Did it move": 24},
            [
                (*_agreed(one), one["week"], _expected(one, labels), one["moved"] or text.UNKNOWN)
                for one in found
            ],
        )
    else:
        yield Table(
            text.times(len(found), "action"),
            {"What": 44, "Who": 18, "Due": 14, "State": 12, "Should move": 24},
            [(*_agreed(one), _state(one), _expected(one, labels)) for one in found],
        )


def _agreed(one: Told) -> tuple[Cell, ...]:
    return one["text"], one["owner"], date.fromisoformat(one["due"])


def _state(one: Told) -> str:
    outcome = f": {one['outcome']}" if one.get("outcome") else ""
    return f"{one['status']}{outcome}"


def _expected(one: Told, labels: Mapping[str, str]) -> str:
    if not one["criterion_key"]:
        return text.UNKNOWN
    name = labels.get(one["criterion_key"], one["criterion_key"])
    return f"{name} {EXPECTED.get(one['expected'] or '', '')}".strip()


def _criteria(told: Told) -> Iterator[Block]:
    rows = told["criteria"]
    yield Heading("Success criteria")
    yield from _judgements(rows)
    yield Table(
        "Every criterion and guardrail against its target",
        {
            "Criterion": 22,
            "Value": 10,
            "Target": 12,
            "Verdict": 13,
            "95 % interval": 18,
            "Sample": 18,
            "Owner": 14,
        },
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
    )
    yield Table(
        "Against last week, the four weeks before and the baseline",
        {
            "Criterion": 22,
            "This week": 10,
            "Last week": 10,
            "Change": 10,
            "Verdict then": 12,
            "Four weeks": 10,
            "Baseline": 10,
            "Against it": 16,
        },
        [_earlier(row) for row in rows],
    )
    both = [row for row in rows if row["with_excluded"]]
    if both:
        yield Table(
            "Every figure without and with what is excluded",
            {
                "Criterion": 20,
                "Without": 10,
                "Verdict": 13,
                "With": 10,
                "Verdict with": 13,
                "In words": 34,
            },
            [_both(row) for row in both],
        )
    else:
        yield Paragraph("Nothing of this week is excluded: every figure counts every row.")


def _judgements(rows: Sequence[Told]) -> Iterator[Judgement]:
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


def _label(row: Told) -> str:
    return f"{row['label']} (guardrail)" if row["is_guardrail"] else str(row["label"])


def _earlier(row: Told) -> tuple[Cell, ...]:
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


def _both(row: Told) -> tuple[Cell, ...]:
    everything = row["with_excluded"]
    return (
        row["label"],
        Figure(row["value"], row["unit"]),
        SIGNS[Verdict(row["verdict"])],
        Figure(everything["value"], row["unit"]),
        SIGNS[Verdict(everything["verdict"])],
        row["excluded_words"],
    )


def _signals(told: Told) -> Iterator[Block]:
    yield Heading("Signals")
    found = told["signals"]
    if not found:
        yield Paragraph("No signal this week: nothing moved by more than chance.")
    alone = [one["words"] for one in found if one["chart"] is None]
    if alone:
        yield Bullets(alone)
    for one in found:
        if one["chart"] is not None:
            yield Chart(ChartSpec(one["chart"]), one["words"], one["subtitle"], one["words"])
    yield Paragraph(expected_chance(told), quiet=True)
    yield Heading("In the same week", 2)
    yield Bullets(told["causes"]) if told["causes"] else Paragraph("Nothing was noted.")


def expected_chance(told: Told) -> str:
    """How many marks and discoveries to expect where nothing has changed."""
    return (
        f"About {told['expected_false_alarms']:.1f} false alarms a week are expected over all "
        f"{len(told['series'])} series; tests of criteria together are held to 5 % false "
        "discoveries (Benjamini and Hochberg)."
    )


def lists(told: Told) -> Iterator[Block]:
    """What is good, what worries and what is stable, each a sentence."""
    yield Heading("What is good, what worries, what is stable")
    for key in ("positive", "worrying", "stable"):
        yield Heading(text.upper_first(key), 2)
        yield Bullets(told[key]) if told[key] else Paragraph("Nothing.")


def _escalations(packet: Packet) -> Iterator[Block]:
    told = packet.content
    yield Heading("Escalations")
    if not told["escalations"]:
        yield Paragraph("Nothing has to be escalated.")
    else:
        yield Table(
            "To escalate",
            {"Severity": 10, "Criterion": 20, "Why": 25, "Message": 45},
            [
                (one["severity"], escalation_label(told, one), one["why"], one["text"])
                for one in told["escalations"]
            ],
        )
    if told["sent"]:
        yield Table(
            "What was sent",
            {"Severity": 10, "Criterion": 18, "To": 13, "By": 13, "At": 12, "Message": 34},
            [
                (
                    *(one["severity"], escalation_label(told, one), one["sent_to"]),
                    *(one["sent_by"], packet.local(datetime.fromisoformat(one["sent_at"]))),
                    one["text"],
                )
                for one in told["sent"]
            ],
        )
    elif told["escalations"]:
        yield Paragraph("Nothing was recorded as sent.")


def escalation_label(told: Told, one: Told) -> str:
    """The criterion that an escalation is about; `Data` where it is about lost data."""
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    return str(labels.get(one["criterion_key"], "Data"))


def themes(told: Told, *, most: int | None = None) -> Iterator[Block]:
    """The themes of the week's comments, with at most so many quotes each."""
    found = told.get("themes") or []
    if not found:
        yield Paragraph("No comment of this week belongs to a theme.")
    for theme in found:
        yield Heading(theme["name"], 2)
        yield Paragraph(theme["words"])
        if theme["quotes"]:
            yield Bullets([quoted(quote) for quote in theme["quotes"][:most]])


def opportunities(told: Told) -> Iterator[Block]:
    """The opportunities that score highest."""
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
        yield Paragraph("No notes.")
    for title, note in notes.items():
        yield Heading(title, 2)
        yield from (Paragraph(line) for line in note.split("\n") if line.strip())
    yield Heading("Attendees")
    attendees = packet.content["attendees"]
    if attendees:
        yield Table("Attendees", {"Role": 30, "Name": 70}, [tuple(one) for one in attendees])
    else:
        yield Paragraph("No attendees recorded.")


def _appendix(packet: Packet) -> Iterator[Block]:
    told = packet.content
    yield Heading("Appendix: the figures behind it")
    names = ("value", "low", "high", "n", "target", "upper_target")
    earlier = ("week_before", "four_weeks", "baseline")
    yield Table(
        "Exact figures; shares from 0 to 1, durations in seconds",
        {
            "Key": 15,
            "Unit": 9,
            "Value": 8,
            "Low": 8,
            "High": 8,
            "Sample": 7,
            "Target": 7,
            "Upper target": 7,
            "Verdict": 10,
            "Last week": 8,
            "Four weeks": 8,
            "Baseline": 8,
            "With the excluded rows": 9,
        },
        [
            (
                *(row["key"], row["unit"], *(row[name] for name in names), row["verdict"]),
                *(row[name] for name in earlier),
                row["with_excluded"]["value"] if row["with_excluded"] else None,
            )
            for row in told["criteria"]
        ],
    )
    yield Table(
        "Series of the week",
        {"Series": 30, "This week": 14, "Last week": 14, "What it says": 42},
        [
            (
                one["label"],
                Figure(one["value"], one["unit"]),
                Figure(one["before"], one["unit"]),
                one["finding"],
            )
            for one in told["series"]
        ],
    )
    yield methods_table(told["criteria"])
    if told["findings"]:
        yield Table(
            "What the checks of the data found",
            {"When": 18, "Check": 26, "Finding": 56},
            [
                (packet.local(datetime.fromisoformat(one["at"])), one["check"], one["text"])
                for one in told["findings"]
            ],
        )


def methods_table(rows: Sequence[Told]) -> Table:
    """How each criterion was estimated, and from how large a sample."""
    return Table(
        "How each criterion was estimated",
        {"Criterion": 26, "Method": 32, "Source": 14, "Definition": 12, "Sample": 16},
        [
            (
                row["label"],
                row["method"] or text.UNKNOWN,
                row["source"] or text.UNKNOWN,
                "" if row["definition_version"] is None else f"v{row['definition_version']}",
                text.times(row["n"], row["sample"]),
            )
            for row in rows
        ],
    )
