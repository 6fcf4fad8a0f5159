"""What an account decides for itself, and the history of it."""

import math

import pytest

from core.analytics.account_settings import (
    EngagementSettings,
    LeaderboardSettings,
    changes,
    save_settings,
    settings_of,
)
from core.base.errors import ConfigError, InputError
from core.base.settings import load_settings
from core.store import Scope


@pytest.fixture
def acme(any_store):
    any_store.ensure_account("acme", "Acme")
    any_store.ensure_account("other", "Other")
    return any_store


def test_what_was_not_decided_has_its_default(acme):
    assert settings_of(Scope(acme, "acme"), EngagementSettings) == EngagementSettings()
    assert settings_of(Scope(acme, "acme"), LeaderboardSettings) == LeaderboardSettings()


def test_a_decision_is_kept_for_its_account_with_who_made_it(acme):
    ours = LeaderboardSettings(newcomer_below=5, weights={"critical": 9, "odd": 0.5})
    save_settings(Scope(acme, "acme", "Ann"), ours, seen={})
    save_settings(Scope(acme, "acme", "Bob"), ours, seen={})  # changes nothing
    assert settings_of(Scope(acme, "acme"), LeaderboardSettings) == ours
    assert settings_of(Scope(acme, "other"), LeaderboardSettings) == LeaderboardSettings()
    (change,) = changes(Scope(acme, "acme"), subject="settings of testers")
    assert (change.by, change.before) == ("Ann", None)
    assert change.after["newcomer_below"] == 5
    save_settings(Scope(acme, "acme", "Bob"), LeaderboardSettings(), seen={})
    latest = changes(Scope(acme, "acme"), subject="settings of testers")[0]
    assert (latest.by, latest.before) == ("Bob", change.after)
    assert changes(Scope(acme, "other"), subject="settings of testers") == []


def test_a_decision_moves_the_data_version(acme):
    before = acme.data_version("acme")
    save_settings(Scope(acme, "acme", "Ann"), EngagementSettings(silent_days=60), seen={})
    assert acme.data_version("acme") != before


@pytest.mark.parametrize(
    ("kind", "wrong", "said"),
    [
        (EngagementSettings, {"silent_days": 0}, "Silent days is 0"),
        (EngagementSettings, {"silent_days": "x"}, "Silent days is 'x'"),
        (EngagementSettings, {"silent_days": 30}, "Silent begins after fading"),
        (EngagementSettings, {"high_activity": 2}, "High activity begins above"),
        (LeaderboardSettings, {"newcomer_below": True}, "Newcomer below is True"),
        (LeaderboardSettings, {"most_rejected": 20}, "Most rejected is 20"),
        (LeaderboardSettings, {"least_reviewed": math.nan}, "Least reviewed is nan"),
        (LeaderboardSettings, {"weights": {"high": -1}}, "The weight of 'high' is -1"),
        (LeaderboardSettings, {"weights": {"high": math.inf}}, "The weight of 'high' is inf"),
    ],
)
def test_settings_without_sense_are_refused(kind, wrong, said):
    with pytest.raises(InputError, match=said):
        kind(**wrong)


def test_who_may_decide(tmp_path):
    secrets = tmp_path / "secrets.toml"

    def editors(text):
        secrets.write_text(text)
        return load_settings({}, secrets).editors

    assert editors("") is None
    assert editors('editors = ["Ann@Example.org "]') == ("ann@example.org",)
    assert editors('[auth]\nredirect_uri = "x"') == ()
    with pytest.raises(ConfigError, match="editors"):
        editors('editors = "ann"')
