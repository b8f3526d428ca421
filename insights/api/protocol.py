"""CloudTrail's wire protocol, AWS JSON 1.1: `POST /` with the operation in `X-Amz-Target`, JSON both ways.

Errors carry their name in `__type`, where clients look for it, and every answer an `x-amzn-RequestId`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from insights.api.caller import Authenticator, Caller
from insights.api.errors import ApiError
from insights.api.model import TARGET, operation_model
from insights.api.operations import OPERATIONS
from insights.api.service import Request, Service
from insights.api.validation import validated
from insights.errors import TrailInsightsError

MEDIA_TYPE = "application/x-amz-json-1.1"
LARGEST_BODY = 256 * 1024
LONGEST_READ_SECONDS = 20.0
AT_ONCE = 8
"""Requests that are answered side by side; others wait. Each may hold a row group of `events` in memory."""

_SCOPE = re.compile(r"Credential=[^,/\s]{1,128}/\d{8}/(?P<region>[a-z0-9-]{1,32})/cloudtrail/aws4_request")
_log = logging.getLogger(__name__)


def create_api(*, service: Callable[[], Service], authenticator: Authenticator) -> Router:
    """Make the application.

    Args:
        service: Opens the lake, when it is first asked for.
        authenticator: Tells who asks; nothing is answered before it has.
    """
    # No route is any path's: the patterns of routes do not match those with a line break in them.
    return Router(default=_Endpoint(service, authenticator))


class _Endpoint:
    """Answers every path and method: those that ask nothing are told so in the protocol's own words."""

    def __init__(self, service: Callable[[], Service], authenticator: Authenticator) -> None:
        self._open, self._authenticator = service, authenticator
        self._limiter = CapacityLimiter(AT_ONCE)

    @cached_property
    def _service(self) -> Service:
        return self._open()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive) if scope["type"] == "http" else None
        response = WebSocketClose() if http is None else await self._response(http)
        await response(scope, receive, send)

    async def _response(self, http: HttpRequest) -> Response:
        try:
            body = await _body(http)
            document = await to_thread.run_sync(self._answered, http, body, limiter=self._limiter)
        except ApiError as error:
            return _response(error.status, {"__type": error.code, "message": error.message})
        except TrailInsightsError as error:
            _log.error("a request could not be answered: %s", error)
            return _response(
                503, {"__type": "ServiceUnavailable", "message": "not at the moment: the server's log says why"}
            )
        except ClientDisconnect:
            return _response(400, {"__type": "RequestAbortedException", "message": "the client went away"})
        except Exception:
            _log.exception("a request could not be answered")
            return _response(500, {"__type": "InternalFailure", "message": "the request failed on this side"})
        return _response(200, document)

    def _answered(self, http: HttpRequest, body: bytes) -> dict[str, Any]:
        # An item for each line of the request, in lower case: what came twice is seen twice.
        headers = http.headers.items()
        path = http.scope.get("raw_path", http.url.path.encode()).decode("latin-1")
        query = http.scope.get("query_string", b"").decode("latin-1")
        caller = self._authenticator.authenticate(http.method, path, query, headers, body)
        name = _operation(http)
        operation = OPERATIONS.get(name)
        if operation is None:
            raise ApiError("UnsupportedOperationException", f"{name} is not answered here: only what Insights need is")
        _permit(caller, name, writes_selectors=operation.writes_selectors)
        request = Request(
            operation=name,
            caller=caller,
            region=_region(http) or self._service.trail.home_region,
            parameters=validated(name, _parsed(body)),
        )
        return operation.answer(self._service, request)


async def _body(http: HttpRequest) -> bytes:
    """Read the body, as far as one may be long, and for as long as one may take."""
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST_READ_SECONDS):
            async for part in http.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    raise ApiError("RequestEntityTooLargeException", f"the body is longer than {LARGEST_BODY} bytes")
    except TimeoutError as error:
        raise ApiError("RequestTimeoutException", "the body did not come in time") from error
    return bytes(body)


def _operation(http: HttpRequest) -> str:
    """Give the operation that is asked for, one that CloudTrail has."""
    service, _, name = http.headers.get("x-amz-target", "").rpartition(".")
    if http.method != "POST" or service.rpartition(".")[2] != TARGET or operation_model(name) is None:
        raise ApiError("UnknownOperationException", "CloudTrail has no such operation")
    # Not only for order's sake: a page in a browser can send other types to this machine unasked, but not this one.
    if http.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise ApiError("UnsupportedMediaTypeException", f"the content type must be {MEDIA_TYPE}")
    return name


def _permit(caller: Caller, operation: str, *, writes_selectors: bool) -> None:
    if not (caller.may_write_selectors if writes_selectors else caller.may_read):
        raise ApiError("AccessDeniedException", f"{caller.name} is not authorized to perform: cloudtrail:{operation}")


def _region(http: HttpRequest) -> str | None:
    """Give the Region that the request was signed for: one endpoint stands for those of all Regions."""
    match = _SCOPE.search(http.headers.get("authorization", ""))
    return match["region"] if match else None


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        document = json.loads(body.decode())
        if b"\\ud" in body.lower():
            # Half of a surrogate pair is a string that nobody can store, search or answer with.
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "the body is no JSON document") from error


def _response(status: int, document: dict[str, Any]) -> Response:
    headers = {"x-amzn-RequestId": str(uuid4()), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status, headers, MEDIA_TYPE)
