"""Where a request comes from: the page of another site, and the address behind proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from core.api.answers import Refusal

LOOPBACK = "127.0.0.1"
# One household or host is given a whole network of this size.
IPV6_PREFIX = 64
PREFLIGHT_SECONDS = 600
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key"
EXPOSED_HEADERS = "Retry-After, WWW-Authenticate"


def allowed_origin(request: Request, origins: Sequence[str]) -> str | None:
    """The other site whose page asks, None where it is no page of another site.

    Refused unless the site is listed.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return None
    if origin in origins:
        return origin
    try:
        is_own = urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        is_own = False
    if is_own:
        return None
    raise Refusal(403, "Pages of this origin may not ask here: TOUCHSTONE_CORS_ORIGINS lists it.")


def cors_headers(origin: str | None) -> dict[str, str]:
    """What lets the page of another site read the answer; without credentials."""
    vary = {"Vary": "Origin"}
    if origin is None:
        return vary
    return vary | {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
    }


def preflight_headers(methods: Sequence[str]) -> dict[str, str]:
    """What the page of another site may send."""
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def client_address(request: Request, proxies: Sequence[IPv4Network | IPv6Network]) -> str:
    """Who asks, as an address, of IPv6 a network; X-Forwarded-For counts behind trusted proxies."""
    peer = LOOPBACK
    # The server takes over X-Forwarded-For from loopback, trusted or not; port 0 tells that it did.
    if request.client is not None and request.client.port != 0:
        peer = request.client.host
    found = _address(peer)
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed(forwarded):
        if found is None or not any(found in proxy for proxy in proxies):
            break
        behind = _address(hop.strip())
        if behind is None:
            break
        found = behind
    if isinstance(found, IPv6Address):
        return str(ip_network((found, IPV6_PREFIX), strict=False))
    return peer if found is None else str(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
