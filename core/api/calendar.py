"""The weekly review as a calendar that people subscribe to."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from core.api.answers import Refusal
from core.api.serving import Served, in_thread
from core.store import accounts


async def get_calendar(request: Request, known: Served) -> Response:
    """The meeting of an account: no data of it but its name, as calendar programs have no token."""
    # The review's agenda, on which it rests, takes seconds to load: the server starts without.
    from core.report.calendar import calendar_file  # noqa: PLC0415

    account = request.path_params["account"]
    names = {one.id: one.name for one in await in_thread(accounts, known.store)}
    if account not in names:
        raise Refusal(404, f"There is nothing at {request.url.path}.")
    url = f"{request.base_url}weekly_review?account={quote(account, safe='')}"
    asked = (names[account], known.store.zone, url)
    data = await in_thread(calendar_file, *asked, account_id=account)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(data, headers=headers, media_type="text/calendar; charset=utf-8")
