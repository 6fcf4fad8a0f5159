"""The packet of a weekly review as a deck for the meeting: the answer, then what it rests on."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from core.base import text
from core.base.stats import Verdict
from core.charts.builders import criterion_bar
from core.charts.image import INK, SOFT
from core.criteria.panels import criterion_ends
from core.criteria.verdicts import load_result
from core.report.document import SIGNS
from core.report.packet import Packet
from core.report.paging import Page, chosen, grouped, listed, tables
from core.report.slides import Cell, Slides, TableOf
from core.review.actions import EXPECTED

Told = Mapping[str, Any]

MOST_SLIDES = 15
GOOD, BAD, OPEN = "#0a6b4c", "#a03512", "#8a5000"
COLOURS = {
    Verdict.MET: GOOD,
    Verdict.MISSED: BAD,
    Verdict.NOT_PROVEN: OPEN,
    Verdict.NO_DATA: SOFT,
}
SEVERE = {"critical": BAD, "high": OPEN, "medium": SOFT}
DECIDED = "Met and Missed: the whole 95 % interval lies on one side of the target"
THEMES_A_SLIDE, MOST_QUOTES = 3, 3


def deck(packet: Packet) -> bytes:
    """A .pptx of at most `MOST_SLIDES` slides; sections that have nothing to say have none."""
    told = packet.content
    foot = f"{packet.account}, {packet.week}, {packet.state}"
    foot += f"; as of {packet.stamp['As of']} {told['zone']}"
    foot += "; demo data: made up" if packet.is_demo else ""
    slides = Slides(title=packet.title, foot=foot, subject=told["answer"])
    badge = "Demo data: made up, in a store of its own" if packet.is_demo else ""
    slides.opening(f"{packet.title}, {packet.account}", told["answer"], packet.stamp, badge)
    for page, rest in chosen(list(_sections(packet)), MOST_SLIDES - 1):
        page.draw(slides, rest)
    return slides.data()


def _sections(packet: Packet) -> Iterator[list[Page]]:
    told = packet.content
    main = [row for row in told["criteria"] if not row["is_guardrail"]]
    rails = [row for row in told["criteria"] if row["is_guardrail"]]
    yield _carried(told)
    yield _criteria("Success criteria", DECIDED, main)
    yield _overview(told)
    yield _signals(told)
    yield _verdicts(told)
    yield _themes(told)
    yield listed(
        "Opportunities",
        "What is on the roadmap",
        [f"{one['title']}: {one['words']}" for one in told.get("opportunities") or []],
        "line",
    )
    yield _escalations(packet)
    yield _agreed(told)
    yield _notes(packet)
    if any(row["value"] is not None for row in rails):
        yield _criteria("Appendix: guardrails", "What must not get worse on the way", rails)
    if any(row["value"] is not None for row in told["criteria"]):
        yield _methods(told)


def _carried(told: Told) -> list[Page]:
    found = told["actions"]
    if not found:
        return listed("What we agreed on", "", ["No action is open from earlier weeks."], "action")
    rows = [
        (
            Cell(one["text"]),
            Cell(one["owner"]),
            Cell(_day(one["due"]), BAD if one["due"] <= str(told["last_day"]) else INK),
            Cell(_moved(one), COLOUR_OF_MOVE.get(_last_words(one), INK)),
        )
        for one in found
    ]
    subtitle = f"{text.times(len(found), 'action')} open from earlier weeks: did its line move?"
    table = TableOf(("What", "Who", "Due", "Did it move"), (40, 18, 14, 34), rows)
    return tables("What we agreed on", subtitle, table, "action")


def _day(iso: str) -> str:
    return text.day(date.fromisoformat(iso))


COLOUR_OF_MOVE = {"as expected": GOOD, "against what was expected": BAD}


def _last_words(one: Told) -> str:
    return (one.get("moved") or "").rpartition(": ")[2]


def _moved(one: Told) -> str:
    if not one.get("moved"):
        return "no criterion named"
    return f"{one['criterion']} {EXPECTED.get(one['expected'] or '', '')}: {one['moved']}"


def _criteria(title: str, subtitle: str, rows: Sequence[Told]) -> list[Page]:
    """Value, target, verdict and interval, how it was before, and with what is excluded."""
    columns = {"Criterion": 25, "Value": 11, "Target": 14, "Verdict": 18, "95 % interval": 22}
    columns |= {"Last week": 13, "4 weeks": 12, "Baseline": 13}
    is_both = any(row["with_excluded"] for row in rows)
    columns |= {"With excluded": 17} if is_both else {}
    table = TableOf(
        tuple(columns),
        tuple(columns.values()),
        [_criterion(row)[: len(columns)] for row in rows],
        frozenset({1, 5, 6, 7}),
    )
    return tables(title, subtitle, table, "row")


def _criterion(row: Told) -> tuple[Cell, ...]:
    unit, verdict = row["unit"], Verdict(row["verdict"])
    earlier = (row[name] for name in ("week_before", "four_weeks", "baseline"))
    said = text.between(row["low"], row["high"], unit)
    counted = text.times(row["n"], row["sample"])
    everything, both = row["with_excluded"], text.UNKNOWN
    if everything:
        verdict_of_all = text.lower_first(everything["verdict"])
        both = f"{text.amount(everything['value'], unit)}, {verdict_of_all}"
    # Met without the excluded rows, and not with them: that has to be seen.
    is_by_them = bool(everything) and verdict is Verdict.MET != everything["verdict"]
    return (
        Cell(row["label"], bold=True),
        Cell(text.amount(row["value"], unit), bold=True),
        Cell(row["target_words"]),
        Cell(
            SIGNS[verdict] + (" by exclusions" if is_by_them else ""), COLOURS[verdict], bold=True
        ),
        Cell(f"{said}, {counted}" if row["n"] else row["reason"] or "no data", SOFT),
        *(Cell(text.amount(value, unit)) for value in earlier),
        Cell(both),
    )


def _overview(told: Told) -> list[Page]:
    """Every signal in a sentence, beside what happened in the same days."""
    found = [one["words"] for one in told["signals"]]
    if not found and not told["causes"]:
        return []
    subtitle = (
        f"Over {len(told['series'])} series about {told['expected_false_alarms']:.1f} marks a week "
        "are chance alone; tests of criteria are held to 5 % false discoveries together."
    )
    groups = [
        ("Signals", INK, found or ["No signal: nothing moved by more than chance."]),
        ("In the same week", INK, told["causes"] or ["Nothing was noted."]),
    ]
    return grouped("What changed, and what may explain it", subtitle, groups, "line")


def _signals(told: Told) -> list[Page]:
    """A slide for each thing that moved, with its chart; a test and a rule of one are one thing."""
    by_label: dict[str, list[Told]] = {}
    for one in told["signals"]:
        by_label.setdefault(one["label"], []).append(one)
    pages = []
    for label, signals in by_label.items():
        charted = next((one for one in signals if one["chart"]), None)
        keys = {one["key"] for one in signals}
        series = next((s for s in told["series"] if s["key"] in keys or s["label"] == label), None)
        title = "; ".join(_once(label, signals))
        chart = charted or series
        if chart is not None:
            said = f"{label} by week: {chart.get('finding', '')}"
            subtitle = charted["subtitle"] if charted else said
            pages.append(_chart(title, subtitle, chart, told["week"]))
        else:
            rows = [row for row in told["criteria"] if row["key"] in keys]
            pages += [_figures(title, row) for row in rows]
    return [Page(page.draw, 1, "signal") for page in pages]


def _figures(title: str, row: Told) -> Page:
    """A criterion that no chart of a series shows: its figures, and its mark."""
    unit = row["unit"]
    result = load_result(row)
    bar = criterion_bar(
        result.estimate, target=row["target"], ends=criterion_ends(result), unit=unit
    )
    figures = [
        ("This week", COLOURS[Verdict(row["verdict"])], text.amount(row["value"], unit)),
        ("Target", INK, row["target_words"]),
        ("Last week", INK, text.amount(row["week_before"], unit)),
        ("Four weeks before", INK, text.amount(row["four_weeks"], unit)),
        ("Baseline", INK, text.amount(row["baseline"], unit)),
    ]

    def draw(slides: Slides, rest: str) -> None:
        said = text.upper_first(row["interval_words"])
        slides.figures(
            title,
            f"{said}. {rest}" if rest else said,
            figures,
            (bar, f"{title}; {row['interval_words']}"),
        )

    return Page(draw)


def _once(label: str, signals: Sequence[Told]) -> Iterator[str]:
    """The sentences of signals with the label before the first alone."""
    for n, one in enumerate(signals):
        yield one["words"] if n == 0 else one["words"].removeprefix(f"{label}: ")


def _chart(title: str, subtitle: str, one: Told, week: str) -> Page:
    def draw(slides: Slides, rest: str) -> None:
        slides.chart(
            title, f"{subtitle}. {rest}" if rest else subtitle, one["chart"], one["unit"], week
        )

    return Page(draw)


def _verdicts(told: Told) -> list[Page]:
    groups = [
        ("Positive", GOOD, told["positive"]),
        ("Worrying", BAD, told["worrying"]),
        ("Stable or open", SOFT, told["stable"]),
    ]
    if not any(items for _, _, items in groups):
        return []
    filled = [(name, colour, items or ["Nothing."]) for name, colour, items in groups]
    return grouped("What is good, what worries, what is stable", "", filled, "line")


def _themes(told: Told) -> list[Page]:
    """The themes side by side, each with what people wrote."""
    groups = [
        (
            theme["name"],
            INK,
            [
                theme["words"],
                *(
                    f"\N{LEFT DOUBLE QUOTATION MARK}{q}\N{RIGHT DOUBLE QUOTATION MARK}"
                    for q in theme["quotes"][:MOST_QUOTES]
                ),
            ],
        )
        for theme in told.get("themes") or []
    ]
    said = "Themes of the week's comments, in people's own words"
    pages = []
    for start in range(0, len(groups), THEMES_A_SLIDE):
        some = groups[start : start + THEMES_A_SLIDE]
        page, *_ = grouped("What people say", said, some, "theme")
        pages.append(Page(page.draw, len(some), "theme"))
    return pages


def _escalations(packet: Packet) -> list[Page]:
    told = packet.content
    if not told["escalations"] and not told["sent"]:
        return []
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    sent: dict[str, list[str]] = {}
    for one in told["sent"]:
        sent.setdefault(one["criterion_key"], []).append(f"{one['sent_to']}, by {one['sent_by']}")
    keys = {one["criterion_key"] for one in told["escalations"]}
    # What was sent of a criterion that no longer needs it stays to be read.
    only = [one for one in told["sent"] if one["criterion_key"] not in keys]
    rows = [
        (
            Cell(text.upper_first(one["severity"]), SEVERE[one["severity"]], bold=True),
            Cell(labels.get(one["criterion_key"], "Data"), bold=True),
            Cell(one.get("why", one["text"])),
            Cell("; ".join(sent.get(one["criterion_key"], ["not recorded as sent"]))),
        )
        for one in [*told["escalations"], *only]
    ]
    table = TableOf(("Severity", "Criterion", "Why", "Sent to"), (14, 26, 36, 24), rows)
    return tables("Escalations", "What cannot wait for next week", table, "escalation")


def _agreed(told: Told) -> list[Page]:
    found = told["new_actions"]
    if not found:
        return listed("What we do now", "", ["No action was agreed on in this review."], "action")
    labels = {row["key"]: row["label"] for row in told["criteria"]}
    rows = [
        (
            Cell(one["text"], bold=True),
            Cell(one["owner"]),
            Cell(_day(one["due"])),
            Cell(
                f"{labels.get(one['criterion_key'], one['criterion_key'])} "
                f"{EXPECTED.get(one['expected'] or '', '')}"
                if one["criterion_key"]
                else text.UNKNOWN
            ),
        )
        for one in found
    ]
    table = TableOf(("What", "Who", "Due", "Should move"), (44, 20, 14, 26), rows)
    return tables("What we do now", "Each comes back next week", table, "action")


def _notes(packet: Packet) -> list[Page]:
    lines = [
        f"{title}: {line}" if n == 0 else line
        for title, text in packet.notes().items()
        for n, line in enumerate(line for line in text.split("\n") if line.strip())
    ]
    there = ", ".join(f"{name} ({role})" for role, name in packet.content["attendees"])
    if not lines and not there:
        return []
    subtitle = f"There: {there or 'nobody was entered'}"
    return listed("Notes", subtitle, lines or ["Nobody wrote a note."], "line")


def _methods(told: Told) -> list[Page]:
    rows = [
        (
            Cell(row["label"], bold=True),
            Cell(row["method"] or text.UNKNOWN),
            Cell(row["source"] or text.UNKNOWN),
            Cell(text.times(row["n"], row["sample"])),
        )
        for row in told["criteria"]
        if row["value"] is not None
    ]
    table = TableOf(("Criterion", "Method", "Source", "Sample"), (30, 34, 16, 24), rows)
    return tables("Appendix: how it was measured", DECIDED, table, "row")
