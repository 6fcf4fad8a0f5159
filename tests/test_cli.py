"""The command line: its output and its exit codes."""

import csv
import io
import json
import signal

import pytest

from core.analytics import query_metrics
from tests.commands import process
from tests.ingest.conftest import shop
from tests.payloads import payload
from tests.stores import open_store
from tests.testio_server import TestioServer


def account(api):
    return {
        "TESTIO_CUSTOMER_API_BASE_URL": api.url,
        "TESTIO_CUSTOMER_API_TOKEN": api.token,
        "TESTIO_CUSTOMER_ID": "acme",
        "TESTIO_CUSTOMER_NAME": "Acme",
    }


def test_query_prints_just_the_answer_as_json(run, demo_url):
    asked = ("--metrics", "tests_created,bug_count", "--dimensions", "customer", "--limit", "3")
    done = run("query", *asked, "--format", "json")
    assert done.returncode == 0
    assert "demo data" in done.stderr
    store = open_store(demo_url)
    expected = query_metrics(
        store, metrics=["tests_created", "bug_count"], dimensions=["customer"], limit=3
    )
    store.close()
    found = json.loads(done.stdout)
    assert set(found) == {*("data", "totals", "metadata", "query_explanation", "warnings", "sql")}
    for answer in (found, expected):
        answer["metadata"].pop("query_time_ms")
    assert found == json.loads(json.dumps(expected))


def test_query_as_csv_and_as_a_table(run, demo_url):
    done = run("query", "--metrics", "bug_count", "--dimensions", "severity", "--format", "csv")
    rows = list(csv.reader(io.StringIO(done.stdout.lstrip("\ufeff"))))
    assert rows[0] == ["severity", "bug_count"]
    assert sum(int(number) for _, number in rows[1:]) == 6_000
    table = run("query", "--metrics", "bug_count", "--dimensions", "severity")
    assert "In all: bug_count 6000" in table.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("query",), "--metrics"),
        (("query", "--metrics", "bugs_count"), "did you mean bug_count"),
        (("query", "--metrics", "bug_count", "--filter", "severity"), "KEY=VALUE"),
        (("query", "--metrics", "bug_count", "--limit", "0"), "The limit is 0"),
        (("query", "--metrics", "bug_count", "--account", "nobody"), "nobody"),
        (("sync", "--source", "nothing"), "invalid choice"),
        (("sync", "--watch", "0"), "no number of seconds above 0"),
        (("dance",), "invalid choice"),
        ((), "required"),
    ],
)
def test_wrong_usage_is_2_with_a_sentence(run, demo_url, arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_sync_and_then_query(run):
    with TestioServer(shop()) as api:
        done = run("sync", **account(api))
        assert done.returncode == 0, done.stderr
        assert "4 bugs" in done.stdout
        again = run("sync", **account(api))
        assert "0 new, 0 changed, 0 removed" in again.stdout
        asked = run("query", "--metrics", "bug_count", "--format", "json", **account(api))
        assert json.loads(asked.stdout)["totals"] == {"bug_count": 4}
        assert api.token not in done.stdout + done.stderr + again.stdout + asked.stdout


def test_sync_that_could_read_a_part_only_is_3(run):
    with TestioServer(shop()) as api:
        api.customer.bugs.append(payload("bug", id="no id"))
        done = run("sync", **account(api))
        assert done.returncode == 3
        assert "no usable id" in done.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TESTIO_CUSTOMER_API_TOKEN": "wr0ng"}, "refused the token"),
        ({"TESTIO_CUSTOMER_API_BASE_URL": "http://127.0.0.1:9"}, "cannot be reached"),
        ({"TESTIO_CUSTOMER_ID": ""}, "TESTIO_CUSTOMER_ID"),
        ({"TOUCHSTONE_TIMEZONE": "Nowhere"}, "TOUCHSTONE_TIMEZONE"),
    ],
)
def test_what_fails_is_1_with_a_sentence(run, changes, said):
    with TestioServer(shop()) as api:
        done = run("sync", **(account(api) | changes))
    assert done.returncode == 1
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "wr0ng" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "PROMETHEUS_URL is not set"),
        ({"PROMETHEUS_URL": "http://127.0.0.1:9"}, "TESTIO_CUSTOMER_ID is not"),
    ],
)
def test_prometheus_without_its_settings_is_told(run, settings, said):
    done = run("sync", "--source", "prometheus", **settings)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_demo_says_where_it_is_and_is_built_once(run, demo_url):
    done = run("demo")
    assert done.returncode == 0
    assert "there already" in done.stdout
    assert "touchstone-demo.db" in done.stdout


def test_import_brings_a_file_in_and_tells_what_it_refused(run, tmp_path):
    path = tmp_path / "tickets.csv"
    path.write_text("id,opened\nT-1,03/04/2026\n,03/04/2026\n", encoding="utf-8")
    asked = run("import", "tickets", str(path))
    assert asked.returncode == 1
    assert "can be read in more than one way (%d/%m/%Y, %m/%d/%Y)" in asked.stderr
    mapping = tmp_path / "mapping.json"
    columns = {"id": "id", "opened_at": "opened"}
    mapping.write_text(json.dumps({"columns": columns, "date_format": "%d/%m/%Y"}))
    done = run("import", "tickets", str(path), "--mapping", str(mapping), "--account", "acme")
    assert done.returncode == 3
    assert done.stdout.splitlines()[:2] == [
        "acme: 1 new, 0 changed and 0 unchanged tickets; 1 row refused.",
        "  Opened: 03/04/2026 in 'opened' is read as 3 April 2026 00:00:00 (%d/%m/%Y).",
    ]
    assert "  No value for 'Resolved': 0 of 1 tickets count in resolution times." in done.stdout
    assert "tickets.csv line 3, id: it has no usable id" in done.stderr
    path.write_text("id,opened\nT-1,03/04/2026\n", encoding="utf-8")
    again = run("import", "tickets", str(path))
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("acme: 0 new, 0 changed and 1 unchanged")


def test_import_brings_answers_to_the_survey_in(run, tmp_path):
    path = tmp_path / "survey.csv"
    path.write_text(
        "Timestamp,Email,Overall,Minutes saved,Better resolution\n"
        "2026-11-20T09:00:00Z,ann@acme.example,4,6,yes\n"
        "2026-11-20T10:00:00Z,bob@acme.example,,,\n",
        encoding="utf-8",
    )
    done = run("import", "surveys", str(path), "--account", "acme")
    assert done.returncode == 3
    assert done.stdout.startswith(
        "acme: 1 new, 0 changed and 0 unchanged surveys; 1 row refused.\n"
    )
    assert "survey.csv line 3, overall: it answers no question" in done.stderr
    asked = run("query", "--metrics", "survey_count,survey_minutes_saved", "--format", "json")
    assert json.loads(asked.stdout)["totals"] == {"survey_count": 1, "survey_minutes_saved": 6.0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tickets", "none.csv"], "none.csv cannot be read: No such file or directory."),
        (["tickets", __file__], "No column is named for 'ticket id'"),
        (["feedback", __file__, "--mapping", "none.json"], "The mapping none.json cannot be read"),
        (["surveys", "none.csv"], "none.csv cannot be read: No such file or directory."),
    ],
)
def test_an_import_that_fails_is_1_with_a_sentence(run, arguments, said):
    done = run("import", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_finds_what_is_wrong(run):
    with TestioServer(shop()) as api:
        run("sync", **account(api))
        well = run("doctor", **account(api))
        assert well.returncode == 0
        assert "BAD" not in well.stdout
    ill = run("doctor", **account(api))
    assert ill.returncode == 1
    assert "cannot be reached" in ill.stdout


@pytest.mark.usefixtures("demo_url")
def test_a_process_ends_with_the_exit_code():
    for arguments, code in ((["query", "--metrics", "bugs_count"], 2), (["token", "revoke"], 1)):
        with process(*arguments) as command:
            said = command.stdout.read()
        assert command.returncode == code
        assert said
        assert "Traceback" not in said


def test_a_reader_that_leaves_ends_the_process_quietly(demo_url):
    asked = ("--metrics", "bug_count", "--dimensions", "tester,week", "--format", "csv")
    with process("query", *asked, "--account", "demo") as command:
        said = command.stdout.read(10)
        command.stdout.close()
    assert command.returncode == -signal.SIGPIPE
    assert said
