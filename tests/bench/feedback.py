"""`python -m tests.bench.feedback`: many people vote at once, and then the server is killed.

The dashboard runs on demo data in a process of its own, a page is opened again and again and an
account of 60,000 bugs is synchronised into the same store; then the same with `kill -9` in the
middle. Each vote that was accepted has to be there, once. The API that is read, which elsewhere is
on another machine, gets what the cores have left here; and as a browser is on another one, too, the
page is read over its socket, unless it is to be drawn here.
"""

import argparse
import os
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from sqlalchemy import func, select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from core.access.tokens import create_token
from core.demo import build_demo
from core.store import Feedback, FeedbackVote, Scope, open_store, table
from tests.bench.sync import SIZES, customer_of, synced
from tests.browser.conftest import ARGUMENTS, CHROMIUM, READY, serve
from tests.testio_server import SteadyServer
from tests.votes import vote_all

TOKENS = 10
TARGET_SECONDS = 0.100
PAGE = "customer_engagement"
PAUSE = 1.0


def prepared(folder):
    """A store with demo data in a folder, and tokens to vote with."""
    store = open_store(f"sqlite:///{folder}/store.db")
    build_demo(store)
    tokens = [create_token(Scope(store, "demo"), f"load {n}") for n in range(TOKENS)]
    store.close()
    return tokens


def stored(folder):
    """How many opinions and votes of the load are in the store, and the opinions' ids."""
    store = open_store(f"sqlite:///{folder}/store.db")
    feedback, votes = table(Feedback).c, table(FeedbackVote).c
    of_load = feedback.ticket_id.startswith("LOAD-")
    with store.read() as session:
        connection = session.connection()
        ids = connection.execute(select(feedback.id).where(of_load)).scalars().all()
        history = connection.execute(
            select(func.count()).where(
                votes.feedback_id.in_(select(feedback.id).where(of_load).scalar_subquery())
            )
        ).scalar_one()
    store.close()
    return ids, history


def only_when_idle():
    """Have this thread, and what it starts, run when a core has nothing else to do.

    A low priority would not do: Chromium raises its own.
    """
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def reads(url, stop, times):
    """Someone who opens a page again and again, as their browser asks for it."""
    asks = BackMsg(rerun_script=ClientState(page_name=PAGE, query_string="account=demo"))
    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    while not stop.is_set():
        started = time.perf_counter()
        httpx.get(f"{url}/{PAGE}").raise_for_status()
        with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:
            socket.send(asks.SerializeToString())
            while ForwardMsg.FromString(socket.recv()).WhichOneof("type") != "script_finished":
                pass
        times.append(time.perf_counter() - started)
        stop.wait(PAUSE)


def reads_in_chromium(url, stop, times):
    """The same in a browser, which draws it on these cores."""
    only_when_idle()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page()
        while not stop.is_set():
            started = time.perf_counter()
            page.goto(f"{url}/{PAGE}?account=demo")
            page.wait_for_selector(READY, timeout=60_000)
            times.append(time.perf_counter() - started)
            stop.wait(PAUSE)
        browser.close()


def far_away(server, stack):
    """Start the API from a thread of low priority, which its own threads inherit."""

    def starts():
        only_when_idle()
        stack.enter_context(server)

    thread = threading.Thread(target=starts)
    thread.start()
    thread.join()
    return server


def syncs(server, folder, stop, times):
    """A machine that synchronises again and again."""
    while not stop.is_set():
        times.append(synced(server, folder, "--full")[0])


def load(arguments, *, kills=False):
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        tokens = prepared(folder)
        # Where somebody votes, the store is the one that is shown.
        settings = {"TOUCHSTONE_DATABASE_URL": f"sqlite:///{folder}/store.db"}
        process, server = serve(folder, **settings, TOUCHSTONE_SYNC_INTERVAL_SECONDS="0")
        stack.callback(process.wait)
        stack.callback(process.kill)
        stop, page_times, sync_times = threading.Event(), [], []
        if not arguments.quiet:
            api = far_away(SteadyServer(customer_of(SIZES["3,000 cycles, 60,000 bugs"])), stack)
            reader = reads_in_chromium if arguments.chromium else reads
            works = [(syncs, api, folder, stop, sync_times), (reader, server.url, stop, page_times)]
            for work, *given in works:
                thread = threading.Thread(target=work, args=given)
                thread.start()
                stack.callback(thread.join)
        stack.callback(stop.set)
        time.sleep(5)  # until everything is loaded
        # A process of its own: the clients are not to wait for the threads here.
        pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        waiting = pool.submit(
            vote_all,
            server.url,
            tokens,
            clients=arguments.clients,
            votes=arguments.votes,
            patient=not kills,
        )
        if kills:
            while len(stored(folder)[0]) < arguments.votes / 3:
                time.sleep(0.2)
            process.kill()
        outcome = waiting.result()
        stop.set()
        report(outcome, *stored(folder), page_times, sync_times)


def report(outcome, ids, history, page_times, sync_times):
    accepted = {feedback_id for _, feedback_id in outcome.accepted.values()}
    lost = accepted - set(ids)
    print(f"{len(outcome.accepted):,} accepted in {outcome.took:.1f} s", end=", ")
    print(f"{len(outcome.accepted) / outcome.took:,.0f} a second; ", end="")
    print(f"told to wait {outcome.limited:,}, refused {len(outcome.refused):,}")
    for share in (0.5, 0.95, 0.99, 1.0):
        print(f"  p{100 * share:.0f} {1000 * outcome.quantile(share):.0f} ms", end="")
    print(f"\n  in the store {len(ids):,} opinions, {history:,} votes; lost {len(lost):,}")
    for what, times in (("page", page_times), ("sync", sync_times)):
        if times:
            shown = ", ".join(f"{seconds:.2f}" for seconds in times)
            print(f"  {what}: {shown} s")
    fast = outcome.quantile(0.95) < TARGET_SECONDS
    whole = not lost and len(ids) == len(set(ids)) == history
    print(f"  {'fast enough' if fast else 'TOO SLOW'}, {'none lost' if whole else 'WRONG'}")
    for refused in list(outcome.refused.values())[:3]:
        print(f"  refused: {refused}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--votes", type=int, default=10_000)
    parser.add_argument("--quiet", action="store_true", help="no page and no sync beside it")
    parser.add_argument("--chromium", action="store_true", help="the page is drawn here, too")
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--only-kill", action="store_true")
    arguments = parser.parse_args()
    if not arguments.only_kill:
        load(arguments)
    if not arguments.no_kill:
        print("Killed in the middle:")
        load(arguments, kills=True)


if __name__ == "__main__":
    main()
