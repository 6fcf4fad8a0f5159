"""What the tests of the criteria page share: the rows of a week, and what a page shows."""

from datetime import UTC, datetime, timedelta

from scipy.stats import beta

from core.analytics.dates import last_complete_week
from core.base import clock
from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_enhancement, parse_ticket
from core.ingest.save.platform import save_enhancements, save_surveys, save_tickets

NOW = clock.now()
TODAY = NOW.date()
WEEK = last_complete_week(TODAY)
START = datetime(WEEK.start.year, WEEK.start.month, WEEK.start.day, tzinfo=UTC)
HOUR = timedelta(hours=1)
TABS = (
    *("Dashboard", "Eight weeks", "Baseline", "Before and after"),
    *("Return", "Data quality", "Compare", "All criteria"),
)
HOSTILE = 'O"Neil *b* [x](javascript:1) $1$ :red[a] <b>c</b> `d` \N{PILE OF POO} #1 | _e_'


def runs(completed, failed=0, *, name="run", start=START):
    """Runs an hour apart, the failed ones all within the eighth hour of the fifth day."""
    for n in range(completed + failed):
        is_failed = n >= completed
        at = start + (104.5 if is_failed else n % 96) * HOUR
        yield {
            "id": f"{name}-{n}",
            "ticket_id": f"T{n}",
            "status": "failed" if is_failed else "completed",
            "processing_time_ms": None if is_failed else 20_000,
            "created_at": at.isoformat(),
        }


def answers(number):
    for n in range(number):
        yield {
            "id": f"s{n}",
            "answered_at": (START + n * HOUR).isoformat(),
            "overall": 5 if n % 2 else 4,
            "minutes_saved": 5 + n % 5,
        }


def save(store, found=(), surveys=(), tickets=()):
    with store.write("acme") as unit:
        save_enhancements(unit, [parse_enhancement(one) for one in found])
        save_surveys(unit, [parse_survey(one) for one in surveys])
        save_tickets(unit, [parse_ticket(one) for one in tickets])


def texts(app):
    """Everything that Markdown is made of."""
    kinds = (app.header, app.markdown, app.caption, app.subheader)
    return [
        element.value for kind in (*kinds, app.warning, app.error, app.success) for element in kind
    ]


def said(app):
    return " | ".join(texts(app)).replace("\\", "")


def answer(app):
    return app.header[0].value.replace("\\", "")


def frame(app, column):
    return next(d.value for d in app.dataframe if column in d.value)


def button(app, label):
    return next(one for one in app.button if one.label == label)


def field(kind, label):
    return next(one for one in kind if one.label == label)


def clopper_pearson(good, n):
    """The bounds of a share as they stand in the books."""
    return beta.ppf(0.025, good, n - good + 1), beta.ppf(0.975, good + 1, n - good)


def share(value):
    return f"{value * 100:.1f}".removesuffix(".0") + " %"
