"""The command line: `python -m core ...`. Exit 0 done, 1 failed, 2 wrong usage, 3 done in part."""

import argparse
import json
import platform
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from core.base import clock
from core.base.errors import InputError, QueryError, TouchstoneError
from core.base.settings import ROOT, Settings, load_settings

if TYPE_CHECKING:
    from core.demo.active_store import ActiveStore
    from core.ingest.sync.run import Progress, SyncReport
    from core.store import ApiToken

    Command = Callable[[Settings, argparse.Namespace], int]

DONE, FAILED, WRONG_USAGE, IN_PART = 0, 1, 2, 3
SHOWN_PROBLEMS = 20
ENOUGH_DISK_BYTES = 1_000_000_000


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

    sync = _command(commands, _sync, "bring the store up to date with its sources")
    sync.add_argument("--source", choices=["testio", "prometheus", "all"], default="all")
    sync.add_argument("--account", metavar="ID", help="this account only")
    sync.add_argument(
        "--full", action="store_true", help="read everything again, also what is final"
    )
    sync.add_argument("--watch", type=_wait, metavar="SECONDS", help="repeat, with this pause")

    demo = _command(commands, _demo, "fill the demo store with made-up data")
    demo.add_argument("--size", choices=["small", "medium", "large"], default="small")
    demo.add_argument("--seed", type=int, default=7)
    demo.add_argument("--force", action="store_true", help="build it again although it exists")

    _add_query_options(_command(commands, _query, "ask for metrics by dimensions"))

    bring = _command(commands, _import, "import a file of records")
    bring.add_argument("kind", choices=["tickets", "surveys", "enhancements", "feedback"])
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--mapping", type=Path, metavar="FILE", help="columns by field, as JSON")
    for part, of in (("encoding", "the text"), ("separator", "CSV"), ("sheet", "a workbook")):
        bring.add_argument(f"--{part}", default="", help=f"of {of}; else it is found")
    bring.add_argument("--header", type=int, default=0, metavar="LINE", help="line of column names")

    report = _command(commands, _report, "write a report to a file")
    report.add_argument("kind", choices=["weekly", "baseline"])
    report.add_argument("--week", metavar="2026-W47", help="this ISO week; else the latest one")
    report.add_argument("--format", required=True, choices=["html", "pdf", "pptx", "md", "csv"])
    report.add_argument("--out", required=True, type=Path, metavar="FILE")

    token = _command(commands, _token, "manage tokens of the HTTP API")
    token.add_argument("action", choices=["create", "list", "revoke"])
    token.add_argument("--name", metavar="TEXT", help="what the token is for")

    for command in (bring, report, token):
        command.add_argument("--account", metavar="ID", help="required with several accounts")
    _command(commands, _doctor, "check the set-up")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", run: "Command", text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(run.__name__.strip("_"), help=text)
    parser.set_defaults(run=run)
    return parser


def _add_query_options(query: argparse.ArgumentParser) -> None:
    query.add_argument("--metrics", required=True, type=_keys, metavar="A,B")
    query.add_argument("--dimensions", default=[], type=_keys, metavar="C,D")
    query.add_argument("--filter", action="append", default=[], type=_pair, metavar="KEY=VALUE")
    query.add_argument("--start", dest="start_date", metavar="DAY")
    query.add_argument("--end", dest="end_date", metavar="DAY")
    query.add_argument("--date-basis", choices=["default", "start", "reported"], default="default")
    query.add_argument("--sort-by", metavar="KEY")
    query.add_argument("--sort-order", choices=["asc", "desc"], default="desc")
    query.add_argument("--limit", type=int)
    query.add_argument("--include-zero", action="store_true")
    query.add_argument("--account", metavar="ID")
    query.add_argument("--format", choices=["table", "csv", "json"], default="table")


def _keys(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not a filter: write KEY=VALUE")
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
    from core.ingest.sync.accounts import exit_code, sync_all
    from core.store import open_store

    stop = Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    source = None if given.source == "all" else given.source
    synchronise = partial(sync_all, settings=settings, account_id=given.account, source=source)
    with closing(open_store(settings.database_url, timezone=settings.zone.key)) as store:
        if given.watch is None:
            reports = synchronise(store, full=given.full, stop=stop, on_progress=_print_progress)
            for report in reports:
                _print_report(report)
            return exit_code(reports)
        full = given.full
        while not stop.is_set():
            for report in synchronise(store, full=full, stop=stop):
                at = f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"
                print(f"{at}  {_outcome(report)}. {report.message}", flush=True)
            full = False
            stop.wait(given.watch)
    return DONE


def _outcome(report: "SyncReport") -> str:
    source = "" if report.source == "testio" else f", {report.source}"
    took = f"{report.seconds:.1f} s, {report.requests:,} requests"
    return f"{report.account_id}{source}: {report.status}, {took}"


def _print_progress(progress: "Progress") -> None:
    _print_step(f"{progress.account_id}: {progress.text}")


def _print_report(report: "SyncReport") -> None:
    stream = sys.stdout if report.status == "done" else sys.stderr
    if report.run_id is None:
        print(f"  {report.account_id}: {report.message}", file=stream)
    # Otherwise the last line of progress has said what was read, or why nothing was.
    print(_outcome(report), file=stream)
    for reason in report.reasons:
        print(f"  {reason}", file=stream)


def _demo(settings: Settings, given: argparse.Namespace) -> int:
    from core.demo import build_demo
    from core.demo.active_store import demo_store

    store = demo_store(settings, build=False)
    build_demo(store, size=given.size, seed=given.seed, force=given.force, on_progress=_print_step)
    print(f"The demo data is in {settings.demo_database_url}")
    return DONE


def _print_step(text: str) -> None:
    print(f"  {text}", flush=True)


def _active(settings: Settings) -> "ActiveStore":
    from core.demo.active_store import active_store

    shown = active_store(settings)
    if shown.is_demo:
        print("No source is configured and the store is empty: this is demo data.", file=sys.stderr)
    return shown


def _query(settings: Settings, given: argparse.Namespace) -> int:
    import pandas as pd

    from core.analytics import query_metrics
    from core.base.csv import csv_bytes

    shown = _active(settings)
    own = {"run", "filter", "format"}
    asked = {name: value for name, value in vars(given).items() if name not in own}
    filters: dict[str, list[Any]] = {}
    for key, value in given.filter:
        filters.setdefault(key, []).append(value)
    result = query_metrics(shown.store, filters=filters, **asked)
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
    from core.ingest.files.load import import_file
    from core.ingest.files.mapping import ColumnMapping
    from core.ingest.files.records import ReadAs
    from core.store import Scope, account_named, accounts

    store = configured_store(settings)
    for account in settings.accounts:
        store.ensure_account(account.id, account.name)
    known = [account.id for account in accounts(store)]
    chosen = given.account or (account_named(store, None).id if known else "main")
    mapping = None
    if given.mapping is not None:
        try:
            mapping = ColumnMapping.read(json.loads(given.mapping.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise InputError(f"The mapping {given.mapping} cannot be read: {error}.") from None
    is_new = chosen not in known
    report = import_file(
        Scope(store, chosen),
        given.kind,
        given.file,
        mapping=mapping,
        read_as=ReadAs(**{f.name: getattr(given, f.name) for f in fields(ReadAs)}),
        enters=is_new,
    )
    for problem in report.listed[:SHOWN_PROBLEMS]:
        place = f"{given.file.name} line {problem.line}, {problem.field}"
        print(f"  {place}: {problem.reason} {problem.value}".rstrip(), file=sys.stderr)
    if report.problems > SHOWN_PROBLEMS:
        print(f"  and {report.problems - SHOWN_PROBLEMS:,} more", file=sys.stderr)
    print(f"{chosen}: {report.message}", *report.notes, sep="\n  ")
    if not report.problems and not report.stopped:
        return DONE
    return IN_PART if report.has_written else FAILED


def _report(settings: Settings, given: argparse.Namespace) -> int:
    from core.analytics.dates import week_named
    from core.report import FORMATS, baseline_report, render, weekly_packet, write_packet
    from core.store import Scope, account_named

    is_weekly = given.kind == "weekly"
    if not is_weekly and given.format not in FORMATS:
        there = ", ".join(FORMATS)
        raise QueryError(f"A baseline report is not written as {given.format}: use {there}.")
    week = week_named(given.week) if given.week else None
    shown = _active(settings)
    scope = Scope(shown.store, account_named(shown.store, given.account).id)
    if is_weekly:
        label = week.label if week else None
        packet = weekly_packet(scope, week=label, is_demo=shown.is_demo)
        said = f"{packet.title}, {packet.state}. {packet.content['answer']}"
        data = write_packet(packet, given.format)
    else:
        document = baseline_report(scope, week=week, is_demo=shown.is_demo)
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
    from core.store import Scope, account_named

    store = _active(settings).store
    if given.action == "list":
        account = account_named(store, given.account).id if given.account else None
        for token in list_tokens(store, account):
            if given.name in {None, token.name}:
                print(_token_line(token))
        return DONE
    scope = Scope(store, account_named(store, given.account).id)
    if given.action == "create":
        text = create_token(scope, given.name)
        print(f"A token of {scope.account}, shown only now; the store keeps its hash:")
        print(text)
    else:
        token = revoke_token(scope, given.name)
        print(f"{scope.account}: the token {token.name!r} is revoked.")
    return DONE


def _token_line(token: "ApiToken") -> str:
    used = "never used"
    if token.last_used_at is not None:
        used = f"last used {token.last_used_at:%Y-%m-%d %H:%M} UTC"
    said = f"{token.account_id}  {token.name}  at most {token.per_second:,} requests a second"
    said += f"  made {token.created_at:%Y-%m-%d %H:%M} UTC  {used}"
    revoked = token.revoked_at
    return said if revoked is None else f"{said}  revoked {revoked:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    what: str
    said: str
    ok: bool = True


def examine(settings: Settings) -> list[Check]:
    """Check the machine, the store, and the sources of each configured account."""
    free = shutil.disk_usage(ROOT).free
    return [
        Check("Python", platform.python_version()),
        Check("Disk", f"{free / 1e9:,.1f} GB free", ok=free > ENOUGH_DISK_BYTES),
        Check("Time zone", settings.zone.key),
        *_check_store(settings),
        *_check_sources(settings),
    ]


def _check_store(settings: Settings) -> Iterator[Check]:
    from sqlalchemy.engine import make_url

    from core.analytics.freshness import last_synced, source_states
    from core.demo.active_store import configured_store
    from core.ingest.sync.history import problem_groups
    from core.store import Scope, accounts

    try:
        store = configured_store(settings)
        yield Check("Store", make_url(settings.database_url).render_as_string(hide_password=True))
        store.check(seconds=30.0)
        for account in accounts(store):
            states = source_states(Scope(store, account.id), now=clock.now())
            said = ", ".join(f"{state.rows:,} {state.name.lower()}" for state in states)
            yield Check(f"Account {account.id}", said)
            for group in problem_groups(Scope(store, account.id))[:SHOWN_PROBLEMS]:
                yield Check(f"Noted by a sync of {account.id}", group.words)
            configured = next((a.sources for a in settings.accounts if a.id == account.id), None)
            for source in configured or ("testio",):
                at = last_synced(Scope(store, account.id), source=source)
                said = f"{at:%Y-%m-%d %H:%M} UTC" if at else "never: run `python -m core sync`"
                what = "Last sync" if source == "testio" else "Last Prometheus sync"
                yield Check(f"{what} of {account.id}", said, ok=at is not None)
    except TouchstoneError as error:
        yield Check("Store", str(error), ok=False)


def _check_sources(settings: Settings) -> Iterator[Check]:
    from core.ingest.sync.accounts import ask_source

    if not settings.accounts:
        yield Check("Sources", "none configured: the dashboard shows demo data")
    for account in settings.accounts:
        for source in reversed(account.sources):
            name = "Source" if source == "testio" else "Prometheus"
            yield _asked(f"{name} of {account.id}", partial(ask_source, account, source))


def _asked(what: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(what, f"answers, {ask()}")
    except TouchstoneError as error:
        return Check(what, str(error), ok=False)


def _doctor(settings: Settings, _given: argparse.Namespace) -> int:
    findings = examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.said}")
    return DONE if all(finding.ok for finding in findings) else FAILED


def run() -> None:
    """Run the command line as a program: its exit codes, its signals."""
    if hasattr(signal, "SIGPIPE"):
        # `... | head` ends the program quietly, as it does others.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Stopped; everything written so far is kept.", file=sys.stderr)
        sys.exit(FAILED)
