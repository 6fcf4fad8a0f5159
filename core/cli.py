"""The command line: `python -m core ...`. Exit 0 done, 1 failed, 2 wrong usage, 3 done in part."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from core.base import clock
from core.base.errors import ConfigError, InputError, QueryError, TouchstoneError
from core.base.settings import Settings, load_settings
from core.store import Scope

if TYPE_CHECKING:
    from core.ingest.sync import Progress, SyncReport
    from core.store import ApiToken, Store

DONE, FAILED, WRONG_USAGE, IN_PART = 0, 1, 2, 3
SHOWN_PROBLEMS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers with the exit code."""
    given = _parser().parse_args(arguments)
    try:
        code: int = given.run(load_settings(), given)
    except QueryError as error:
        print(error, file=sys.stderr)
        return WRONG_USAGE
    except TouchstoneError as error:
        print(error, file=sys.stderr)
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Touchstone without pages.")
    commands = parser.add_subparsers(required=True, metavar="command")

    sync = commands.add_parser("sync", help="bring the store up to date with its sources")
    sync.add_argument("--source", choices=["testio", "prometheus", "all"], default="all")
    sync.add_argument("--account", metavar="ID", help="this account only")
    sync.add_argument(
        "--full", action="store_true", help="read everything again, also what is final"
    )
    sync.add_argument(
        "--watch", type=_wait, metavar="SECONDS", help="go on, with so many seconds between runs"
    )
    sync.set_defaults(run=_sync)

    demo = commands.add_parser("demo", help="fill the demo store with made-up data")
    demo.add_argument("--size", choices=["small", "medium", "large"], default="small")
    demo.add_argument("--seed", type=int, default=7)
    demo.add_argument("--force", action="store_true", help="build it again although it is there")
    demo.set_defaults(run=_demo)

    query = commands.add_parser("query", help="ask for metrics by dimensions")
    query.add_argument("--metrics", required=True, type=_listed, metavar="A,B")
    query.add_argument("--dimensions", default=[], type=_listed, metavar="C,D")
    query.add_argument("--filter", action="append", default=[], type=_pair, metavar="KEY=VALUE")
    query.add_argument("--start", metavar="DAY")
    query.add_argument("--end", metavar="DAY")
    query.add_argument("--date-basis", choices=["default", "start", "reported"], default="default")
    query.add_argument("--sort-by", metavar="KEY")
    query.add_argument("--sort-order", choices=["asc", "desc"])
    query.add_argument("--limit", type=int)
    query.add_argument("--include-zero", action="store_true")
    query.add_argument("--account", metavar="ID")
    query.add_argument("--format", choices=["table", "csv", "json"], default="table")
    query.set_defaults(run=_query)

    bring = commands.add_parser("import", help="bring a file of records in")
    bring.add_argument("kind", choices=["tickets", "surveys", "enhancements", "feedback"])
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--mapping", type=Path, metavar="FILE", help="which column is what, as JSON")
    bring.add_argument("--account", metavar="ID", help="needed where there are several")
    bring.set_defaults(run=_import)

    report = commands.add_parser("report", help="write a report to be taken away")
    report.add_argument("kind", choices=["weekly", "baseline"])
    report.add_argument("--week", metavar="2026-W47", help="this ISO week; else the latest one")
    report.add_argument("--account", metavar="ID", help="needed where there are several")
    report.add_argument("--format", required=True, choices=["html", "pdf", "pptx", "md", "csv"])
    report.add_argument("--out", required=True, type=Path, metavar="FILE")
    report.set_defaults(run=_report)

    token = commands.add_parser("token", help="who may use the HTTP API")
    token.add_argument("action", choices=["create", "list", "revoke"])
    token.add_argument("--account", metavar="ID", help="needed where there are several")
    token.add_argument("--name", metavar="TEXT", help="what the token is for")
    token.set_defaults(run=_token)

    check = commands.add_parser("doctor", help="say what works here and what does not")
    check.set_defaults(run=_doctor)
    return parser


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is no filter: write KEY=VALUE")
    return key.strip(), value


def _wait(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _sync(settings: Settings, given: argparse.Namespace) -> int:
    from core.ingest.sync import exit_code, sync_all
    from core.store import open_store

    stop = Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    store = open_store(settings.database_url, timezone=settings.timezone)
    if given.watch is not None:
        return _watch(store, settings, given, stop)
    reports = sync_all(
        store,
        settings,
        given.account,
        source=_source(given),
        full=given.full,
        stop=stop,
        on_progress=_print_progress,
    )
    for report in reports:
        _print_report(report)
    return exit_code(reports)


def _source(given: argparse.Namespace) -> str | None:
    return None if given.source == "all" else str(given.source)


def _who(report: "SyncReport") -> str:
    of = "" if report.source == "testio" else f", {report.source}"
    return f"{report.account_id}{of}"


def _watch(store: "Store", settings: Settings, given: argparse.Namespace, stop: Event) -> int:
    """Synchronise until it is stopped; a line for each run of each account."""
    from core.ingest.sync import sync_all

    full = given.full
    while not stop.is_set():
        for report in sync_all(
            store, settings, given.account, source=_source(given), full=full, stop=stop
        ):
            took = f"{report.seconds:.1f} s, {report.requests:,} requests"
            at = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
            print(
                f"{at}  {_who(report)}: {report.status}, {took}. {report.message}",
                flush=True,
            )
        full = False
        stop.wait(given.watch)
    return DONE


def _print_progress(progress: "Progress") -> None:
    print(f"  {progress.account_id}: {progress.text}", flush=True)


def _print_report(report: "SyncReport") -> None:
    stream = sys.stdout if report.status == "done" else sys.stderr
    if report.run_id is None:
        print(f"  {report.account_id}: {report.message}", file=stream)
    # Otherwise the last line of progress has said what was read, or why nothing was.
    took = f"{report.seconds:.1f} s, {report.requests:,} requests"
    print(f"{_who(report)}: {report.status}, {took}", file=stream)
    for reason in report.reasons:
        print(f"  {reason}", file=stream)


def _demo(settings: Settings, given: argparse.Namespace) -> int:
    from core.demo import build_demo
    from core.demo.active_store import demo_store

    store = demo_store(settings, build=False)
    build_demo(store, size=given.size, seed=given.seed, force=given.force, on_progress=_print_line)
    print(f"The demo data is in {settings.demo_database_url}")
    return DONE


def _print_line(text: str) -> None:
    print(f"  {text}", flush=True)


def _query(settings: Settings, given: argparse.Namespace) -> int:
    import pandas as pd

    from core.analytics import query_metrics
    from core.base.csv import csv_bytes
    from core.demo.active_store import active_store

    shown = active_store(settings)
    if shown.is_demo:
        print("No source is configured and the store is empty: this is demo data.", file=sys.stderr)
    filters: dict[str, list[Any]] = {}
    for key, value in given.filter:
        filters.setdefault(key, []).append(value)
    result = query_metrics(
        shown.store,
        metrics=given.metrics,
        dimensions=given.dimensions,
        filters=filters or None,
        start_date=given.start,
        end_date=given.end,
        date_basis=given.date_basis,
        sort_by=given.sort_by,
        **({"sort_order": given.sort_order} if given.sort_order else {}),
        limit=given.limit,
        include_zero=given.include_zero,
        account=given.account,
    )
    if given.format == "json":
        print(json.dumps(result, indent=2, ensure_ascii=False))
        return DONE
    rows = pd.DataFrame(result["data"])
    if given.format == "csv":
        sys.stdout.buffer.write(csv_bytes(rows, {}))
        return DONE
    print(result["query_explanation"])
    print(rows.to_string(index=False, na_rep="-") if len(rows) else "No rows.")
    totals = ", ".join(f"{key} {value}" for key, value in result["totals"].items())
    print(f"In all: {totals}")
    for warning in result["warnings"]:
        print(f"Note: {warning}")
    return DONE


def _import(settings: Settings, given: argparse.Namespace) -> int:
    from core.demo.active_store import configured_store
    from core.ingest.files import ColumnMapping, import_file
    from core.store import accounts

    store = configured_store(settings)
    for account in settings.accounts:
        store.ensure_account(account.id, account.name)
    known = [account.id for account in accounts(store)]
    if given.account is None and len(known) > 1:
        raise InputError(f"Name the account with --account: there is {', '.join(known)}.")
    chosen = given.account or next(iter(known), "main")
    mapping = None
    if given.mapping is not None:
        try:
            mapping = ColumnMapping.read(json.loads(given.mapping.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise InputError(f"The mapping {given.mapping} cannot be read: {error}.") from None
    is_new = chosen not in known
    report = import_file(
        Scope(store, chosen), given.kind, given.file, mapping=mapping, enters=is_new
    )
    for problem in report.listed[:SHOWN_PROBLEMS]:
        place = f"{given.file.name} line {problem.line}, {problem.field}"
        print(f"  {place}: {problem.reason} {problem.value}".rstrip(), file=sys.stderr)
    if report.problems > SHOWN_PROBLEMS:
        print(f"  and {report.problems - SHOWN_PROBLEMS:,} more", file=sys.stderr)
    print(f"{chosen}: {report.message}")
    if not report.refused:
        return DONE
    return IN_PART if report.added + report.changed + report.unchanged else FAILED


def _report(settings: Settings, given: argparse.Namespace) -> int:
    from core.demo.active_store import active_store
    from core.report import (
        FORMATS,
        account_of,
        baseline_report,
        render,
        week_of,
        weekly_packet,
        write_packet,
    )

    is_weekly = given.kind == "weekly"
    if not is_weekly and given.format not in FORMATS:
        there = ", ".join(FORMATS)
        raise QueryError(f"A baseline report is not written as {given.format}: use {there}.")
    week = week_of(given.week) if given.week else None
    shown = active_store(settings)
    if shown.is_demo:
        print("No source is configured and the store is empty: this is demo data.", file=sys.stderr)
    account, _ = account_of(shown.store, given.account)
    asked: dict[str, Any] = {"is_demo": shown.is_demo}
    if is_weekly:
        packet = weekly_packet(
            Scope(shown.store, account), week=week.label if week else None, **asked
        )
        said = f"{packet.title}, {packet.state}. {packet.content['answer']}"
        data = write_packet(packet, given.format)
    else:
        document = baseline_report(Scope(shown.store, account), week=week, **asked)
        said = f"{document.title}. {document.answer}"
        data = render(document, given.format)
    try:
        given.out.write_bytes(data)
    except OSError as error:
        raise InputError(f"{given.out} cannot be written: {error.strerror}.") from None
    print(said)
    print(f"It is in {given.out}")
    return DONE


def _token(settings: Settings, given: argparse.Namespace) -> int:
    from core.access.tokens import create_token, list_tokens, revoke_token
    from core.demo.active_store import active_store
    from core.store import accounts

    shown = active_store(settings)
    if shown.is_demo:
        print("No source is configured and the store is empty: this is demo data.", file=sys.stderr)
    known = [account.id for account in accounts(shown.store)]
    if given.account is not None and given.account not in known:
        raise InputError(f"There is no account {given.account!r}: there is {', '.join(known)}.")
    if given.action == "list":
        for token in list_tokens(shown.store, given.account):
            if given.name in {None, token.name}:
                print(_token_line(token))
        return DONE
    if given.account is None and len(known) > 1:
        raise InputError(f"Name the account with --account: there is {', '.join(known)}.")
    account = given.account or known[0]
    if given.action == "create":
        text = create_token(Scope(shown.store, account), given.name)
        print(f"A token of {account}, shown this once; it is kept as a hash only:")
        print(text)
    else:
        token = revoke_token(Scope(shown.store, account), given.name)
        print(f"{account}: the token {token.name!r} is revoked; it opens nothing from now on.")
    return DONE


def _token_line(token: "ApiToken") -> str:
    used = "never used"
    if token.last_used_at is not None:
        used = f"last used {token.last_used_at:%Y-%m-%d %H:%M} UTC"
    said = f"{token.account_id}  {token.name}  at most {token.per_second:,} requests a second"
    said += f"  made {token.created_at:%Y-%m-%d %H:%M} UTC  {used}"
    revoked = token.revoked_at
    return said if revoked is None else f"{said}  revoked {revoked:%Y-%m-%d %H:%M} UTC"


def _doctor(settings: Settings, _given: argparse.Namespace) -> int:
    from core import doctor

    findings = doctor.examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.said}")
    return DONE if all(finding.ok for finding in findings) else FAILED


def run() -> None:
    """Run the command line as a program: its exit codes, its signals."""
    if hasattr(signal, "SIGPIPE"):
        # `... | head` ends the program quietly, as it does others.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        sys.exit(main())
    except ConfigError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        print("Stopped; what was written until now is in.", file=sys.stderr)
        sys.exit(FAILED)
