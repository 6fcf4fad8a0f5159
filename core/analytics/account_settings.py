"""Settings of an account (thresholds, weights, inputs), and the history of its changes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, ClassVar, TypeVar

from core.analytics.definitions import SEVERITY_WEIGHTS
from core.base.errors import InputError
from core.store import AccountSetting, AuditEntry, Scope, table

MOST_CHANGES = 200
LARGEST_INPUT = 1_000_000_000
MINUTES_SOURCES = ("measured", "survey")


@dataclass(frozen=True, kw_only=True)
class EngagementSettings:
    """Thresholds of customer segments, in days and in cycles created in the window.

    A user is fading when the latest cycle ended more than `fading_days` ago, silent when more than
    `silent_days`, and new when the first cycle ended within `new_days`.
    """

    KEY: ClassVar[str] = "engagement"

    high_activity: int = 10
    medium_activity: int = 3
    new_days: int = 30
    fading_days: int = 45
    silent_days: int = 90

    def __post_init__(self) -> None:
        _check_whole(self)
        if self.medium_activity >= self.high_activity:
            raise InputError("High activity begins above medium activity: raise it.")
        if self.fading_days >= self.silent_days:
            raise InputError("Silent begins after fading: give it more days.")


@dataclass(frozen=True, kw_only=True)
class LeaderboardSettings:
    """Weights of the ranking of testers, and healthy ranges; shares from 0 to 1, ages in days."""

    KEY: ClassVar[str] = "testers"

    weights: Mapping[str, float] = field(default_factory=lambda: dict(SEVERITY_WEIGHTS))
    newcomer_below: int = 10
    maturing_days: int = 10
    most_rejected: float = 0.20
    least_reviewed: float = 0.80
    most_auto_accepted: float = 0.20

    def __post_init__(self) -> None:
        _check_whole(self)
        for name in ("most_rejected", "least_reviewed", "most_auto_accepted"):
            _check(_words(name), getattr(self, name), 1, "a share from 0 to 100 %")
        for severity, weight in self.weights.items():
            _check(f"The weight of {severity!r}", weight, 1_000, "a number from 0 to 1,000")


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """Inputs of the success criteria; `go_live` is an ISO date, or blank."""

    KEY: ClassVar[str] = "baseline"

    go_live: str = ""

    def __post_init__(self) -> None:
        if self.go_live:
            try:
                date.fromisoformat(self.go_live)
            except ValueError:
                raise InputError(f"{self.go_live!r} is no date: write 2026-11-02.") from None


@dataclass(frozen=True, kw_only=True)
class RoiSettings:
    """Inputs of business impact; money in `currency`, None where not entered.

    `tickets_per_week` overrides the number that is counted; minutes saved are measured, as work
    recorded on tickets, else reported in the survey; or they are those of the survey alone.
    """

    KEY: ClassVar[str] = "roi"

    hourly_rate: float | None = None
    operating_cost_per_week: float | None = None
    setup_cost: float | None = None
    currency: str = "EUR"
    tickets_per_week: float | None = None
    minutes_source: str = "measured"

    def __post_init__(self) -> None:
        for name in ("hourly_rate", "operating_cost_per_week", "setup_cost", "tickets_per_week"):
            value = getattr(self, name)
            if value is not None:
                _check(_words(name), value, LARGEST_INPUT, f"a number from 0 to {LARGEST_INPUT:,}")
        if self.hourly_rate == 0:
            raise InputError("Hourly rate is 0: an hour of work costs something.")
        currency = self.currency
        if not isinstance(currency, str) or not 1 <= len(currency.strip()) <= 8:
            raise InputError(f"Currency is {currency!r}: it has 1 to 8 characters, such as EUR.")
        if self.minutes_source not in MINUTES_SOURCES:
            raise InputError(
                f"Minutes source is {self.minutes_source!r}: it is measured or survey."
            )


@dataclass(frozen=True, kw_only=True)
class ReviewSettings:
    """Who receives the packet of a weekly review; cancelled Mondays, and how often they changed."""

    KEY: ClassVar[str] = "review"

    recipients: Sequence[str] = field(default_factory=list)
    cancelled: Sequence[str] = field(default_factory=list)
    revision: int = 0


S = TypeVar(
    "S", EngagementSettings, LeaderboardSettings, BaselineSettings, RoiSettings, ReviewSettings
)


def settings_of(scope: Scope, kind: type[S]) -> S:
    """The account's settings of a kind, with defaults for those not saved."""
    stored = scope.get(AccountSetting, kind.KEY)
    return settings_from(kind, stored.value if stored else None)


def settings_from(kind: type[S], stored: Mapping[str, Any] | None) -> S:
    """Settings from stored values, with defaults for those not stored."""
    known = {f.name for f in fields(kind)}
    return kind(**{name: value for name, value in (stored or {}).items() if name in known})


def fields_of(settings: S) -> dict[str, Any]:
    """The single values of settings by name: `silent_days`, `weights.critical`."""
    found: dict[str, Any] = {}
    for name, value in asdict(settings).items():
        inner = value if isinstance(value, Mapping) else {}
        found |= {f"{name}.{key}": one for key, one in inner.items()} or {name: value}
    return found


def save_settings(scope: Scope, settings: S, *, seen: Mapping[str, Any]) -> None:
    """Save these settings for the account, and record the change if there is one.

    `seen` are the `fields_of` the settings as they were shown: see `Unit.merge`.
    """
    kind = type(settings)
    with scope.write() as unit:
        stored = unit.session.get(AccountSetting, (scope.account, kind.KEY))
        before, subject = stored.value if stored else None, f"settings of {kind.KEY}"
        mine, now = fields_of(settings), fields_of(settings_from(kind, before))
        after: dict[str, Any] = {}
        for name, value in unit.merge(subject, now, mine, seen).items():
            outer, dot, key = name.partition(".")
            if name in mine or (seen and name not in seen):  # else the author has left it out
                after |= {outer: {**after.get(outer, {}), key: value}} if dot else {outer: value}
        kind(**after)  # what two people have changed may not fit together
        if after != before:
            unit.upsert(AccountSetting, [{"key": kind.KEY, "value": after}])
            unit.record_change(subject, before=before, after=after)


def changes(scope: Scope, *, subject: str) -> list[AuditEntry]:
    """The latest changes of a subject, newest first."""
    entry = table(AuditEntry).c
    latest = [entry.id.desc()]
    return scope.objects(AuditEntry, entry.subject == subject, order_by=latest, limit=MOST_CHANGES)


def _check_whole(settings: Any) -> None:
    for f in fields(settings):
        value = getattr(settings, f.name)
        if f.type in {int, "int"} and (type(value) is not int or value < 1):
            raise InputError(f"{_words(f.name)} is {value!r}: it is a whole number from 1.")


def _check(name: str, value: Any, most: float, what: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= most:
        raise InputError(f"{name} is {value!r}: it is {what}.")


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
