"""How an answer is cut into units that are written one after the other."""

from hypothesis import given
from hypothesis import strategies as st

from core.base.fields import FieldProblem, Parsed, ParsedRow
from core.ingest.sync.pipeline import UNIT_OBJECTS, _units


def parsed(problems=(), **row):
    return ParsedRow(row, problems, {})


def problem(source_id):
    return FieldProblem("bug", str(source_id), "severity", "?", "it is unknown")


@given(
    sizes=st.lists(st.integers(0, 2 * UNIT_OBJECTS), max_size=12),
    strays=st.lists(st.sampled_from([None, 900, 901]), max_size=3),
    refused=st.integers(0, 2),
)
def test_each_object_is_in_one_unit_and_whole_test_cycles_are(sizes, strays, refused):
    cycles = [parsed(id=number) for number in range(len(sizes))]
    of = [cycle.id for cycle, size in zip(cycles, sizes, strict=True) for _ in range(size)]
    bugs = [
        parsed((problem(number),) * (number % 3 == 0), id=number, cycle_id=cycle_id)
        for number, cycle_id in enumerate(of + strays)
    ]
    of_refused = tuple(problem(f"unknown-{number}") for number in range(refused))
    every = (*(p for bug in bugs for p in bug.problems), *of_refused)
    units = list(_units(cycles, Parsed(tuple(bugs), of_refused)))

    assert [cycle for some, _ in units for cycle in some] == cycles
    if not cycles:
        return
    assert [bug for _, read in units for bug in read.items if bug.row["cycle_id"] in range(12)] == [
        bug for bug in bugs if bug.row["cycle_id"] in range(12)
    ]
    assert {bug.id for _, read in units for bug in read.items} == {bug.id for bug in bugs}
    for some, read in units[:-1]:
        assert {bug.row["cycle_id"] for bug in read.items} <= {cycle.id for cycle in some}
        assert read.refused == ()
        assert set(read.problems) == {p for bug in read.items for p in bug.problems}
    for some, read in units:
        assert len(some) == 1 or len(some) + len(read.items) < UNIT_OBJECTS + len(strays)
    assert sorted(p.source_id for _, read in units for p in read.problems) == sorted(
        p.source_id for p in every
    )
    assert units[-1][1].refused == of_refused
