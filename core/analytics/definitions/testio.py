"""The metrics of test cycles and bug reports, and the measures that they are made of."""

from core.analytics.model import (
    SECOND,
    Elapsed,
    MetricDefaults,
    Weight,
    count,
    distinct,
    known,
    one_of,
    total,
)
from core.store import BUG_ACCEPTED, BUG_DECIDED, BUG_REVIEWED

_CREATED, _SUBMITTED = known("created_by_id"), known("submitted_by_id")
_TIMED = known("start_at"), known("end_at")
EXECUTED = ("running", "locked", "archived")

CYCLES_CREATED = count("tests", "cycles_created", _CREATED)
CYCLES_EXECUTED = count("tests", "cycles_executed", one_of("status", *EXECUTED))
BUGS = count("bugs", "bugs")
BUGS_ANY_ACCEPTED = count("bugs", "bugs_any_accepted", one_of("status", *BUG_ACCEPTED))
BUG_WEIGHT = total("bugs", "bug_weight", Weight("severity"))

_CYCLES = MetricDefaults("test cycles of the test IO Customer API", "Product manager")
_BUGS = MetricDefaults("bug reports of the test IO Customer API", "Quality lead")

TESTIO_METRICS = (
    _CYCLES.count(
        "tests_created",
        "Tests created",
        "Test cycles with a known creator, drafts included.",
        "number of test cycles whose creator is known",
        measure=CYCLES_CREATED,
    ),
    _CYCLES.count(
        "tests_submitted",
        "Tests submitted",
        "Test cycles that were submitted, whatever their status now.",
        "number of test cycles whose submitter is known",
        measure=count("tests", "cycles_submitted", _SUBMITTED),
    ),
    _CYCLES.ratio(
        "test_completion_rate",
        "Test completion rate",
        "The share of created test cycles that were submitted.",
        "test cycles with creator and submitter / test cycles with creator",
        of=count("tests", "cycles_created_and_submitted", _CREATED, _SUBMITTED),
        per=CYCLES_CREATED,
    ),
    _CYCLES.count(
        "test_count",
        "Tests",
        "All test cycles, of any status and creator.",
        "number of test cycles",
        measure=count("tests", "cycles"),
    ),
    _CYCLES.count(
        "tests_executed",
        "Tests executed",
        "Test cycles that testers worked on: running, locked or archived.",
        "number of test cycles whose status is running, locked or archived",
        measure=CYCLES_EXECUTED,
    ),
    _CYCLES.ratio(
        "avg_test_duration",
        "Average test duration",
        "The mean time from start to end of the test cycles that have both.",
        "sum of (end - start) / number of test cycles with start and end",
        better="none",
        unit="hours",
        of=total(
            "tests", "cycle_hours", Elapsed("end_at", 3600 * SECOND, since="start_at"), *_TIMED
        ),
        per=count("tests", "cycles_timed", *_TIMED),
        smallest_sample=10,
    ),
    _CYCLES.count(
        "features_tested",
        "Features tested",
        "Different features in the test cycles.",
        "number of distinct features in test cycles",
        measure=distinct("test_features", "features", "feature_id"),
    ),
    _BUGS.count(
        "bug_count",
        "Bugs",
        "Bug reports of any status.",
        "number of bug reports",
        better="none",
        measure=BUGS,
    ),
    _BUGS.count(
        "open_bugs",
        "Open bugs",
        "Bug reports that were forwarded and not yet decided.",
        "number of bug reports whose status is forwarded",
        better="down",
        measure=count("bugs", "bugs_open", one_of("status", "forwarded")),
    ),
    _BUGS.ratio(
        "bugs_per_test",
        "Bugs per test",
        "Bug reports for each test cycle that was executed.",
        "bugs / tests executed",
        better="none",
        unit="per test",
        of=BUGS,
        per=CYCLES_EXECUTED,
        smallest_sample=10,
    ),
    _BUGS.metric(
        "bug_severity_score",
        "Bug severity score",
        "Bug reports weighted by severity: critical 5, high 3, low, visual and content "
        "1, any other 0, unless a query gives other weights.",
        "sum of the weights of the bugs' severities",
        better="none",
        unit="points",
        measure=BUG_WEIGHT,
        sample=BUGS,
    ),
    _CYCLES.count(
        "active_customers",
        "Active customer users",
        "Different customer users who created a test cycle.",
        "number of distinct creators of test cycles",
        measure=distinct("tests", "creators", "created_by_id"),
    ),
    _BUGS.count(
        "active_testers",
        "Active testers",
        "Different people who reported a bug.",
        "number of distinct reporters of bugs",
        measure=distinct("bugs", "testers", "tester_id"),
    ),
    _BUGS.ratio(
        "overall_acceptance_rate",
        "Overall acceptance rate",
        "The share of all bugs that were accepted, by a person or by default.",
        "(accepted + auto accepted) / all bugs",
        of=BUGS_ANY_ACCEPTED,
        per=BUGS,
    ),
    _BUGS.ratio(
        "active_acceptance_rate",
        "Active acceptance rate",
        "The share of all bugs that a person accepted.",
        "accepted / all bugs",
        of=count("bugs", "bugs_accepted", one_of("status", "accepted")),
        per=BUGS,
    ),
    _BUGS.ratio(
        "auto_acceptance_rate",
        "Auto acceptance rate",
        "The share of accepted bugs that were accepted automatically, without review.",
        "auto accepted / (accepted + auto accepted)",
        better="down",
        of=count("bugs", "bugs_auto_accepted", one_of("status", "auto_accepted")),
        per=BUGS_ANY_ACCEPTED,
    ),
    _BUGS.ratio(
        "rejection_rate",
        "Rejection rate",
        "The share of all bugs that were rejected.",
        "rejected / all bugs",
        better="down",
        of=count("bugs", "bugs_rejected", one_of("status", "rejected")),
        per=BUGS,
    ),
    _BUGS.ratio(
        "review_rate",
        "Review rate",
        "The share of all bugs that a person accepted or rejected.",
        "(accepted + rejected) / all bugs",
        of=count("bugs", "bugs_reviewed", one_of("status", *BUG_REVIEWED)),
        per=BUGS,
    ),
    _BUGS.ratio(
        "decided_acceptance_rate",
        "Decided acceptance rate",
        "The share of decided bugs that were accepted: the rate to rank people by.",
        "(accepted + auto accepted) / (accepted + auto accepted + rejected)",
        of=BUGS_ANY_ACCEPTED,
        per=count("bugs", "bugs_decided", one_of("status", *BUG_DECIDED)),
    ),
)
