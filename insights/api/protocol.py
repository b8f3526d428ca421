"""CloudTrail's wire protocol, AWS JSON 1.1: `POST /` with the operation in `X-Amz-Target`, JSON both ways.

Errors carry their name in `__type`, where clients look for it, and every answer an `x-amzn-RequestId`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import uuid4

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from insights.api.caller import Authenticator, Caller
from insights.api.errors import ApiError
from insights.api.model import TARGET, operation_model
from insights.api.operations import OPERATIONS
from insights.api.service import Request, Service
from insights.api.validation import validated
from insights.errors import TrailInsightsError

MEDIA_TYPE = "application/x-amz-json-1.1"
LARGEST_BODY = 256 * 1024
AT_ONCE = 8
"""Requests that are answered side by side; others wait. Each may hold a row group of `events` in memory."""

_SCOPE = re.compile(r"Credential=[^,\s]+/\d{8}/(?P<region>[a-z0-9-]+)/cloudtrail/aws4_request")
_log = logging.getLogger(__name__)


def create_api(*, service: Callable[[], Service], authenticator: Authenticator) -> Starlette:
    """Make the application.

    Args:
        service: Opens the lake, when it is first asked for.
        authenticator: Tells who asks; nothing is answered before it has.
    """
    endpoint = _Endpoint(service, authenticator)
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", endpoint.answer, methods=methods)])


class _Endpoint:
    def __init__(self, service: Callable[[], Service], authenticator: Authenticator) -> None:
        self._open, self._authenticator = service, authenticator
        self._limiter = CapacityLimiter(AT_ONCE)

    @cached_property
    def _service(self) -> Service:
        return self._open()

    async def answer(self, http: HttpRequest) -> Response:
        try:
            body = await _body(http)
            document = await to_thread.run_sync(self._answered, http, body, limiter=self._limiter)
        except ApiError as error:
            return _response(error.status, {"__type": error.code, "message": error.message})
        except TrailInsightsError as error:
            _log.error("a request could not be answered: %s", error)
            return _response(503, {"__type": "ServiceUnavailable", "message": "the lake cannot be read at the moment"})
        except Exception:
            _log.exception("a request could not be answered")
            return _response(500, {"__type": "InternalFailure", "message": "the request failed on this side"})
        return _response(200, document)

    def _answered(self, http: HttpRequest, body: bytes) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in http.headers.items()}
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
            region=_region(headers) or self._service.trail.home_region,
            parameters=validated(name, _parsed(body)),
        )
        return operation.answer(self._service, request)


async def _body(http: HttpRequest) -> bytes:
    """Read the body, as far as one may be long."""
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise ApiError("RequestEntityTooLargeException", f"the body is longer than {LARGEST_BODY} bytes")
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


def _region(headers: dict[str, str]) -> str | None:
    """Give the Region that the request was signed for: one endpoint stands for those of all Regions."""
    match = _SCOPE.search(headers.get("authorization", ""))
    return match["region"] if match else None


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError("SerializationException", "the body is no JSON document") from error


def _response(status: int, document: dict[str, Any]) -> Response:
    headers = {"x-amzn-RequestId": str(uuid4()), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Response(content, status, headers, MEDIA_TYPE)
