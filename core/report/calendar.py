"""The weekly review in people's calendars: a file to import, or to subscribe to."""

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vRecur, vUri

from core.base import clock
from core.report.document import line_text
from core.review.agenda import SECTIONS

STARTS = time(10)
LENGTH = timedelta(minutes=sum(SECTIONS.values()))
REMINDER = timedelta(minutes=-15)
LONGEST_NAME = 100


def calendar_file(
    account_name: str,
    zone: ZoneInfo,
    url: str,
    *,
    account_id: str | None = None,
    now: datetime | None = None,
) -> bytes:
    """The meeting as iCalendar (RFC 5545): Mondays at 10:00 in the zone, from this week on.

    The same account has the same event, by its id where that is given: a file that is imported
    again changes it, and adds no other. A `url` that is no web address is left out.
    """
    today = (now or clock.now()).astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    name = line_text(account_name)[:LONGEST_NAME]
    link = _web_address(url)
    starts = datetime.combine(monday, STARTS, zone)

    event = Event()
    event.add(
        "uid", f"{uuid5(NAMESPACE_URL, f'touchstone/review/{account_id or name}')}@touchstone"
    )
    event.add("summary", f"Weekly review: {name}")
    event.add("dtstamp", datetime.combine(monday, time(), UTC))
    event.add("dtstart", starts)
    # The length is of wall clock and of hours alike: no change of the clocks is at ten.
    event.add("dtend", starts + LENGTH)
    event.add("rrule", vRecur({"FREQ": ["WEEKLY"], "BYDAY": ["MO"]}))
    event.add("description", "\n".join([*_agenda(), link] if link else _agenda()))
    if link:
        event.add("url", vUri(link))
    event.add("transp", "OPAQUE")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"Weekly review: {name}")
    alarm.add("trigger", REMINDER)
    event.add_component(alarm)

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Touchstone//Weekly review//EN")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", f"Weekly review: {name}")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _agenda() -> list[str]:
    """What is looked at, and for how long."""
    return [f"{key.capitalize()}: {minutes} min" for key, minutes in SECTIONS.items()]


def _web_address(url: str) -> str:
    url = line_text(url).replace(" ", "%20")
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""
