"""Versions are drawn and not counted; a rater is one in whatever spelling of an address."""

import json
import re
import unicodedata
import uuid
from collections import defaultdict
from hashlib import sha256
from secrets import randbits
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

NAMESPACE = uuid.UUID("6f1d6a3e-2b0c-5c57-9a1e-0d1f5a7c9b42")
ADDRESS = re.compile(r"[^\s@:]+@[^\s@]+")
PARTS = ("thumb", "rating", "comment", "ticket_id", "enhancement_id")


def _table(name: str, *columns: str, **typed: Any) -> sa.TableClause:
    return sa.table(
        name, *map(sa.column, columns), *(sa.column(name, kind) for name, kind in typed.items())
    )


ACCOUNT = _table("account", "id", "data_version", "facts_version")
FEEDBACK = _table(
    *("feedback", "account_id", "id", "subject", "rater", *PARTS),
    *("created_at", "created_day", "updated_at"),
)
VOTE = _table("feedback_vote", "account_id", "feedback_id")
RECEIPT = _table("feedback_receipt", "account_id", "feedback_id")
ASSIGNMENT = _table("theme_assignment", "account_id", "comment")
OPPORTUNITY = _table("opportunity", "account_id", "id", evidence=sa.JSON())
EXCLUSION = _table("exclusion", "account_id", "id", "subject", "finding")
RESPONSE = _table("survey_response", "account_id", "id", "respondent")
SETTING = _table("account_setting", "account_id", "key")
INVITATION = _table("survey_invitation", "account_id", "id", "respondent")


def upgrade() -> None:
    """Draw new versions, and bring the names of raters into one spelling."""
    connection = op.get_bind()
    for account in connection.execute(sa.select(ACCOUNT.c.id)).scalars().all():
        drawn = {"data_version": randbits(62), "facts_version": randbits(62)}
        connection.execute(sa.update(ACCOUNT).where(ACCOUNT.c.id == account).values(drawn))
    _merge_raters(connection)
    _spell_exclusions(connection)
    _spell(connection, RESPONSE, is_unique=False)
    _spell(connection, INVITATION, is_unique=True)
    _shorten_keys(connection)


def _canonical(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    plain = unicodedata.normalize("NFKC", plain)
    return plain if ADDRESS.fullmatch(plain) else name


def _id(subject: str, rater: str) -> str:
    key = f"{subject}\n{rater}"
    return str(uuid.uuid5(NAMESPACE, key if key.count("\n") == 1 else f"{len(subject)}\n{key}"))


def _merge_raters(connection: sa.Connection) -> None:
    """Give opinions the id of their rater's one spelling; those that are one become one."""
    columns = FEEDBACK.c
    merged: dict[tuple[str, str], list[Any]] = defaultdict(list)
    keys = sa.select(columns.account_id, columns.id, columns.subject, columns.rater)
    for row in connection.execute(keys).all():
        new = _id(row.subject, _canonical(row.rater))
        if new != row.id:
            merged[row.account_id, new].append(row.id)
    for (account, new), old in merged.items():
        own = columns.account_id == account
        stored = sa.select(*columns).where(own, columns.id.in_([new, *old]))
        rows = sorted(
            connection.execute(stored).mappings().all(), key=lambda row: row["updated_at"]
        )
        one = {**rows[-1], "id": new, "rater": _canonical(rows[-1]["rater"])}
        for part in PARTS:
            said = [row[part] for row in rows if row[part] is not None]
            one[part] = said[-1] if said else None
        for when in ("created_at", "created_day"):
            one[when] = min(row[when] for row in rows)
        for number in old:
            # Out of the way of the new row's name.
            aside = sa.update(FEEDBACK).where(own, columns.id == number)
            connection.execute(aside.values(rater=f"was {number}"))
        if any(row["id"] == new for row in rows):
            connection.execute(sa.update(FEEDBACK).where(own, columns.id == new).values(one))
        else:
            connection.execute(sa.insert(FEEDBACK).values(one))
        _repoint(connection, account, old, new)
        connection.execute(sa.delete(FEEDBACK).where(own, columns.id.in_(old)))
    _spell_evidence(connection, {was: new for (_, new), old in merged.items() for was in old})


def _repoint(connection: sa.Connection, account: str, old: list[str], new: str) -> None:
    for child in (VOTE, RECEIPT):
        own = sa.and_(child.c.account_id == account, child.c.feedback_id.in_(old))
        connection.execute(sa.update(child).where(own).values(feedback_id=new))
    comments = ASSIGNMENT.c
    named = [f"feedback:{one}" for one in (new, *old)]
    own = sa.and_(comments.account_id == account, comments.comment.in_(named))
    known = connection.execute(sa.select(comments.comment).where(own)).scalars().all()
    if known and named[0] not in known:
        first = sa.update(ASSIGNMENT).where(own, comments.comment == known[0])
        connection.execute(first.values(comment=named[0]))
    connection.execute(sa.delete(ASSIGNMENT).where(own, comments.comment != named[0]))


def _spell_evidence(connection: sa.Connection, ids: dict[str, str]) -> None:
    columns = OPPORTUNITY.c
    for row in connection.execute(sa.select(*columns)).all() if ids else ():
        said = json.dumps(row.evidence)
        for old, new in ids.items():
            said = said.replace(f"feedback:{old}", f"feedback:{new}")
        if (evidence := json.loads(said)) != row.evidence:
            own = sa.and_(columns.account_id == row.account_id, columns.id == row.id)
            connection.execute(sa.update(OPPORTUNITY).where(own).values(evidence=evidence))


def _spell_exclusions(connection: sa.Connection) -> None:
    columns = EXCLUSION.c
    of_raters = sa.select(*columns).where(columns.subject.like("rater:%"))
    for row in connection.execute(of_raters).all():
        old = row.subject.removeprefix("rater:")
        if (new := _canonical(old)) != old:
            finding = row.finding
            if finding is not None and finding.endswith(f" {old}"):
                finding = f"{finding.removesuffix(old)}{new}"
            own = sa.and_(columns.account_id == row.account_id, columns.id == row.id)
            changed = {"subject": f"rater:{new}", "finding": finding}
            connection.execute(sa.update(EXCLUSION).where(own).values(changed))


def _spell(connection: sa.Connection, of: sa.TableClause, *, is_unique: bool) -> None:
    named = sa.select(*of.c).where(of.c.respondent.is_not(None))
    rows = connection.execute(named).all()
    taken = {(row.account_id, row.respondent) for row in rows}
    for row in rows:
        new = _canonical(row.respondent)
        if new == row.respondent or (is_unique and (row.account_id, new) in taken):
            # A second invitation of a person keeps its link, under its own spelling.
            continue
        taken.add((row.account_id, new))
        own = sa.and_(of.c.account_id == row.account_id, of.c.id == row.id)
        connection.execute(sa.update(of).where(own).values(respondent=new))


def _shorten_keys(connection: sa.Connection) -> None:
    """Name the mappings of files with many columns by a digest of their names."""
    columns = SETTING.c
    mappings = sa.select(*columns).where(columns.key.like("mapping of %"))
    for row in connection.execute(mappings).all():
        kind, _, names = row.key.partition(": ")
        if len(names) >= 500:
            own = sa.and_(columns.account_id == row.account_id, columns.key == row.key)
            key = f"{kind}: {sha256(names.encode()).hexdigest()}"
            connection.execute(sa.update(SETTING).where(own).values(key=key))
