"""What an answer other than 200 says: CloudTrail's own exception names, each with its HTTP status.

Names and statuses: AWS CloudTrail API Reference, "Errors" of each operation and "Common Errors".
"""

from __future__ import annotations

from insights.errors import TrailInsightsError

_STATUSES = {
    "AccessDeniedException": 403,
    "InternalFailure": 500,
    "MissingAuthenticationTokenException": 403,
    "RequestEntityTooLargeException": 413,
    "ServiceUnavailable": 503,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "UnsupportedMediaTypeException": 415,
}


class ApiError(TrailInsightsError):
    """A request that cannot be answered as asked; `code` is what a client's `ClientError` shows."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _STATUSES.get(code, 400) if status is None else status


class AuthError(ApiError):
    """A request of somebody who is not known, or whose signature does not fit."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(code, message, status)
