"""Texts that want out of the format they stand in, in every place where people enter text."""

import re
from datetime import UTC, datetime, timedelta

from core.analytics.dates import last_complete_week
from core.base import clock
from core.criteria.ledger import annotate, change_criterion, exclude
from core.feedback import cast_vote
from core.feedback.surveys import parse_survey
from core.ingest.parse.records import parse_enhancement, parse_ticket
from core.ingest.save.platform import save_enhancements, save_surveys, save_tickets
from core.store import Scope

TEXTS = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><style>*{display:none}</style><a href="javascript:alert(1)">x</a>',
    '#import "@preview/x:1.0.0": * #panic("out") #read("/etc/passwd")',
    '") #text(red)[out] ("',
    "` ``` ```` ~~~ [link](http://evil.example/) ![i](http://evil.example/i.png)",
    "# Heading\n- bullet\n1. number\n| a | b |\n<details>",
    '=HYPERLINK("http://evil.example";"x")',
    "+1+1",
    "@SUM(A1:A9)",
    "-2+3 \\u{1F600} \\ $x^2$ *bold* _under_ & &lt; &amp;",
    "nul \x00 bell \x07 escape \x1b[31m delete \x7f next \x85 half \ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe \u2067 عربي עברית 漢字 ไทย हिन्दी",
    "\N{PILE OF POO}\N{ZERO WIDTH JOINER}\N{MAN} e\u0301 \u2028 \u2029 \ufffe",
    "x" * 5_000,
    "word " * 1_000,
)
WINDOW = last_complete_week(clock.now().date())
NOON = datetime.combine(WINDOW.start, datetime.min.time(), UTC) + timedelta(hours=12)


def fill(store):
    """An account whose every text is one of these."""
    storable = [re.sub("[\ud800-\udfff]", "?", text).replace("\x00", "") for text in TEXTS]
    store.ensure_account("evil", storable[0])
    runs, tickets, answers = [], [], []
    for n in range(90):
        text, at = storable[n % len(storable)], NOON + timedelta(hours=n)
        status = "failed" if n % 5 == 0 else "completed"
        run = {"id": f"r{n}", "ticket_id": f"t{n}", "status": status, "error_message": text}
        run |= {"created_at": at.isoformat(), "processing_time_ms": 1_000 * n}
        runs.append(parse_enhancement(run))
        ticket = {"id": f"t{n}", "category": text[:80], "priority": text[:40], "technician": text}
        ticket |= {"opened_at": at.isoformat(), "enhanced": n % 2 == 0}
        ticket |= {"resolved_at": (at + timedelta(minutes=n + 1)).isoformat()}
        tickets.append(parse_ticket(ticket))
        answer = {"id": f"s{n}", "respondent": text, "answered_at": at.isoformat()}
        answer |= {"overall": n % 5 + 1, "what_helps": text, "what_to_improve": text}
        answers.append(parse_survey(answer))
    with store.write("evil") as unit:
        save_enhancements(unit, runs)
        save_tickets(unit, tickets)
        save_surveys(unit, answers)
    for n, text in enumerate(storable):
        cast_vote(
            Scope(store, "evil"),
            subject=f"ticket:t{n}",
            rater=text[:90] or "x",
            rating=n % 5 + 1,
            thumb="up",
            comment=text,
            at=NOON + timedelta(minutes=n),
        )
        note(store, text[:480], n)
    return store


def note(store, text, n):
    at = NOON + timedelta(hours=7 * n)
    annotate(Scope(store, "evil", text[:60]), from_at=at, kind="other", text=text)
    exclude(
        Scope(store, "evil", text[:60]),
        from_at=at,
        to_at=at + timedelta(minutes=5),
        kind="other",
        reason=text,
    )
    keys = ("success_rate", "latency_p95", "satisfaction", "time_reduction", "latency_p50")
    key = keys[n % len(keys)]
    target = 0.9 if key == "success_rate" else 3.0
    edit = {"target": target, "direction": "above", "owner": text, "rationale": text}
    if key != "time_reduction":
        change_criterion(Scope(store, "evil", text[:60]), key, seen={}, **edit)


def clear_of_controls(text):
    """Whether a text has no control character but a line break."""
    return not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", text
    )
