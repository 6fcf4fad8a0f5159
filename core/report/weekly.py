"""The packet of a weekly review: what is taken away, and the document that it makes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from core.analytics.dates import last_complete_week
from core.base import clock, text
from core.charts import ChartSpec
from core.criteria.words import CriterionRow
from core.report.baseline import product_version
from core.report.criteria import (
    cards,
    exact_figures,
    exclusions_table,
    figure,
    findings_table,
    targets_table,
)
from core.report.document import (
    Block,
    Bullets,
    Callout,
    Cell,
    Chart,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
)
from core.review.actions import EXPECTED
from core.review.agenda import SECTIONS, agenda, week_of
from core.review.meeting import meeting_of, said_in
from core.review.signal_charts import how_sure
from core.store import Review, Scope, one_state

Told = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Packet:
    """A review to take away; `content` is its agenda with the notes, actions and attendees.

    `account` is the account's name; both `closed` are None while the review is open.
    """

    content: Mapping[str, Any]
    account: str
    closed_by: str | None
    closed_at: datetime | None
    is_demo: bool

    @cached_property
    def rows(self) -> list[CriterionRow]:
        """The criteria."""
        return [CriterionRow.load(one) for one in self.content["criteria"]]

    @property
    def week(self) -> str:
        """The ISO week, as 2026-W47."""
        return str(self.content["week"])

    @property
    def name(self) -> str:
        """What its files are called, without an ending."""
        return f"touchstone-review-{self.week}"

    @property
    def title(self) -> str:
        """The headline of every format."""
        return f"Weekly review: {self.week}"

    @property
    def state(self) -> str:
        """Whether its figures stay as they are."""
        if self.closed_at is None:
            return "not closed yet"
        return f"closed by {self.closed_by} on {self.local(self.closed_at)}"

    @property
    def stamp(self) -> dict[str, str]:
        """The account, the days, the instant and the version that wrote it."""
        first, last = (
            text.day(datetime.fromisoformat(self.content[day])) for day in ("first_day", "last_day")
        )
        stamp = {
            "Account": self.account,
            "Window": f"{self.week}, {first} to {last}, {self.state}",
            "Days in": str(self.content["zone"]),
            "Filters": "none: all of the account, without what is excluded",
            "As of": self.local(datetime.fromisoformat(self.content["as_of"])),
            "Touchstone": product_version(),
        }
        return stamp | ({"Demo data": "made up"} if self.is_demo else {})

    def document(self, blocks: Iterable[Block]) -> Document:
        """The blocks under the answer of the review."""
        return Document(
            name=self.name,
            title=self.title,
            answer=self.content["answer"],
            stamp=self.stamp,
            is_demo=self.is_demo,
            blocks=tuple(blocks),
        )

    def local(self, at: datetime) -> str:
        """2026-11-18 10:05, in the zone that the review has its days in."""
        return f"{at.astimezone(ZoneInfo(self.content['zone'])):%Y-%m-%d %H:%M}"

    def notes(self) -> dict[str, str]:
        """The notes by the title of their section."""
        written = self.content.get("notes", {})
        titles = {key: section.title for key, section in SECTIONS.items()}
        return {titles.get(key, key): text for key, text in written.items() if text.strip()}


@one_state()
def weekly_packet(
    scope: Scope, *, week: str | None = None, is_demo: bool = False, now: datetime | None = None
) -> Packet:
    """The packet of a week such as 2026-W47, by default of the last complete one.

    A closed review is read from its stored content alone. Raises InputError for an unknown account
    and for a week that is not over, QueryError for what is no week.
    """
    now = now or clock.now()
    today = now.astimezone(scope.zone).date()
    window = week_of(week or last_complete_week(today).label, today)
    meeting = meeting_of(scope, window.label)
    told = None if meeting is None else meeting.content
    if told is None:
        told = agenda(scope, window, now=now)
    return packet_of(scope, told, meeting, is_demo=is_demo)


@one_state()
def packet_of(
    scope: Scope, told: Mapping[str, Any], meeting: Review | None, *, is_demo: bool
) -> Packet:
    """The packet of a review that is shown: `told` as it is, with what was written until now."""
    is_closed = meeting is not None and meeting.content is not None
    return Packet(
        content=told if is_closed else {**told, **said_in(scope, str(told["week"]))},
        account=scope.account_name,
        closed_by=None if meeting is None else meeting.closed_by,
        closed_at=None if meeting is None else meeting.closed_at,
        is_demo=is_demo,
    )


def packet_document(packet: Packet) -> Document:
    """The packet from the answer down to the exact figures."""
    return packet.document(_blocks(packet))


def _blocks(packet: Packet) -> Iterator[Block]:
    told = packet.content
    if packet.closed_at is None:
        yield Callout("This review is not closed yet: its figures change with the data.", "warning")
    else:
        said = text.upper_first(packet.state)
        yield Callout(f"{said}: every figure, word and chart is as it was then.")
    if told.get("left_open"):
        yield Callout(f"Not done when it was closed: {'; '.join(told['left_open'])}.", "warning")
    yield Heading("What we agreed on")
    yield from actions_table(told, "actions", "No action is open from earlier weeks.")
    yield from _criteria(packet)
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
        return
    of_earlier = "moved" in found[0]
    columns: dict[str, Callable[[Told], Cell]] = {
        "What": itemgetter("text"),
        "Who": itemgetter("owner"),
        "Due": lambda one: date.fromisoformat(one["due"]),
    }
    if of_earlier:
        columns["From"] = itemgetter("week")
    columns["State"] = lambda one: ": ".join(filter(None, (one["status"], one.get("outcome"))))
    columns["Should move"] = lambda one: _expected(one, labels)
    if of_earlier:
        columns["What happened"] = lambda one: text.upper_first(one["moved"] or text.UNKNOWN)
    number = text.times(len(found), "action")
    yield Table.of(f"{number} of earlier weeks" if of_earlier else number, found, columns)


def _expected(one: Told, labels: Mapping[str, str]) -> str:
    if not one["criterion_key"]:
        return text.UNKNOWN
    name = labels.get(one["criterion_key"], one["criterion_key"])
    return f"{name} {EXPECTED.get(one['expected'] or '', '')}".strip()


def _criteria(packet: Packet) -> Iterator[Block]:
    yield Heading("Success criteria")
    yield from cards(packet.rows)
    yield targets_table(packet.rows)
    yield Table.of(
        "Against last week, the four weeks before and the baseline",
        packet.rows,
        {
            "Criterion": lambda row: row.label,
            "This week": lambda row: figure(row, row.result.estimate.value),
            "Last week": lambda row: figure(row, row.week_before),
            "Change": lambda row: row.change,
            "Verdict then": lambda row: row.verdict_before or text.UNKNOWN,
            "Four weeks": lambda row: figure(row, row.four_weeks),
            "Baseline": lambda row: figure(row, row.baseline),
            "Against it": lambda row: row.against_baseline or text.UNKNOWN,
        },
    )
    yield exclusions_table(packet.rows)


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
            alt = f"{one['words']}. {one.get('marked', '')}"
            yield Chart(ChartSpec(one["chart"]), one["words"], one["subtitle"], alt)
    yield Paragraph(how_sure(told), quiet=True)
    if said := told.get("comments"):
        yield Heading("What was said of figures", 2)
        yield Bullets(
            [f"{one['figure']}: {text.quoted(one['text'])} ({one['by']})" for one in said]
        )
    yield Heading("In the same week", 2)
    yield Bullets(told["causes"]) if told["causes"] else Paragraph("Nothing was noted.")


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
        yield Table.of(
            "To escalate",
            told["escalations"],
            {
                "Severity": itemgetter("severity"),
                "Criterion": partial(escalation_label, told),
                "Why": itemgetter("why"),
                "Message": itemgetter("text"),
            },
        )
    if told["sent"]:
        yield Table.of(
            "What was sent",
            told["sent"],
            {
                "Severity": itemgetter("severity"),
                "Criterion": partial(escalation_label, told),
                "To": itemgetter("sent_to"),
                "By": itemgetter("sent_by"),
                "At": lambda one: packet.local(datetime.fromisoformat(one["sent_at"])),
                "Message": itemgetter("text"),
            },
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
            yield Bullets([text.quoted(quote) for quote in theme["quotes"][:most]])


def opportunities(told: Told) -> Iterator[Block]:
    """The opportunities that score highest."""
    yield Heading("Opportunities")
    found = [f"{one['title']}: {one['words']}" for one in told.get("opportunities") or []]
    yield Bullets(found) if found else Paragraph("No opportunity is on the roadmap yet.")


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
        yield Table("Attendees", ("Role", "Name"), [tuple(one) for one in attendees])
    else:
        yield Paragraph("No attendees recorded.")


def _appendix(packet: Packet) -> Iterator[Block]:
    told = packet.content
    yield Heading("Appendix: the figures behind it")
    yield exact_figures(packet.rows, with_earlier=True)
    yield Table.of(
        "Series of the week",
        told["series"],
        {
            "Series": itemgetter("label"),
            "This week": lambda one: Figure(one["value"], one["unit"]),
            "Last week": lambda one: Figure(one["before"], one["unit"]),
            "What it says": itemgetter("finding"),
        },
    )
    yield methods_table(packet, packet.rows)
    if told["findings"]:
        title = "What the checks of the data found"
        yield findings_table(title, told["findings"], packet.local)


def methods_table(packet: Packet, rows: Sequence[CriterionRow]) -> Table:
    """How each criterion was estimated, and from how large a sample."""
    versions = {one["key"]: one["definition_version"] for one in packet.content["criteria"]}
    definitions = {key: f"v{version}" if version else "" for key, version in versions.items()}
    return Table.of(
        "How each criterion was estimated",
        rows,
        {
            "Criterion": lambda row: row.label,
            "Method": lambda row: row.result.estimate.method or text.UNKNOWN,
            "Source": lambda row: row.result.judged.source or text.UNKNOWN,
            "Definition": lambda row: definitions[row.result.criterion.key],
            "Sample": lambda row: row.sample,
        },
    )
