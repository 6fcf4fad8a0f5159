"""Numbers, dates and parts of sentences as text."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache

from core.base.errors import InputError

# What no database takes as text: NUL, and halves of characters.
NOT_TEXT = re.compile("[\0\ud800-\udfff]")
# A colon would make it one of our own names, such as those of anonymous raters.
ADDRESS = re.compile(r"[^\s@:]+@[^\s@]+")
LONGEST_TEXT = 500
LONGEST_NAME = 100
OTHERS = "Everyone else"
UNKNOWN = "\N{EN DASH}"  # the reason stands beside it

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PAIRS = ((DAY, HOUR, "d", "h"), (HOUR, MINUTE, "h", "min"), (MINUTE, 1, "min", "s"))


def count(number: float) -> str:
    """12345 as 12,345."""
    return f"{number:,.0f}"


def trimmed(number: float, decimals: int) -> str:
    """A number with at most so many decimals: 12,345.6."""
    text = f"{number:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(fraction: float) -> str:
    """0.971 as 97.1 %."""
    return f"{trimmed(fraction * 100, 1)} %"


def duration(seconds: float) -> str:
    """The two largest units: 42 s, 3 min 10 s, 2 h 5 min, 1 d 4 h.

    Seconds up to two minutes, where most durations and their targets lie; a decimal below ten.
    """
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 10:
        return f"{trimmed(seconds, 1)} s"
    whole = round(seconds)
    if whole < 2 * MINUTE:
        return f"{whole} s"
    large, small, of_large, of_small = next(pair for pair in PAIRS if whole >= pair[0])
    rest = (whole % large) // small
    return f"{whole // large} {of_large}" + (f" {rest} {of_small}" if rest else "")


def amount(value: float | None, unit: str) -> str:
    """A value in the unit of its metric; a dash where it is unknown."""
    if value is None:
        return UNKNOWN
    if unit in WRITTEN:
        return WRITTEN[unit](value)
    return trimmed(value, 0 if float(value).is_integer() else 2)


def between(low: float | None, high: float | None, unit: str) -> str:
    """An interval: 90.1 % to 95 %; from 48 s; a dash without any bound."""
    if low is None and high is None:
        return UNKNOWN
    if high is None:
        return f"from {amount(low, unit)}"
    start = "up to" if low is None else f"{amount(low, unit)} to"
    return f"{start} {amount(high, unit)}"


# What a unit is called beside its values.
UNITS: Mapping[str, str] = {
    "count": "a number",
    "fraction": "a share, shown as %",
    "seconds": "a time",
    "minutes": "a time",
    "hours": "a time",
    "points": "points",
    "stars": "stars, from 1 to 5",
    "of 10": "from 0 to 10",
    "per day": "a number per day",
    "per test": "a number per test cycle",
}
# How values in a unit are written, where that is not just a number.
WRITTEN: Mapping[str, Callable[[float], str]] = {
    "fraction": share,
    "seconds": duration,
    "minutes": lambda value: duration(value * MINUTE),
    "hours": lambda value: duration(value * HOUR),
    "money": lambda value: f"{value:,.0f}",
}


def change(value: float | None, previous: float | None, unit: str) -> str | float | None:
    """How far a value moved: points for shares, per cent for amounts; None where unknown.

    No change is the number 0, which Streamlit draws without an arrow.
    """
    if value is None or previous is None:
        return None
    if unit == "fraction":
        points = round((value - previous) * 100, 1)
        return f"{points:+g} pts" if points else 0
    if unit == "money":
        # Of a gain that may be a loss no per cent can be told.
        return f"{value - previous:+,.0f}" if round(value - previous) else 0
    if unit in {"stars", "people", "of 10"}:
        moved = round(value - previous, 2)
        return f"{moved:+g}" if moved else 0
    if previous == 0:
        return f"+{amount(value, unit)}" if value else 0
    percent = round((value / previous - 1) * 100)
    return f"{percent:+,} %" if percent else 0


def day(value: date) -> str:
    """21 Nov 2026."""
    return f"{value.day} {value:%b %Y}"


def ago(value: date, today: date) -> str:
    """today, yesterday, 12 d ago, 5 months ago, 2 years ago."""
    days = (today - value).days
    if days < 0:
        return f"in {-days} d"
    if days < 2:
        return ("today", "yesterday")[days]
    if days < 90:
        return f"{days} d ago"
    months = round(days / 30.44)
    return f"{months} months ago" if months < 24 else f"{round(days / 365.25)} years ago"


def moment(value: datetime, today: date) -> str:
    """14:05 today, 14:05 on 20 Nov 2026; in the value's own zone."""
    on = "today" if value.date() == today else f"on {day(value.date())}"
    return f"{value:%H:%M} {on}"


def times(number: int, one: str, many: str | None = None) -> str:
    """1 cycle, 2 cycles."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def number(value: int) -> str:
    """Small numbers as words: none, one, two ... nine, 10."""
    small = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return small[value] if 0 <= value < len(small) else count(value)


def lower_first(text: str) -> str:
    """The text as it stands inside a sentence; names such as p95 and KPI stay as they are."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """The text as it stands at the start of a sentence."""
    return text[:1].upper() + text[1:]


def listed(items: Iterable[str], joiner: str = "and") -> str:
    """a, b and c."""
    *head, last = items
    return f"{', '.join(head)} {joiner} {last}" if head else last


def named(values: Mapping[str, object]) -> str:
    """Names and values of fields: effort 5, due from 2026-11-02, weights critical 8."""
    said = {name: trimmed(v, 4) if isinstance(v, float) else v for name, v in values.items()}
    words = {name: UNKNOWN if value in (None, "") else value for name, value in said.items()}
    return ", ".join(f"{re.sub('[_.]', ' ', name)} {word}" for name, word in words.items())


def quoted(said: str, longest: int | None = None) -> str:
    """What a person wrote, in quotation marks on one line; cut to `longest` characters."""
    line = " ".join(said.split())
    cut = line if longest is None or len(line) <= longest else f"{line[: longest - 1]}…"
    return f"\N{LEFT DOUBLE QUOTATION MARK}{cut}\N{RIGHT DOUBLE QUOTATION MARK}"


def clean(text: str) -> str:
    """The text with characters that no database stores replaced by U+FFFD."""
    return NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


@lru_cache(maxsize=10_000)  # asked for several times for each vote
def canonical_address(name: str) -> str:
    """An e-mail address in one spelling, whatever its case and width; other names as they are."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    plain = unicodedata.normalize("NFKC", plain)
    return plain if ADDRESS.fullmatch(plain) else name


def given_text(text: str, what: str, *, longest: int = LONGEST_TEXT) -> str:
    """A person's text on one line; raises InputError where it is empty or too long."""
    text = clean(" ".join(text.split()))
    if not text or len(text) > longest:
        raise InputError(f"Say {what}, in 1 to {longest} characters.")
    return text
