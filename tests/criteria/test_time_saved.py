"""The comparison of times against plain Python, and the conclusions it allows."""

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.analytics.dates import Window
from core.analytics.exclusions import Excluded
from core.base import stats
from core.base.stats import Verdict
from core.criteria.time_comparison import compare_all, compare_within, overlap, preferred
from core.criteria.time_saved import compare
from core.ingest.files.load import import_file
from core.ingest.files.mapping import ColumnMapping, known_mapping
from core.ingest.files.records import open_records
from core.store import Scope
from tests.analytics.worlds import Builder, fill, prepare
from tests.draws import draws, within
from tests.stores import open_store

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "incidents_uci"
WEEK = Window(date(2024, 1, 8), date(2024, 1, 14), "2024-W02")
MONDAY = datetime(2024, 1, 8, tzinfo=UTC)
OUTAGE = (MONDAY + timedelta(days=2), MONDAY + timedelta(days=3))
# One ticket of the account is left out by name, on one day only.
EXCLUDED = Excluded(spans=(OUTAGE,), subjects=(("ticket:t1", MONDAY, MONDAY + timedelta(days=20)),))
NOTHING = Excluded()


@pytest.fixture(scope="module")
def opened():
    store = open_store("sqlite://", timezone="UTC")
    prepare(store)
    yield store
    store.close()


TICKETS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from("aaab"),
            "category": st.sampled_from(("Mail", "Net", None)),
            "priority": st.sampled_from(("P1", "", None)),
            "enhanced": st.sampled_from((True, True, False, False, None)),
            # Hours after Monday: before, in and after the window, on its edges and in the outage.
            "hour": st.sampled_from((-1, 0, 5, 30, 48, 60, 72, 167, 168)),
            "minutes": st.sampled_from((0, 0, 1, 5, 5, 60, 90.5, 4_000, -1, None)),
        }
    ),
    max_size=40,
)


def rows_of(drawn):
    for n, ticket in enumerate(drawn):
        row = dict.fromkeys(("technician", "minutes_spent", "reopened"))
        row |= {k: v for k, v in ticket.items() if k not in {"hour", "minutes"}}
        resolved = MONDAY + timedelta(hours=ticket["hour"])
        minutes = ticket["minutes"]
        row["opened_at"] = None if minutes is None else resolved - timedelta(minutes=minutes)
        yield row | {"id": f"t{n}", "resolved_at": resolved}


def brute(rows, window, without):
    """Minutes by kind and side, and how many tickets cannot be compared."""
    strata, left_out = {}, 0
    for row in rows:
        at = row["resolved_at"]
        if row["account_id"] != "a" or not window.takes(at.date()):
            continue
        if without is not NOTHING and (
            OUTAGE[0] <= at < OUTAGE[1] or (row["id"] == "t1" and at >= MONDAY)
        ):
            continue
        if None in (row["enhanced"], row["opened_at"]) or at < row["opened_at"]:
            left_out += 1
            continue
        sides = strata.setdefault((row["category"], row["priority"]), ([], []))
        sides[row["enhanced"]].append((at - row["opened_at"]).total_seconds() / 60)
    return strata, left_out


def expected(strata):
    usable = [sides for sides in strata.values() if min(map(len, sides)) >= 2]
    before = sum(fmean(a) * len(b) for a, b in usable)
    after = sum(map(sum, (b for _, b in usable)))
    enhanced = sum(len(b) for _, b in strata.values())
    overlap = sum(len(b) for _, b in usable) / enhanced if enhanced else None
    return 1 - after / before if before else None, overlap


@settings(max_examples=draws(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=TICKETS,
    window=st.sampled_from((WEEK, Window(None, None, "all"), Window(WEEK.start, None, "since"))),
    without=st.sampled_from((NOTHING, EXCLUDED)),
)
def test_it_is_what_plain_python_finds(opened, drawn, window, without):
    rows = list(rows_of(drawn))
    fill(opened, {"tickets": rows})
    found = compare(Scope(opened, "a"), window=window, without=without)
    strata, left_out = brute(rows, window, without)
    value, overlap = expected(strata)
    assert found.left_out == left_out
    assert found.overlap == pytest.approx(overlap)
    assert found.stratified.estimate.value == pytest.approx(value)
    one = [m for a, _ in strata.values() for m in a], [m for _, b in strata.values() for m in b]
    assert found.naive.estimate.value == pytest.approx(expected({"": one})[0])
    for side, minutes in zip((found.naive.without, found.naive.enhanced), one, strict=True):
        assert side.tickets == len(minutes)
        assert side.mean == pytest.approx(fmean(minutes) if minutes else None)
        assert side.median == pytest.approx(median(minutes) if minutes else None)
    assert len(found.strata) == len(strata)
    for stratum in found.strata:
        sides = strata[stratum.category, stratum.priority]
        tickets = stratum.without.tickets, stratum.enhanced.tickets
        assert tickets == tuple(map(len, sides))
        assert stratum.reduction == pytest.approx(expected({"": sides})[0])
    # So few tickets carry nothing, and what was found is shown all the same.
    assert found.preferred.figure is None
    assert found.preferred.estimate.value is None
    assert found.preferred.why.endswith(".")
    assert any("left out" in said for said in found.warnings) == bool(left_out)


class Desk(Builder):
    """Tickets by the dozen: lognormal minutes about a median."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(11)

    def solve(self, n, middle, *, enhanced, category="Mail", on=MONDAY, spread=0.5):
        for k, minutes in enumerate(self.rng.lognormal(np.log(middle), spread, n)):
            resolved = on + timedelta(days=k % 7, hours=23)
            opened = resolved - timedelta(minutes=float(minutes))
            self.ticket(
                opened_at=opened, resolved_at=resolved, category=category, enhanced=enhanced
            )
        return self

    def compared(self, store, **more):
        fill(store, self.world)
        return compare(Scope(store, "a"), window=WEEK, **more)


def test_tickets_like_each_other_carry_the_criterion(opened):
    desk = Desk()
    for category, middle in (("Mail", 60), ("Net", 200)):
        desk.solve(120, middle, enhanced=False, category=category)
        desk.solve(120, middle * 0.7, enhanced=True, category=category)
    found = desk.compared(opened)
    assert found.preferred.figure == "stratified"
    assert found.preferred.estimate == found.stratified.estimate
    assert 0.15 < found.stratified.estimate.low < 0.3 < found.stratified.estimate.high < 0.45
    assert found.preferred.minutes_without == found.stratified.without.mean
    assert found.preferred.why.startswith("It compares tickets of the same category and priority")
    assert found.warnings == ()
    assert 0.6 < found.naive.median_ratio < 0.85


def test_a_shorter_way_that_is_only_seen_within_kinds_is_refused(opened):
    desk = Desk()
    desk.solve(1_800, 30, enhanced=False).solve(480, 21, enhanced=True)
    desk.solve(720, 100, enhanced=False, category="Net")
    desk.solve(720, 70, enhanced=True, category="Net")
    found = desk.compared(opened)
    assert found.naive.estimate.high < found.stratified.estimate.low
    assert found.preferred.figure is None
    assert any("their intervals do not overlap" in said for said in found.warnings)
    # Unless both give one verdict.
    same = desk.compared(opened, judge=lambda estimate: stats.verdict(estimate, "above", 0.9))
    assert same.preferred.figure == "stratified"
    other = desk.compared(opened, judge=lambda estimate: stats.verdict(estimate, "above", 0.1))
    assert other.preferred.figure is None


@pytest.mark.parametrize("seed", range(6))
def test_opposite_signs_near_zero_are_no_contradiction(opened, seed):
    """Enhancement changes nothing, and the mix of two kinds differs a little."""
    desk = Desk()
    desk.rng = np.random.default_rng(seed)
    for category, middle, with_ in (("Mail", 100, 285), ("Net", 104, 315)):
        desk.solve(300, middle, enhanced=False, category=category, spread=1)
        desk.solve(with_, middle, enhanced=True, category=category, spread=1)
    found = desk.compared(opened)
    assert found.preferred.figure == "stratified"
    assert found.preferred.estimate.high < 0.35
    assert not any("do not overlap" in said for said in found.warnings)


def test_the_verdict_is_that_of_both_figures(opened):
    """Two estimates on both sides of zero whose intervals are both under the target: Missed."""
    rng = np.random.default_rng(20)
    strata = {
        ("a", "1"): (rng.exponential(100, 300), rng.exponential(100, 285)),
        ("b", "1"): (rng.exponential(104, 300), rng.exponential(104, 315)),
    }
    naive, within_ = compare_all(strata), compare_within(strata)
    assert naive.estimate.value * within_.estimate.value < 0
    found = preferred(naive, within_, overlap(strata), None)
    assert stats.verdict(naive.estimate, "above", 0.2) is Verdict.MISSED
    assert stats.verdict(found.estimate, "above", 0.2) is Verdict.MISSED


def test_tickets_without_a_resolution_wait_and_are_told(opened):
    desk = Desk().solve(50, 60, enhanced=False).solve(50, 40, enhanced=True)
    for day in (9, 10, 22):
        desk.ticket(opened=f"2024-01-{day:02}T10:00", enhanced=True)
    found = desk.compared(opened)
    assert found.waiting == 2
    assert found.naive.enhanced.tickets == 50
    assert desk.compared(opened, without=EXCLUDED).waiting == 1


def test_hard_tickets_prove_nothing_either_way(opened):
    found = (
        Desk()
        .solve(100, 318, enhanced=False, spread=0.1)
        .solve(100, 4_307, enhanced=True, spread=0.1)
        .compared(opened)
    )
    assert found.stratified.estimate.high < -5
    assert found.preferred.figure is None
    assert "the harder ones" in found.preferred.why
    assert found.preferred.estimate.reason == found.preferred.why
    assert found.warnings[0].startswith("Enhanced tickets are the harder ones: their median is 4,")


def test_without_overlap_nothing_is_claimed(opened):
    desk = Desk().solve(80, 60, enhanced=False).solve(80, 60, enhanced=True, category="Net")
    found = desk.compared(opened)
    assert found.overlap == 0
    assert found.stratified.estimate.value is None
    assert found.naive.estimate.value is not None
    assert "only 0 % of the enhanced tickets" in found.preferred.why
    desk.solve(40, 60, enhanced=True)
    found = desk.compared(opened)
    assert found.overlap == pytest.approx(1 / 3)
    assert found.preferred.figure is None
    assert any(said.startswith("Only 33.3 %") for said in found.warnings)


@pytest.mark.parametrize(
    ("without", "enhanced", "said"),
    [
        (0, 0, "no ticket with enhancement can be compared; at least 30 are needed"),
        (50, 1, "1 ticket with enhancement can be compared"),
        (29, 50, "29 tickets without enhancement can be compared"),
    ],
)
def test_too_few_tickets_are_told(opened, without, enhanced, said):
    desk = Desk().solve(without, 60, enhanced=False).solve(enhanced, 40, enhanced=True)
    assert said in desk.compared(opened).preferred.why


def live_desk(before, after, *, share=0.9):
    """Two weeks on either side of a go-live date; enhanced tickets are the hard ones."""
    desk = Desk()
    for week in (-2, -1):
        desk.solve(100, before, enhanced=False, on=MONDAY + timedelta(weeks=week))
    for week in (-0, 1):
        many = round(100 * share)
        on = MONDAY + timedelta(weeks=week)
        desk.solve(many, after * 1.2, enhanced=True, on=on)
        desk.solve(100 - many, after * 0.3, enhanced=False, on=on)
    return desk


def test_a_go_live_date_carries_what_hard_tickets_cannot(opened):
    desk = live_desk(100, 70, share=0.6)
    fill(opened, desk.world)
    window = Window(WEEK.start, date(2024, 1, 21), "two weeks")
    refused = compare(Scope(opened, "a"), window=window)
    assert refused.preferred.figure is None
    found = compare(Scope(opened, "a"), window=window, go_live=WEEK.start)
    live = found.go_live
    assert (live.weeks, live.enhanced_before, live.enhanced_after) == (2, 0, 0.6)
    assert (live.compared.without.tickets, live.compared.enhanced.tickets) == (200, 200)
    assert found.preferred.figure == "go_live"
    assert found.preferred.estimate == live.compared.estimate
    assert found.preferred.minutes_without == live.compared.without.mean
    assert found.naive == refused.naive
    assert any(said.startswith("60 % of the tickets from the go-live") for said in found.warnings)


def test_a_go_live_date_on_which_nothing_changed_carries_nothing(opened):
    desk = live_desk(100, 70, share=0.2)
    fill(opened, desk.world)
    window = Window(WEEK.start, date(2024, 1, 21), "two weeks")
    found = compare(Scope(opened, "a"), window=window, go_live=WEEK.start)
    assert found.go_live.compared.estimate.low is not None
    assert found.preferred.figure is None
    assert any("too small a change" in said for said in found.warnings)


@pytest.mark.parametrize("day", [date(2023, 12, 28), date(2024, 1, 20), date(2030, 1, 1)])
def test_a_go_live_date_without_a_week_on_either_side(opened, day):
    found = live_desk(100, 70).compared(opened, go_live=day)
    assert found.go_live.weeks == 0
    assert found.go_live.compared.estimate.value is None
    assert any("no whole week" in said for said in found.warnings)


def test_go_live_weeks_are_whole_and_as_many_before_as_after(opened):
    desk = live_desk(100, 70)
    desk.solve(7, 50, enhanced=True, on=MONDAY + timedelta(weeks=2, days=-3))
    fill(opened, desk.world)
    window = Window(None, date(2024, 1, 24), "up to a Wednesday")
    found = compare(Scope(opened, "a"), window=window, go_live=WEEK.start)
    assert found.go_live.weeks == 2
    assert found.go_live.compared.without.tickets == 200
    assert found.go_live.compared.enhanced.tickets == 203


def test_what_people_say_stands_beside_it(opened):
    desk = Desk().solve(100, 40, enhanced=False).solve(100, 60, enhanced=True, spread=0.3)
    for minutes in (3, 4, 5, 6, 7, 8, 9, None):
        desk.survey(answered="2024-01-10T10:00", minutes_saved=minutes)
    desk.survey(answered="2024-02-10T10:00", minutes_saved=600)
    found = desk.compared(opened)
    assert (found.survey.value, found.survey.n) == (6, 7)
    assert any(said.startswith("The survey says that 6.0 minutes") for said in found.warnings)


@pytest.fixture(scope="module")
def incidents(tmp_path_factory):
    if not DATA.exists():
        pytest.skip("the incident data is not here")
    folder = tmp_path_factory.mktemp("incidents")
    store = open_store(f"sqlite:///{folder}/store.db", timezone="UTC")
    store.ensure_account("acme", "Acme")
    path = folder / "incidents.csv"
    path.write_bytes(gzip.decompress((DATA / "incidents.csv.gz").read_bytes()))
    found = open_records(path)
    proposal = known_mapping(Scope(store, "acme"), "tickets", found)
    columns = dict(proposal.mapping.columns) | {"enhanced": "knowledge"}
    # The desk closes five days after nothing more was heard: that is no resolution.
    del columns["closed_at"]
    import_file(Scope(store, "acme"), "tickets", path, mapping=ColumnMapping(columns=columns))
    yield store
    store.close()


def test_a_real_log_refuses_to_claim_a_saving(incidents):
    with within(1):
        found = compare(Scope(incidents, "acme"), window=Window(None, None, "all"))
    assert found.naive.estimate.high < -0.4
    assert found.naive.median_ratio > 5
    assert found.naive.enhanced.tickets + found.naive.without.tickets > 23_000
    assert found.overlap > 0.9
    assert found.preferred.figure is None
    assert found.preferred.why == (
        "No conclusion either way: enhanced tickets are the harder ones, so the effect of "
        "enhancement cannot be separated from theirs."
    )
    assert found.warnings[0].startswith("Enhanced tickets are the harder ones")
    assert any("-61.2 % naive" in said for said in found.warnings)


def test_a_day_in_a_real_log_is_no_go_live(incidents):
    window = Window(None, None, "all")
    found = compare(Scope(incidents, "acme"), window=window, go_live=date(2016, 4, 15))
    assert found.go_live.weeks == 6
    assert found.preferred.figure is None


def test_both_databases_say_the_same(opened, each_store):
    desk = Desk()
    for category, middle in (("Mail", 60), (None, 200)):
        desk.solve(60, middle, enhanced=False, category=category)
        desk.solve(60, middle * 0.7, enhanced=True, category=category)
    for minutes in range(8):
        desk.survey(answered="2024-01-10T10:00", minutes_saved=minutes, respondent="kim")
    here = desk.compared(opened, go_live=WEEK.start, without=EXCLUDED)
    assert desk.compared(each_store, go_live=WEEK.start, without=EXCLUDED) == here
    assert here.survey.n == 0  # in the outage
