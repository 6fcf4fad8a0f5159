"""A test IO Customer API on this machine: a real HTTP server over lists of objects.

    python -m tests.testio_server FOLDER [--port N] [--token T]

serves `products`, `features`, `exploratory_tests`, `bugs` and `reject_reasons` (`.jsonl` or
`.jsonl.gz`) of a folder until it is interrupted, and then says how often it was asked.
"""

import argparse
import contextlib
import gzip
import json
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BASE = "/customer/v2"
TOKEN = "tok-3f9a1c7e5b2d"
UNPAGED = 150
DEFAULT_PAGE = 25
ANY = -1  # what is no object is listed everywhere


@dataclass
class Customer:
    """What the API knows of one customer; tests change the lists while the server runs.

    A feature says where it is listed: `product_id`, and `section_id` where it is in a section.
    """

    products: list = field(default_factory=list)
    features: list = field(default_factory=list)
    cycles: list = field(default_factory=list)
    bugs: list = field(default_factory=list)
    reasons: list = field(default_factory=list)


@dataclass
class Fault:
    """An answer that is not the API's: for paths that contain `path`, so often (None: always)."""

    path: str = ""
    times: int | None = None
    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    cut: int | None = None  # so many bytes of the right answer, as if these were all
    hang_up: bool = False  # promise the right answer, and close half-way
    drops: float = 0.0  # send byte by byte, so many seconds apart


@dataclass
class TestioServer:
    """The server; `asked` holds path and query of every request, `before` is called with each."""

    __test__ = False

    customer: Customer
    token: str = TOKEN
    port: int = 0
    faults: list = field(default_factory=list)
    before: object = None
    ignores_paging: bool = False
    largest_page: int | None = None
    most_cycles: int | None = None  # more in one question take too long
    asked: list = field(default_factory=list)

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._http.daemon_threads = True
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{BASE}"

    def fault(self, path):
        """The fault that is due, counted down."""
        for fault in self.faults:
            if fault.path in path and fault.times != 0:
                fault.times = fault.times and fault.times - 1
                return fault
        return Fault()

    def answer(self, path, query):
        """Status and JSON for a path below the base."""
        match path.strip("/").split("/"):
            case ["products"]:
                body = {"products": self.customer.products}
            case ["products", product, "features"]:
                body = {"features": self._features(int(product), None)}
            case ["products", product, "sections", section, "features"]:
                body = {"features": self._features(int(product), int(section))}
            case ["products", product, "exploratory_tests"]:
                body = {"exploratory_tests": self._page(int(product), query)}
            case ["exploratory_tests", number]:
                found = [c for c in self.customer.cycles if _id(c) == int(number)]
                body = {"exploratory_test": found[0]} if found else None
            case ["bugs", "reject_reasons"]:
                body = {"reject_reasons": self.customer.reasons}
            case ["bugs"]:
                cycles = _numbers(query.get("filter_test_cycle_ids", ""))
                if self.most_cycles is not None and len(cycles) > self.most_cycles:
                    return 524, {"error": "A timeout occurred"}
                products = _numbers(query.get("filter_product_ids", ""))
                body = {"bugs": self._bugs(cycles, products)}
            case _:
                body = None
        return (404, {"error": "Not found"}) if body is None else (200, body)

    def reply(self, path, query):
        """Status and bytes for a path below the base."""
        status, body = self.answer(path, query)
        # ensure_ascii keeps halves of characters, as the JSON of some servers does.
        return status, json.dumps(body).encode()

    def _features(self, product, section):
        inner = {"product_id", "section_id"}
        return [
            {key: value for key, value in feature.items() if key not in inner}
            if isinstance(feature, dict)
            else feature
            for feature in self.customer.features
            if not isinstance(feature, dict)
            or (feature.get("product_id") == product and feature.get("section_id") == section)
        ]

    def _page(self, product, query):
        listed = [c for c in self.customer.cycles if _under(c, "product") in {product, ANY}]
        newest = sorted(listed, key=_newest, reverse=True)
        if self.ignores_paging:
            return newest
        if "page" not in query:
            return newest[:UNPAGED]
        size = int(query.get("per_page", DEFAULT_PAGE))
        size = min(size, self.largest_page or size)
        start = (int(query["page"]) - 1) * size
        return newest[start : start + size]

    def _bugs(self, cycles, products):
        return [
            bug
            for bug in self.customer.bugs
            if (not cycles or _under(bug, "test") in cycles | {ANY})
            and (not products or _id(bug.get("product")) in products)
        ]


@dataclass
class SteadyServer(TestioServer):
    """A server of lists that do not change while it runs: made ready, an answer takes no time."""

    __test__ = False

    def __enter__(self):
        made = defaultdict(list)
        for cycle in sorted(self.customer.cycles, key=_newest, reverse=True):
            made["exploratory_tests", _under(cycle, "product")].append(json.dumps(cycle))
        for bug in self.customer.bugs:
            made["bugs", _under(bug, "test")].append(json.dumps(bug))
        self._made = made
        return super().__enter__()

    def reply(self, path, query):
        match path.strip("/").split("/"):
            case ["products", product, "exploratory_tests"] if "page" in query:
                size = int(query.get("per_page", DEFAULT_PAGE))
                start = (int(query["page"]) - 1) * size
                key = "exploratory_tests"
                found = self._made[key, int(product)][start : start + size]
            case ["bugs"] if "filter_test_cycle_ids" in query:
                key, cycles = "bugs", _numbers(query["filter_test_cycle_ids"])
                found = [bug for cycle in sorted(cycles) for bug in self._made["bugs", cycle]]
            case _:
                return super().reply(path, query)
        return 200, b'{"%s": [%s]}' % (key.encode(), ", ".join(found).encode())


class _Handler(BaseHTTPRequestHandler):
    owner: TestioServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(BASE)
        owner = self.owner
        owner.asked.append((path, query))
        if owner.before:
            owner.before(path, query)
        fault = owner.fault(path)
        time.sleep(fault.delay)
        if self.headers.get("Authorization") != f"Token {owner.token}":
            status, data = 401, b'{"error": "Unauthorized"}'
        elif not parts.path.startswith(BASE):
            status, data = 404, b'{"error": "Not found"}'
        else:
            status, data = owner.reply(path, query)
        if fault.body is not None:
            data = fault.body
        self._send(fault.status or status, data[: fault.cut], fault)

    def _send(self, status, data, fault):
        self.send_response(status)
        kind = "text/html" if data.startswith(b"<") else "application/json"
        for name, value in ({"Content-Type": kind} | fault.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if fault.hang_up:
            data = data[: len(data) // 2]
            self.close_connection = True
        for drop in [data[n : n + 1] for n in range(len(data))] if fault.drops else [data]:
            self.wfile.write(drop)
            self.wfile.flush()
            time.sleep(fault.drops)

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the client had enough
            super().handle()

    def log_message(self, *_):
        pass


def load(folder):
    """The customer that the files of a folder describe; a file that is missing is an empty list."""
    return Customer(
        products=_lines(folder, "products"),
        features=_lines(folder, "features"),
        cycles=_lines(folder, "exploratory_tests"),
        bugs=_lines(folder, "bugs"),
        reasons=_lines(folder, "reject_reasons"),
    )


def _lines(folder, name):
    for path, opened in (
        (folder / f"{name}.jsonl", open),
        (folder / f"{name}.jsonl.gz", gzip.open),
    ):
        if path.exists():
            with opened(path, "rt", encoding="utf-8") as lines:
                return [json.loads(line) for line in lines if line.strip()]
    return []


def _under(obj, parent):
    """The id below which an object is listed; `listed_under` says it where the parent cannot."""
    if not isinstance(obj, dict):
        return ANY
    return obj.get("listed_under") or _id(obj.get(parent))


def _id(obj):
    return obj.get("id") if isinstance(obj, dict) else None


def _newest(cycle):
    number = _id(cycle)
    return number if isinstance(number, int) else 0


def _numbers(text):
    return {int(number) for number in text.split(",") if number}


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Serve a folder as a test IO Customer API.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    chosen = parser.parse_args(arguments)
    server = SteadyServer(load(chosen.folder), token=chosen.token, port=chosen.port)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with server:
        sys.stdout.write(f"{server.url} with the token {server.token}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    counted = Counter(path.split("/")[-1] if "/" in path else path for path, _ in server.asked)
    sys.stdout.write(f"{len(server.asked)} requests: {dict(counted)}\n")


if __name__ == "__main__":
    main()
