"""Asking for the survey and answering it: invitations, drafts, what was sent."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select

from core.base.errors import InputError
from core.base.fields import FieldProblem, clean
from core.feedback.survey_parser import ParsedSurvey, parse_survey
from core.store import (
    Counts,
    Scope,
    SurveyDraft,
    SurveyInvitation,
    SurveyResponse,
    Unit,
    table,
)

MOST_INVITED = 1_000
LONGEST_NAME = 200
LONGEST_ANSWER = 5_000
KEY_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """One person who was asked; `answered_at` is None until they have sent their answers."""

    id: str
    respondent: str
    invited_by: str
    invited_at: datetime
    answered_at: datetime | None


def invite(scope: Scope, people: str, *, by: str) -> int:
    """Invite people, one to a line or separated by commas; answers with how many are new.

    Who was invited already keeps their link. Raises InputError for nobody and for too many.
    """
    names = dict.fromkeys(clean(" ".join(name.split())) for name in re.split(r"[\n,;]", people))
    names.pop("", None)
    if not names:
        raise InputError("Name who is invited: addresses or names, one to a line.")
    if len(names) > MOST_INVITED or any(len(name) > LONGEST_NAME for name in names):
        raise InputError(
            f"At most {MOST_INVITED:,} people are invited at once, each with a name of up to "
            f"{LONGEST_NAME} characters."
        )
    now = datetime.now(UTC)
    invited = table(SurveyInvitation)
    with scope.write() as unit:
        known = set(
            unit.session.connection()
            .execute(select(invited.c.respondent).where(invited.c.account_id == scope.account))
            .scalars()
        )
        new = [name for name in names if name not in known]
        rows = [
            {
                "id": secrets.token_urlsafe(KEY_BYTES),
                "respondent": name,
                "invited_by": by,
                "invited_at": now,
            }
            for name in new
        ]
        unit.upsert(SurveyInvitation, rows)
    return len(new)


def invitations(scope: Scope) -> list[Invitation]:
    """Everybody who was invited, by name."""
    invited = table(SurveyInvitation)
    found = (
        select(invited).where(invited.c.account_id == scope.account).order_by(invited.c.respondent)
    )
    with scope.read() as session:
        rows = session.connection().execute(found).mappings().all()
    return [_invitation(row) for row in rows]


def invitation_of(scope: Scope, key: str) -> Invitation | None:
    """The invitation of a link; None where the account has none like it."""
    invited = table(SurveyInvitation)
    found = select(invited).where(invited.c.account_id == scope.account, invited.c.id == key)
    with scope.read() as session:
        row = session.connection().execute(found).mappings().one_or_none()
    return None if row is None else _invitation(row)


def _invitation(row: Any) -> Invitation:
    return Invitation(**{name: row[name] for name in Invitation.__dataclass_fields__})


def save_draft(scope: Scope, key: str, answers: Mapping[str, Any]) -> None:
    """Keep answers that are still being written; blank ones are forgotten."""
    kept = {name: value for name, value in answers.items() if value not in {None, ""}}
    # No figure shows a draft.
    with scope.write(quiet=True) as unit:
        row = {"id": key, "answers": kept, "updated_at": datetime.now(UTC)}
        unit.upsert(SurveyDraft, [row])


def draft_of(scope: Scope, key: str) -> dict[str, Any]:
    """The answers kept under a key; none where there are none."""
    with scope.read() as session:
        found = session.get(SurveyDraft, (scope.account, key))
    return dict(found.answers) if found is not None else {}


def send_answers(
    scope: Scope,
    key: str,
    answers: Mapping[str, Any],
    *,
    respondent: str | None,
    now: datetime | None = None,
) -> None:
    """Enter the answers as a response, in place of those sent earlier under the same key.

    The draft is gone then, and the invitation answered. Raises InputError where no question is
    answered, or an answer is none.
    """
    now = now or datetime.now(UTC)
    for name, value in answers.items():
        if isinstance(value, str) and len(value) > LONGEST_ANSWER:
            raise InputError(
                f"{name.replace('_', ' ').capitalize()} has {len(value):,} characters: shorten it "
                f"to {LONGEST_ANSWER:,}."
            )
    given = {"id": f"sent-{key}", "respondent": respondent, "answered_at": now.isoformat()}
    parsed = parse_survey({**answers, **given})
    if isinstance(parsed, FieldProblem):
        raise InputError("Answer at least one question before you send.")
    if parsed.problems:
        wrong = parsed.problems[0]
        raise InputError(f"{wrong.field.replace('_', ' ').capitalize()}: {wrong.reason}.")
    draft = table(SurveyDraft)
    with scope.write() as unit:
        record_responses(unit, [parsed])
        connection = unit.session.connection()
        connection.execute(
            delete(draft).where(draft.c.account_id == scope.account, draft.c.id == key)
        )
        known = unit.session.get(SurveyInvitation, (scope.account, key))
        if known is not None:
            unit.upsert(SurveyInvitation, [{"id": key, "answered_at": now}])


def record_responses(unit: Unit, responses: Iterable[ParsedSurvey]) -> Counts:
    """Enter survey responses; of one id the last counts."""
    columns = [f.name for f in fields(ParsedSurvey) if f.name != "problems"]
    return unit.upsert(
        SurveyResponse,
        [{name: getattr(response, name) for name in columns} for response in responses],
    )
