"""The HTTP routes beside the pages: JSON answers, also for what is not there."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

__all__ = ["ROUTES"]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


async def nothing_here(request: Request) -> JSONResponse:
    """Without it an unknown address below /api would answer 200 with the dashboard's page."""
    return JSONResponse(
        {"error": "not_found", "message": f"There is nothing at {request.url.path}."},
        status_code=404,
    )


ROUTES = [Route("/api/{path:path}", nothing_here, methods=METHODS)]
