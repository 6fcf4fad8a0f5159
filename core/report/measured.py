"""What was measured: charts, time before and after, return, survey and feedback."""

from collections.abc import Iterator, Mapping

from core.base import text
from core.base.stats import Estimate
from core.charts import with_events
from core.criteria.ledger import ANNOTATION_KINDS
from core.criteria.panels import methods_chart, panels
from core.criteria.roi import MINUTES_FROM, RoiInput
from core.criteria.time_comparison import Compared
from core.feedback.surveys import LEAST_ANSWERS, TEXTS, Answered
from core.report.document import Block, Bullets, Callout, Chart, Heading, Paragraph, Table
from core.report.evidence import Evidence

LONGEST_QUOTE = 300


def day_by_day(evidence: Evidence) -> Iterator[Block]:
    """The charts of the dashboard, with what happened and what is excluded marked on them."""
    yield Heading("The window day by day")
    missing, events = [], evidence.events()
    for panel in panels(evidence.panels()):
        if panel.drawn is None:
            missing.append(f"{panel.title}. {panel.subtitle}")
        elif panel.key != "saving":
            marked = with_events(panel.drawn, events)
            said = marked.under(panel.subtitle)
            yield Chart(marked.drawn, panel.title, said, marked.said(f"{panel.title}."))
    if missing:
        yield Bullets(missing)
    if evidence.happened:
        rows = [
            (evidence.local(e.from_at), f"{ANNOTATION_KINDS[e.kind]}: {e.text}", e.entered_by)
            for e in evidence.happened
        ]
        yield Table("What happened", ("When", "What", "Noted by"), rows)


def before_and_after(evidence: Evidence) -> Iterator[Block]:
    """Every way to compare tickets, those that speak against enhancement as well."""
    found = evidence.comparison
    yield Heading("Time to resolution, before and after")
    yield Paragraph(found.preferred.why)
    for warning in found.warnings:
        yield Callout(warning, "warning")
    ways = found.methods
    if not ways:
        yield Paragraph("No resolved ticket of this window says whether it was enhanced.")
    else:
        if any(way.estimate.value is not None for way in ways.values()):
            target = evidence.result("time_reduction")
            reductions = {n: text.amount(w.estimate.value, "fraction") for n, w in ways.items()}
            yield Chart(
                methods_chart(found, None if target is None else target.criterion.target),
                "The same question, asked in different ways",
                "Reduction of the mean time to resolution with its 95 % interval; to the left of 0 "
                "it takes longer, and the target is dashed",
                "; ".join(f"{way}: {reduction}" for way, reduction in reductions.items()),
            )
        yield _ways_table(ways, "Every figure, the unfavourable too")
    if found.work is not None:
        yield Paragraph(found.work.preferred.why)
        yield _ways_table(found.work.methods, "Minutes of work, as recorded on tickets")
    yield Paragraph(found.survey_words)
    if found.go_live is not None:
        yield Paragraph(found.go_live.words, quiet=True)


def _ways_table(ways: Mapping[str, Compared], title: str) -> Table:
    return Table.of(
        title,
        ways,
        {
            "Way": str,
            "Reduction": lambda way: text.amount(ways[way].estimate.value, "fraction"),
            "95 % interval": lambda way: _interval(ways[way].estimate, "fraction"),
            "Mean without": lambda way: text.amount(ways[way].without.mean, "minutes"),
            "Mean with": lambda way: text.amount(ways[way].enhanced.mean, "minutes"),
            "Median without": lambda way: text.amount(ways[way].without.median, "minutes"),
            "Median with": lambda way: text.amount(ways[way].enhanced.median, "minutes"),
            "Tickets without": lambda way: ways[way].without.tickets,
            "Tickets with": lambda way: ways[way].enhanced.tickets,
        },
    )


def returned(evidence: Evidence) -> Iterator[Block]:
    """What the time saved is worth, from low to high, with who entered what it rests on."""
    found = evidence.roi
    yield Heading("Return on investment")
    if found.reason:
        yield Callout(f"The return cannot be told: {text.lower_first(found.reason)}", "warning")
    else:
        yield Table(
            f"From low to high, in {evidence.currency}; a year has 52 weeks",
            ("What", "Low", "Middle", "High"),
            [tuple(line.values()) for line in found.lines()],
        )
        yield Bullets([part.removesuffix(".") + "." for part in found.formula.split(". ")])
        for note in found.notes:
            yield Paragraph(note, quiet=True)
    yield Table(
        "What it is computed from, and who entered it",
        ("Input", "Value", "Origin", "Entered by", "When"),
        [_input(evidence, one) for one in found.inputs],
    )


def _input(evidence: Evidence, one: RoiInput) -> tuple[str, ...]:
    value = one.value
    if isinstance(value, int | float):
        said = text.amount(round(value, 2), "")
    else:
        said = MINUTES_FROM.get(value or "", value or text.UNKNOWN)
    at = one.at and evidence.local(one.at)
    return one.label, said, one.origin, one.by or text.UNKNOWN, at or text.UNKNOWN


def survey(evidence: Evidence) -> Iterator[Block]:
    """The answers to each question, broken down from five answers on."""
    found = evidence.survey
    yield Heading("Survey of technicians")
    if not found.responses:
        yield Paragraph("No survey responses in this window.")
        return
    responses = text.upper_first(text.times(found.responses, "response"))
    yield Paragraph(f"{responses}, without those that are excluded.")
    yield Table(
        "Every question",
        ("Question", "Result", "95 % interval", "Answers", "Distribution"),
        [_question(answered) for answered in found.questions],
    )
    if found.responses < LEAST_ANSWERS:
        yield Paragraph(
            "With fewer than five responses what people wrote could tell who wrote it: it is left "
            "out.",
            quiet=True,
        )
        return
    for key, title in TEXTS.items():
        texts = found.texts[key]
        if texts:
            yield Heading(f"{title} ({text.times(len(texts), 'answer')}, the latest)", 2)
            yield Bullets([text.quoted(sentence, LONGEST_QUOTE) for sentence in texts[-3:]])


def _question(answered: Answered) -> tuple[str | int, ...]:
    estimate, unit = answered.estimate, answered.question.unit
    name = {"stars": " of 5", "of 10": " of 10", "fraction": " yes"}.get(unit, "")
    split = f"fewer than {LEAST_ANSWERS}: not broken down"
    if answered.distribution is not None:
        given = ((choice, number) for choice, number in answered.distribution.items() if number)
        split = "; ".join(f"{_choice(str(choice))}: {number}" for choice, number in given)
    value, bounds = text.UNKNOWN, text.UNKNOWN
    if estimate.value is not None:
        value, bounds = f"{text.amount(estimate.value, unit)}{name}", _interval(estimate, unit)
    return answered.question.label, value, bounds, answered.n, split


def _interval(estimate: Estimate, unit: str) -> str:
    """The 95 % interval, else the method, which says why there is none."""
    if estimate.low is None:
        return estimate.method
    return text.between(estimate.low, estimate.high, unit)


def _choice(choice: str) -> str:
    """A choice that JSON has as the name of a number, a truth or a word."""
    try:
        return text.amount(float(choice), "")
    except ValueError:
        return {"true": "yes", "false": "no"}.get(choice, choice)


def feedback(evidence: Evidence) -> Iterator[Block]:
    """Votes in the product: how many, how they are spread, and the latest words without names."""
    found = evidence.feedback
    yield Heading("Feedback in the product")
    if not found.votes:
        yield Paragraph("No votes in this window.")
        return
    raters = text.times(found.raters, "person", "people")
    thumbs = (
        f"{text.count(found.thumbs_up)} of {text.times(found.thumbs, 'thumb')} point up."
        if found.thumbs
        else "No thumbs."
    )
    yield Paragraph(f"{text.times(found.votes, 'vote')} of {raters}. {thumbs}")
    if found.ratings is None:
        yield Paragraph(
            "With fewer than five people who voted, ratings and comments could tell who said what: "
            "they are not broken down.",
            quiet=True,
        )
        return
    yield Table(
        "Ratings in the product",
        ("Stars", "Votes"),
        [(stars, number) for stars, number in sorted(found.ratings.items())],
    )
    if found.quotes:
        yield Heading(f"The latest of {text.times(found.comments, 'comment')}", 2)
        yield Bullets([text.quoted(sentence, LONGEST_QUOTE) for sentence in found.quotes])
