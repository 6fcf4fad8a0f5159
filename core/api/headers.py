"""Headers by which browsers keep pages and answers out of other sites' frames and scripts."""

from contextlib import suppress
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.base.errors import TouchstoneError
from core.base.settings import load_settings

# Links hold filters and invitations, which other sites need not read.
COMMON = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
# What the API, metrics and calendars answer is no page.
OF_DATA = COMMON | {
    "cache-control": "no-store",
    "vary": "Origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
# Vega makes functions of expressions, components come as blobs; the hash is of Streamlit's script.
SOURCES = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; script-src 'self' 'unsafe-eval' blob: "
    "'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors "
)


def with_page_headers(app: ASGIApp) -> ASGIApp:
    """Middleware that gives pages and their files these headers, but for those that they have."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _of_page().items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, answer)

    return front


def with_page_style(app: ASGIApp, *sheets: Path) -> ASGIApp:
    """Middleware that puts style sheets into pages.

    One that a page's script sends arrives after the first things are drawn, and moves them.
    """
    begin = b"<body>\n<style>\n%b</style>" % b"".join(sheet.read_bytes() for sheet in sheets)
    # Pages are asked for whole and plain: what a browser kept may have an older sheet.
    dropped = {b"accept-encoding", b"if-none-match", b"if-modified-since"}

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        is_page = False

        async def answer(message: Message) -> None:
            nonlocal is_page
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                for name in ("content-length", "etag", "last-modified") if is_page else ():
                    del headers[name]
            elif is_page:
                message["body"] = message.get("body", b"").replace(b"<body>", begin)
            await send(message)

        sent = scope.get("headers", [])
        # Files, which have an ending, stay as they are: a report is a page of its own.
        if b"text/html" in dict(sent).get(b"accept", b"") and "." not in scope["path"]:
            kept = [(name, value) for name, value in sent if name not in dropped]
            await app({**scope, "headers": kept}, receive, answer)
        else:
            await app(scope, receive, send)

    return front


def _of_page() -> dict[str, str]:
    listed: tuple[str, ...] = ()
    with suppress(TouchstoneError):  # the page tells it
        settings = load_settings()
        listed = settings.frame_ancestors or settings.cors_origins
    ancestors = " ".join(("'self'", *listed)) if listed else "'none'"
    # The older header knows no list of sites.
    old = {} if listed else {"x-frame-options": "DENY"}
    return COMMON | {"content-security-policy": SOURCES + ancestors} | old
