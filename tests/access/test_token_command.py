"""`python -m core token ...` as a person runs it."""

import re

from core.access.tokens import find_token
from tests.stores import open_store


def test_a_token_is_made_listed_and_revoked(run, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "Acme")
    made = run("token", "create", "--account", "acme", "--name", "ticket system")
    assert (made.returncode, made.stderr) == (0, "")
    text = made.stdout.splitlines()[-1]
    assert re.fullmatch(r"[\w-]{43}", text)
    assert find_token(store, text).name == "ticket system"
    listed = run("token", "list")
    assert listed.returncode == 0
    assert "acme  ticket system  at most 500 requests a second" in listed.stdout
    assert text not in listed.stdout
    assert run("token", "create", "--name", "ticket system").returncode == 1
    gone = run("token", "revoke", "--name", "ticket system")
    assert (gone.returncode, gone.stderr) == (0, "")
    assert find_token(store, text) is None
    assert "revoked" in run("token", "list", "--account", "acme").stdout
    assert run("token", "revoke").returncode == 1
    store.close()


def test_several_accounts_are_told_apart(run, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/touchstone.db")
    store.ensure_account("acme", "Acme")
    store.ensure_account("other", "Other")
    store.close()
    told = run("token", "create")
    assert told.returncode == 1
    assert "--account: there is acme, other" in told.stderr
    assert run("token", "create", "--account", "nobody").returncode == 1
    assert run("token", "destroy").returncode == 2
    assert run("token", "create", "--account", "other").returncode == 0
