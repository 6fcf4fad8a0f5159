"""The facts and the dimensions."""

from core.analytics.model import Dimension, Fact

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_OF_CYCLE = {"default": "the end of their test cycle", "start": "the start of their test cycle"}

FACTS = {
    fact.key: fact
    for fact in (
        Fact(
            *("tests", "Tests", "a test cycle", "test cycle", "test cycles", "testio"),
            {"default": "their end", "start": "their start"},
        ),
        Fact(
            *("bugs", "Bugs", "a bug report", "bug", "bugs", "testio"),
            {**_OF_CYCLE, "reported": "their report"},
        ),
        Fact(
            *("test_features", "Features in tests", "a feature in a test cycle"),
            *("feature in a test cycle", "features in test cycles", "testio"),
            _OF_CYCLE,
        ),
        Fact(
            *("enhancements", "Enhancements", "one run of the ticket enhancer"),
            *("enhancement run", "enhancement runs", "enhancements"),
            {"default": "their creation"},
        ),
        Fact(
            *("tickets", "Tickets", "a service-desk ticket", "ticket", "tickets", "tickets"),
            {"default": "their resolution, else opening"},
        ),
        Fact(
            *("feedback", "Feedback", "the current vote of one rater on one subject"),
            *("vote", "votes", "feedback"),
            {"default": "their creation"},
        ),
        Fact(
            *("surveys", "Surveys", "one person's response to the survey"),
            *("survey response", "survey responses", "surveys"),
            {"default": "their answer"},
        ),
    )
}

_CYCLES = ("tests", "bugs", "test_features")
_PLATFORM = ("enhancements", "tickets", "feedback")


def _time(key: str, example: str, description: str) -> Dimension:
    return Dimension("time", key, key.capitalize(), tuple(FACTS), example, description)


DIMENSIONS = {
    dimension.key: dimension
    for dimension in (
        Dimension(
            *("entity", "account", "Account", tuple(FACTS), "Acme"),
            "The customer account (tenant).",
        ),
        Dimension(
            *("entity", "product", "Product", _CYCLES, "Web shop"),
            "The product that was tested; for a bug, the product it was reported on.",
        ),
        Dimension(
            *("entity", "feature", "Feature", _CYCLES, "Checkout"),
            "The feature; a cycle with three features counts once under each, the total counts "
            "it once.",
        ),
        Dimension(
            *("attribute", "platform", "Platform", ("tests", "bugs"), "iOS"),
            "The operating system: of the bug's devices for bugs, of the cycle's requirements "
            "for tests; a row with several counts once under each.",
        ),
        Dimension(
            *("entity", "customer", "Customer user", _CYCLES, "anna"),
            "The customer user who created the test cycle.",
        ),
        Dimension(
            *("entity", "submitter", "Submitter", ("tests", "bugs"), "anna"),
            "The customer user who submitted the test cycle.",
        ),
        Dimension("entity", "tester", "Tester", ("bugs",), "zoe", "The reporter of the bug."),
        Dimension(
            *("attribute", "severity", "Severity", ("bugs",), "critical"),
            "critical, high, low, visual, content, custom, and others as sent.",
        ),
        Dimension(
            *("attribute", "bug_status", "Bug status", ("bugs",), "accepted"),
            "accepted, auto_accepted (without review), rejected, forwarded (open), and others "
            "as sent.",
            ("status",),
        ),
        Dimension(
            *("attribute", "test_status", "Test status", ("tests", "bugs"), "locked"),
            "initialized, customer_finalized, waiting, running, locked, archived, cancelled.",
        ),
        Dimension(
            *("attribute", "testing_type", "Testing type", ("tests", "bugs"), "rapid"),
            "coverage, focused, rapid, usability, test_case, and others as sent.",
        ),
        Dimension(
            *("attribute", "test_environment", "Test environment", ("tests", "bugs"), "Staging"),
            "The title of the environment that was tested.",
        ),
        Dimension(
            *("attribute", "rejection_reason", "Rejection reason", ("bugs",), "not_reproducible"),
            "The key of the reason, from the source's list, for which a bug was last rejected.",
        ),
        Dimension(
            *("attribute", "known_bug", "Known bug", ("bugs",), True),
            "Whether the customer knew the bug already.",
        ),
        _time("day", "2024-01-31", "The day of the fact's clock in the business time zone."),
        _time("week", "2024-W05", "The ISO week of that day, Monday to Sunday."),
        _time("month", "2024-01", "The month of that day."),
        _time("quarter", "2024-Q1", "The quarter of that day."),
        _time("year", "2024", "The year of that day."),
        _time("weekday", "Monday", "The day of the week of that day, Monday to Sunday."),
        Dimension(
            *("attribute", "enhancement_status", "Enhancement status", _PLATFORM, "completed"),
            "pending, completed, failed, and others as sent; a ticket counts once under each "
            "status of its runs, a vote under the status of the run it was cast on.",
        ),
        Dimension(
            *("attribute", "ticket_category", "Ticket category", _PLATFORM, "Network"),
            "The category of the ticket.",
        ),
        Dimension(
            *("attribute", "ticket_priority", "Ticket priority", _PLATFORM, "P2"),
            "The priority of the ticket.",
        ),
        Dimension(
            *("attribute", "technician", "Technician", _PLATFORM, "kim"),
            "The technician who worked on the ticket.",
        ),
        Dimension(
            *("attribute", "enhanced", "Enhanced", _PLATFORM, True),
            "Whether the ticket was enhanced.",
        ),
        Dimension(
            *("attribute", "feedback_type", "Feedback type", ("feedback",), "thumbs_up"),
            "thumbs_up, thumbs_down, rating; a vote with a thumb and a rating counts once under "
            "each, the total counts it once.",
        ),
        Dimension(
            *("attribute", "subject", "Subject", ("feedback",), "ticket:INC-7"),
            "What was rated: a ticket, an enhancement, or a page of this product, whose votes "
            "are in no metric.",
        ),
    )
}
