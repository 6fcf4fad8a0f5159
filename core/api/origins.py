"""Origins: which sites' pages may ask (CORS), and the client's address behind proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from core.api.errors import Refusal

LOOPBACK = "127.0.0.1"
# One household or host is given a whole network of this size.
IPV6_PREFIX = 64
PREFLIGHT_SECONDS = 600
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key"
EXPOSED_HEADERS = b"Retry-After, WWW-Authenticate"


def origin_headers(request: Request, listed: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """The headers that let pages of a listed site read the answer, without credentials.

    Pages of this server need none. Raises a 403 for those of other sites.
    """
    origin = request.headers["origin"]
    if origin in listed:
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", EXPOSED_HEADERS),
        ]
    try:
        is_own = urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:
        is_own = False
    if is_own:
        return []
    raise Refusal(
        403, "Pages of this origin may not ask here: TOUCHSTONE_CORS_ORIGINS does not list it."
    )


def preflight_headers(methods: Sequence[str]) -> dict[str, str]:
    """The headers that say what pages of another site may send."""
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def client_address(request: Request, proxies: Sequence[IPv4Network | IPv6Network]) -> str:
    """The client's address, of IPv6 its network; behind trusted proxies from X-Forwarded-For."""
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
