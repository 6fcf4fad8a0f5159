"""Dates and durations as desks, spreadsheets and people write them in the cells of a file.

A cell is read by itself; where day, month and year can stand in more than one order, the format of
its column decides. What can still be read in two ways is None, never a guess.
"""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

from core.base import clock
from core.base.fields import number_in

# Formats of a column: an order, or `ISO` where each date can be read in one way only.
ISO, DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "iso", "%d/%m/%Y", "%m/%d/%Y", "%y/%m/%d"
DATE_FORMATS = (DAY_FIRST, MONTH_FIRST, YEAR_FIRST, ISO)
NOTHING = re.compile(
    r"\s*(?:[-\u2013\u2014]+|#?n/a|[(<]?(?:null|none|empty|blank)[)>]?|nan|nat|undefined|\\n"
    r"|unassigned|not (?:assigned|available|applicable))?\s*",
    re.IGNORECASE,
)
LONGEST_NOTHING = 30
# How the names of months begin, without accents, in the languages of western Europe.
MONTHS = "jan ene gen|feb fev|mar mae maa mrt mrz|apr avr abr|may mai mag maj mei|jun juin giu|"
MONTHS += "jul juil lug|aug aou ago|sep set|oct okt ott out|nov|dec dez dic"
MONTH = {name: n for n, names in enumerate(MONTHS.split("|"), 1) for name in names.split()}
# Hours ahead of UTC, by the names that mean one zone only.
ZONES = {"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2}
ZONES |= {"MESZ": 2, "EET": 2, "EEST": 3, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6}
ZONES |= {"MST": -7, "PDT": -7, "PST": -8}
# A time at the end of a text: 3:42 PM, 09.05 Uhr, 09:00:00.000 -0800, 9:15:00 AM GMT+1.
CLOCK = re.compile(
    r"[\sT,]+(?:(?:at|um|à) )?(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d\d))(?:[:.](?P<second>\d\d))?"
    r"(?:[.,](?P<part>\d{1,9}))?(?: ?(?P<half>[ap])\.? ?m\.?)?(?: Uhr)?"
    r" ?(?P<zone>[a-z]+)? ?(?:(?P<ahead>[+-]\d{1,2}):?(?P<past>\d\d)?)?(?: ?[\[(].*[\])])?$",
    re.IGNORECASE,
)
# Wed Mar 25 09:00:00 UTC 2026.
YEAR_LAST = re.compile(r"^(\w{3} \w{3} \d\d?)( [\d:]+(?: \S+)?) (\d{4})$")
UNIFIED = str.maketrans("\u00a0\u202f\u2009\u2212年月日", "   --- ")
EPOCH, EXCEL = datetime(1970, 1, 1, tzinfo=UTC), datetime(1899, 12, 30)  # noqa: DTZ001
# Parts of a second in numbers since 1970, by their digits.
PER_SECOND = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}

# Milliseconds of a unit, and its words.
UNITS = {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000, "hours": 3_600_000}
UNIT = (
    r"(?:(?P<milliseconds>ms|msecs?|milli\w+)|(?P<seconds>s|secs?|seconds?|sek\w*)"
    r"|(?P<minutes>m|mins?|minut\w+)|(?P<hours>h|hrs?|hours?|std|stunden?))"
)
PART = re.compile(rf"(\d[\d.,]*) ?{UNIT}(?![^\W\d])\.?,?(?: and| und)? ?")
HOURS_CLOCK = re.compile(r"(\d+):([0-5]\d)(?::([0-5]\d))?")
GROUPED = re.compile(r"\d{1,3}(?:(?P<by>[ ',.])\d{3})(?:(?P=by)\d{3})*(?:(?P<point>[.,])\d+)?")


def is_nothing(value: object) -> bool:
    """Whether a value stands for none: a blank, a dash, N/A."""
    if isinstance(value, str):
        # Most cells of a file are numbers, dates and ids: no need to look further.
        is_short = len(value) < LONGEST_NOTHING and not value[:1].isdigit()
        return is_short and NOTHING.fullmatch(value) is not None
    return value is None


@lru_cache(maxsize=50_000)
def readings(text: str) -> Mapping[str, datetime]:
    """Every instant that a text can be, by the format under which it is; naive without an offset.

    `ISO` is among them only where all readings are the same.
    """
    text = YEAR_LAST.sub(r"\1 \3\2", " ".join(text.translate(UNIFIED).split()))
    if one := _in_digits(text):
        return dict.fromkeys(DATE_FORMATS, one)
    found = CLOCK.search(text)
    try:
        at = _time(found.groupdict(default="")) if found else time()
    except (KeyError, ValueError):
        return {}
    days = _days(text[: found.start()] if found else text)
    read = {order: datetime.combine(day, at) for order, day in days.items()}
    return read | ({ISO: next(iter(read.values()))} if len(set(read.values())) == 1 else {})


def read_date(text: str, date_format: str) -> datetime | None:
    """The instant in a column of a format, one of these or of strptime; None where none fits."""
    with suppress(ValueError):
        if text[4:5] == "-":  # most files: no need to look further
            return datetime.fromisoformat(text)
        if date_format not in DATE_FORMATS:
            return datetime.strptime(text, date_format)  # noqa: DTZ007  # the caller adds the offset
    return readings(text).get(order_of(date_format))


def order_of(date_format: str) -> str:
    """The one of `DATE_FORMATS` with the order of a format of strptime."""
    order = "".join(re.findall("%([dmyY])", date_format)).lower()
    return {"dmy": DAY_FIRST, "mdy": MONTH_FIRST, "ymd": YEAR_FIRST}.get(order, ISO)


def read_duration(text: str, unit: str) -> float | None:
    """Milliseconds of `1h 30m`, `1:30` (hours), or `90,5` in the unit; None where it is not clear.

    Days are not: those of a desk have 8 hours or 24.
    """
    text = " ".join(text.translate(UNIFIED).split()).casefold()
    sign, text = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("pt"))
    number = read_number(text)
    if number is not None:
        return sign * number * UNITS[unit] if unit in UNITS else None
    if found := HOURS_CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        # Of a run that takes seconds, 1:30 is as well a minute and a half.
        is_clear = found[3] or unit in {"minutes", "hours"}
        return sign * (hours * 3_600 + minutes * 60 + seconds) * 1_000 if is_clear else None
    parts = [(read_number(part[1]), part.lastgroup) for part in PART.finditer(text)]
    if not parts or PART.sub("", text) or any(number is None for number, _ in parts):
        return None
    return sign * sum(number * UNITS[named] for number, named in parts if number and named)


def unit_of(column: str) -> str | None:
    """The unit that a header names: Time spent (sec)."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower()
    words = re.findall(r"[a-z]{2,}|(?<=[(\[_])[smh]\b", spaced)
    found = (re.fullmatch(UNIT, word) for word in words)
    return next((one.lastgroup for one in found if one), None)


def read_number(text: str) -> float | None:
    """A number with a decimal point or comma; None for 1,250, which is 1250 or 1.25."""
    grouped = GROUPED.fullmatch(text)
    if grouped and grouped["by"] != grouped["point"]:
        if grouped["point"] or grouped["by"] in " '" or text.count(grouped["by"]) > 1:
            text = text.replace(grouped["by"], "")
        elif grouped["by"] == "," and not text.startswith("0"):
            return None
    return number_in(text.replace(",", "."))


def _in_digits(text: str) -> datetime | None:
    """ISO 8601, seconds since 1970, days of a spreadsheet, or digits alone."""
    number = re.fullmatch(r"([1-9]\d*)(?:[.,]\d+)?", text)
    digits = len(number[1]) if number else 0
    try:
        if number and digits in PER_SECOND:
            return EPOCH + timedelta(microseconds=int(number[1]) * 10**6 // PER_SECOND[digits])
        if digits == len("46106"):
            return EXCEL + timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
        if digits in {12, 14}:
            return datetime.strptime(text, "%Y%m%d%H%M%S"[: digits - 2])  # noqa: DTZ007
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=50_000)  # a file has few days, at many times
def _days(text: str) -> Mapping[str, date]:
    """The day of a text by the format under which it is that."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    numbers, words = re.findall(r"\d+", plain), re.findall(r"[a-z]+", plain)
    months = [MONTH[part] for word in words for part in (word[:4], word[:3]) if part in MONTH][-1:]
    if re.search(r"[^\w\s./,-]", plain) or len(numbers) + len(months) != 3:
        return {}
    first, second, *last = numbers
    if months:
        year, day = (first, second) if len(first) == 4 else (second, first)
        found = dict.fromkeys(DATE_FORMATS, (year, months[0], day))
    elif len(first) == 4:
        found = dict.fromkeys(DATE_FORMATS, (first, int(second), *last))
    # Wed 25/03/2026.
    elif len(words) != (re.match(r"[a-z]{2,}[.,]* \d", plain) is not None):
        return {}
    else:
        found = {DAY_FIRST: (*last, int(second), first)}
        if "." not in plain:
            found[MONTH_FIRST] = (*last, int(first), second)
            found[YEAR_FIRST] = (first, int(second), *last)
    read = {}
    for order, (written, month, day) in found.items():
        year = int(written) + (0 if len(written) != 2 else 2000 if int(written) < 70 else 1900)
        # A record is of the past: the 31 in 31/03/26 is no year.
        if len(written) in {2, 4} and year <= clock.now().year + 1:
            with suppress(ValueError):
                read[order] = date(year, month, int(day))
    return read


def _time(part: Mapping[str, str]) -> time:
    """The time in the groups of `CLOCK`; raises KeyError or ValueError where there is none such."""
    name, hour = part["zone"].upper(), int(part["hour"])
    if part["half"]:
        hour = hour % 12 + 12 * (part["half"] in "pP")
    ahead = timedelta(hours=(ZONES[name] if name else 0) + int(part["ahead"] or 0))
    past = timedelta(minutes=int(part["past"] or 0))
    zone = timezone(ahead - past if "-" in part["ahead"] else ahead + past)
    rest = (int(part["minute"]), int(part["second"] or 0), int(part["part"][:6].ljust(6, "0")))
    return time(hour, *rest, tzinfo=zone if name or part["ahead"] else None)
