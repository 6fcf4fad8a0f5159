"""Delivery of a review: its packet by mail or as a draft, and the meeting as a calendar file."""

import re
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import STATUS, TRANSP, Alarm, Calendar, Event, Timezone, vRecur

from core.analytics.account_settings import ReviewSettings
from core.base import clock
from core.base.errors import InputError, SourceError, SourceRefused, SourceUnreachable
from core.base.settings import MailSettings
from core.report.criteria import main_rows
from core.report.document import line_text
from core.report.formats import PACKET_FORMATS, write_packet
from core.report.html import filled
from core.report.weekly import Packet
from core.review.agenda import LENGTH, SECTIONS
from core.store import Account

ATTACHED = ("pdf", "pptx")
MOST_RECIPIENTS = 50
LONGEST_ADDRESS = 254
ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
SECONDS = 20.0
# One Monday for all: past meetings stay in calendars, whatever becomes of a store.
FIRST, STARTS = date(2026, 1, 5), time(10)
AS_PLANNED = ReviewSettings()
REMINDER = timedelta(minutes=-15)
LONGEST_NAME = 100


def recipients(text: str) -> list[str]:
    """The addresses that stand in a text, one a line or with commas between; each once.

    Raises InputError for one that is none, for none at all and for more than 50.
    """
    found = [part.strip() for part in re.split(r"[,;\n]", text.replace("\r\n", "\n"))]
    known = list({one.lower(): one for one in found if one}.values())
    for one in known:
        if len(one) > LONGEST_ADDRESS or not ADDRESS.fullmatch(one):
            raise InputError(f"{line_text(one)[:80]!r} is no address: write ann@example.org.")
    if not known:
        raise InputError("Enter the recipients: one address a line.")
    if len(known) > MOST_RECIPIENTS:
        raise InputError(f"{len(known)} addresses are too many: at most {MOST_RECIPIENTS}.")
    return known


def packet_mail(packet: Packet, *, sender: str | None, to: Sequence[str]) -> EmailMessage:
    """The message with text, HTML and the packet as PDF and deck; no text ends up in a header."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = line_text(f"{packet.title}, {packet.account}")[:200]
    if to:
        message["To"] = ", ".join(to)
    message["Date"] = formatdate(localtime=False, usegmt=True)
    if sender:
        message["From"] = sender
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(_body(packet, "mail.txt"))
    message.add_alternative(_body(packet, "mail.html"), subtype="html")
    for kind in ATTACHED:
        main, _, sub = PACKET_FORMATS[kind].mime.partition("/")
        message.add_attachment(
            write_packet(packet, kind), maintype=main, subtype=sub, filename=f"{packet.name}.{kind}"
        )
    return message


def draft(message: EmailMessage) -> bytes:
    """The message as a file that mail programs open to be looked over and sent."""
    message["X-Unsent"] = "1"
    return message.as_bytes()


def send(mail: MailSettings, message: EmailMessage, *, seconds: float = SECONDS) -> dict[str, str]:
    """Send a message; answers with the addresses that the server refused, and why.

    Raises SourceRefused where it refuses every recipient or the sender, and SourceUnreachable where
    it cannot be reached, does not answer in `seconds`, or cannot be talked to as configured.
    """
    try:
        with _connected(mail, seconds) as server:
            if mail.username and mail.password:
                server.login(mail.username, mail.password)
            refused = server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise _told(error, mail, seconds) from None
    return {address: _said(*answer) for address, answer in refused.items()}


def _told(error: Exception, mail: MailSettings, seconds: float) -> SourceError:
    """What went wrong, in a sentence without what the server may have said of a secret."""
    who = f"The mail server {mail.host}"
    # smtplib says of a time-out that the connection was lost.
    reason = error.__context__ if isinstance(error, smtplib.SMTPServerDisconnected) else error
    match reason:
        case smtplib.SMTPRecipientsRefused():
            each = (f"{to}: {_said(*answer)}" for to, answer in reason.recipients.items())
            return SourceRefused(f"{who} refused every recipient: {'; '.join(each)}.")
        case smtplib.SMTPAuthenticationError():
            return SourceRefused(f"{who} refused the name or password: nothing was sent.")
        case smtplib.SMTPResponseException() if reason.smtp_code > 0:
            answer = _said(reason.smtp_code, reason.smtp_error)
            return SourceRefused(f"{who} refused the message: {answer}.")
        case smtplib.SMTPNotSupportedError():
            said = "does not offer what is configured, encryption or a sign-in: nothing was sent"
        case ssl.SSLError():
            said = "could not be talked to encrypted, or has no valid certificate: nothing was sent"
        case TimeoutError():
            said = f"did not answer in {seconds:g} s: nothing is known to be sent"
        case _:
            said = (
                f"could not be reached on port {mail.port}, or ended the connection: nothing is "
                "known to be sent"
            )
    return SourceUnreachable(f"{who} {said}.")


def _connected(mail: MailSettings, seconds: float) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=seconds, context=trusted)
    server = smtplib.SMTP(mail.host, mail.port, timeout=seconds)
    if mail.tls == "starttls":
        try:
            # Raises where it is not offered: then nothing is said in the open.
            server.starttls(context=trusted)
        except BaseException:
            server.close()
            raise
    return server


def _said(code: int, answer: bytes | str) -> str:
    """What a server answered, on one line and not too long."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return line_text(f"{code} {text}")[:200].rstrip(".")


def _body(packet: Packet, template: str) -> str:
    told = packet.content
    agreed = [f"{one['text']} ({one['owner']}, {one['due']})" for one in told["new_actions"]]
    lists = {"Positive": told["positive"], "Worrying": told["worrying"], "Agreed": agreed}
    return filled(template, packet=packet, rows=main_rows(packet.rows), lists=lists)


def calendar_file(
    account: Account,
    zone: ZoneInfo,
    url: str,
    settings: ReviewSettings = AS_PLANNED,
    *,
    now: datetime | None = None,
) -> bytes:
    """The meeting as iCalendar (RFC 5545): Mondays at 10:00 in the zone, past ones as well.

    An account always has the same event: a file that is imported again changes it, and adds no
    other. One that is cancelled stays, as that. `url` is the page's address, to which the account
    is added; one that is no web address is left out.
    """
    today = (now or clock.now()).astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    title = f"Weekly review: {line_text(account.name)[:LONGEST_NAME]}"
    link = _web_address(f"{url}?account={quote(account.id, safe='')}")
    agenda = [f"{section.name}: {section.minutes} min" for section in SECTIONS.values()]
    uid = f"{uuid5(NAMESPACE_URL, f'touchstone/review/{account.id}')}@touchstone"

    def meeting(day: date, **more: Any) -> Event:
        starts = datetime.combine(day, STARTS, zone)
        return Event.new(
            uid=uid,
            sequence=settings.revision,
            summary=title,
            stamp=datetime.combine(monday, time(), UTC),
            start=starts,
            # No clock changes at ten: the length is the same on the wall and in hours.
            end=starts + LENGTH,
            description="\n".join([*agenda, link] if link else agenda),
            url=link or None,
            **more,
        )

    event = meeting(FIRST, transparency=TRANSP.OPAQUE)
    event.add("rrule", vRecur({"FREQ": ["WEEKLY"], "BYDAY": ["MO"]}))
    alarm = Alarm.new(description=title)
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", REMINDER)
    event.add_component(alarm)
    off = [datetime.combine(date.fromisoformat(day), STARTS, zone) for day in settings.cancelled]
    gone = {"transparency": TRANSP.TRANSPARENT, "status": STATUS.CANCELLED}
    meetings = [event, *(meeting(at.date(), recurrence_id=at, **gone) for at in off)]
    calendar = Calendar.new(
        uid=uid,
        prodid="-//Touchstone//Weekly review//EN",
        calscale="GREGORIAN",
        name=title,
        subcomponents=meetings,
    )
    if calendar.get_missing_tzids():
        calendar.subcomponents.insert(0, _Zone.from_tzinfo(zone))
    return bytes(calendar.to_ical())


class _Zone(Timezone):
    # From steps of 8 days on: those of 64 pass over a month of another time, such as Ramadan.
    _from_tzinfo_skip_search = Timezone._from_tzinfo_skip_search[3:]  # noqa: SLF001


def _web_address(url: str) -> str:
    url = line_text(url).replace(" ", "%20")
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""
