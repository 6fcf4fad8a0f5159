"""The packet of a weekly review: what is taken away, as it was closed or as it is now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.analytics.dates import last_complete_week
from core.base import clock, text
from core.report.baseline import product_version
from core.review.agenda import agenda, week_of
from core.review.meeting import Meeting, meeting_of, said_in
from core.store import Scope, account_named

SECTIONS = {
    "metrics": "Success criteria",
    "trends": "Signals",
    "feedback": "What people say",
    "roadmap": "Opportunities",
    "actions": "What we do now",
}


@dataclass(frozen=True, kw_only=True)
class Packet:
    """A review with what is said of it; `content` is the agenda with what people wrote and agreed.

    `account` is the account's name; both `closed` are None while the review is open.
    """

    content: Mapping[str, Any]
    account: str
    closed_by: str | None
    closed_at: datetime | None
    is_demo: bool

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
        """Whose it is, of which days, as of when, and what wrote it."""
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

    def local(self, at: datetime) -> str:
        """2026-11-18 10:05, in the zone that the review has its days in."""
        return f"{at.astimezone(ZoneInfo(self.content['zone'])):%Y-%m-%d %H:%M}"

    def notes(self) -> dict[str, str]:
        """What was written in each section that has something, under the section's title."""
        written = self.content.get("notes", {})
        return {SECTIONS.get(key, key): text for key, text in written.items() if text.strip()}


def weekly_packet(
    scope: Scope,
    *,
    week: str | None = None,
    is_demo: bool = False,
    now: datetime | None = None,
) -> Packet:
    """The packet of a week such as 2026-W47, by default of the last complete one.

    A closed review is taken from what was kept of it alone. Raises InputError for an account or a
    week that there is none of, and for a week that is not over.
    """
    now = now or clock.now()
    name = account_named(scope.store, scope.account).name
    today = now.astimezone(scope.zone).date()
    window = week_of(week or last_complete_week(today).label, today)
    meeting = meeting_of(scope, window.label)
    if meeting is not None and meeting.content is not None:
        told = meeting.content
    else:
        told = agenda(scope, window, name=name, now=now)
    return packet_of(scope, told, meeting, name=name, is_demo=is_demo)


def packet_of(
    scope: Scope,
    told: Mapping[str, Any],
    meeting: Meeting | None,
    *,
    name: str,
    is_demo: bool,
) -> Packet:
    """The packet of a review that is shown: `told` as it is, and what was written until now."""
    closed = meeting if meeting is not None and meeting.content is not None else None
    content = told
    if closed is None:
        content = {**told, **said_in(scope, str(told["week"]))}
    return Packet(
        content=content,
        account=name,
        closed_by=closed.closed_by if closed else None,
        closed_at=closed.closed_at if closed else None,
        is_demo=is_demo,
    )
