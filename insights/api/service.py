"""What every operation works with: the lake and its searches, and one request at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from insights.api.caller import Caller
from insights.api.errors import ApiError
from insights.api.model import has_error
from insights.api.tokens import TokenError, Tokens, open_tokens
from insights.api.validation import invalid
from insights.records.trail_arn import TrailArn, is_trail_name, parse_trail_arn
from insights.stages.selection import trail_of
from insights.stages.workspace import Workspace
from insights.storage.caching import Cache
from insights.storage.event_search import EventSearch
from insights.storage.insight_search import InsightSearch
from insights.storage.series_search import SeriesSearch

_TRAIL_SECONDS = 10.0


def _nothing() -> None:
    return None


@dataclass
class Service:
    """One lake as the API shows it; serves many threads.

    Attributes:
        workspace: Settings, lake and clock.
        on_selected: Called when something is newly looked for, and the history waits to be judged.
    """

    workspace: Workspace
    on_selected: Callable[[], None] = _nothing
    _trails: Cache[TrailArn] = field(default_factory=lambda: Cache(1, seconds=_TRAIL_SECONDS))

    @property
    def trail(self) -> TrailArn:
        """The trail whose lake this is."""
        return self._trails.get((), lambda: trail_of(self.workspace))

    @cached_property
    def events(self) -> EventSearch:
        """The management events."""
        return EventSearch(self.workspace.lake)

    @cached_property
    def insights(self) -> InsightSearch:
        """The Insight records."""
        return InsightSearch(self.workspace.lake)

    @cached_property
    def series(self) -> SeriesSearch:
        """The minute counts."""
        return SeriesSearch(self.workspace.lake)

    @cached_property
    def tokens(self) -> Tokens:
        """What page tokens are made with."""
        return open_tokens(self.workspace.lake)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of somebody known, its parameters validated."""

    operation: str
    caller: Caller
    region: str
    parameters: dict[str, Any]

    def get(self, member: str, default: Any = None) -> Any:
        """Give a parameter, or the default."""
        return self.parameters.get(member, default)

    def refused(self, member: str, message: str) -> ApiError:
        """Make the error for a bad value of a member."""
        return invalid(self.operation, member, message)

    @property
    def identity(self) -> bytes:
        """What a page token is bound to: everything but the token itself, and how many entries a page has."""
        bound = {name: value for name, value in self.parameters.items() if name not in ("NextToken", "MaxResults")}
        accounts = None if self.caller.accounts is None else sorted(self.caller.accounts)
        parts = (self.operation, self.region, self.caller.name, accounts, bound)
        return json.dumps(parts, default=datetime.isoformat, sort_keys=True).encode()

    def position(self, service: Service) -> Any:
        """Give the position of the page token, None on the first page.

        Raises:
            ApiError: the token is none that was given for this request.
        """
        token = self.get("NextToken")
        if token is None:
            return None
        try:
            return service.tokens.open(token, self.identity)
        except TokenError as error:
            raise self.refused("NextToken", f"Invalid NextToken: {error}") from error

    def token(self, service: Service, position: Any) -> dict[str, str]:
        """Give the member `NextToken` for a position, and nothing where there is none."""
        return {} if position is None else {"NextToken": service.tokens.seal(position, self.identity)}

    def trail(self, service: Service, name: str) -> TrailArn:
        """Find the trail by its name or ARN.

        Raises:
            ApiError: the name or ARN is none, or of another trail.
        """
        found = self.named_trail(service, name)
        if found is None:
            raise self._unnamed("TrailNotFoundException", f"Unknown trail: {name} for the user: {self.caller.name}")
        return found

    def named_trail(self, service: Service, name: str) -> TrailArn | None:
        """Give the trail, if a name or ARN is its own.

        Raises:
            ApiError: it is neither a name nor an ARN.
        """
        if name.startswith("arn:"):
            try:
                is_ours = parse_trail_arn(name) == service.trail
            except ValueError as error:
                raise self._unnamed("CloudTrailARNInvalidException", str(error)) from error
        elif is_trail_name(name):
            is_ours = name == service.trail.name
        else:
            raise self._unnamed(
                "InvalidTrailNameException",
                "Trail name must have 3 to 128 letters, digits, periods, underscores or dashes, begin and end with a "
                "letter or digit, have no two adjacent marks, and be no IP address.",
            )
        return service.trail if is_ours else None

    def _unnamed(self, code: str, message: str) -> ApiError:
        """Make the error of a bad name of a trail: the most telling one that the operation is documented to have."""
        codes = (code, "InvalidTrailNameException", "InvalidParameterException")
        return ApiError(next(each for each in codes if has_error(self.operation, each)), message)
