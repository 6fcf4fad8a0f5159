"""The examples of docs/api.md are run as they stand there."""

import json
import os
import re
import subprocess

import pytest

from core.api.errors import ERRORS
from core.base.settings import ROOT

DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.fixture
def answers(running):
    """What each example prints, in the order of the document."""
    environment = os.environ | {"URL": running.url, "TOKEN": running.token, "TENANT": "demo"}
    printed = []
    for example in re.findall(r"```sh\n(.+?)```", DOCUMENT, re.DOTALL):
        done = subprocess.run(
            ["sh", "-ec", example],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    return printed


def test_the_examples_do_what_is_said(answers):
    posted, listed, stats, records = map(json.loads, answers[:4])
    assert posted["status"] == "recorded"
    assert {one["feedback_type"] for one in listed["feedback"]} == {"rating"}
    assert listed["count"] >= len(listed["feedback"]) == 50
    assert set(stats) >= {"average_rating", "feedback_counts", "positive_percentage"}
    assert (records["added"], records["refused"]) == (1, 0)
    assert 'touchstone_votes_accepted_total{result="new"} 1.0' in answers[4].splitlines()
    assert len(answers) == 5


def test_every_error_is_in_the_table():
    told = {int(n) for line in re.findall(r"^\| (\d[\d, ]*) \|", DOCUMENT, re.MULTILINE)
            for n in line.split(", ")}  # fmt: skip
    assert told == set(ERRORS) - {500}
