"""LookupEvents and ListInsightsData: management events and Insight records, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from insights.api.service import Request, Service
from insights.records.event import EARLIEST, restore_text
from insights.records.lookup import resources, username
from insights.storage import event_search, insight_search
from insights.storage.event_search import Position, instant_of, microseconds_of
from insights.storage.insight_search import Record

MOST_RESULTS = 50
_INSIGHT_KEYS = ("EventId", "EventName", "EventSource")
_LONGEST_VALUE = 2000
_COUNT_DOUBLE = "_ ,\n"


def lookup_events(service: Service, request: Request) -> dict[str, Any]:
    """List management events, or with the category `insight` the Insight records of management events.

    AWS gives the last 90 days where no time is named; here it is all that the lake holds.
    """
    is_insight = request.get("EventCategory") == "insight"
    attribute = _attribute(request, _INSIGHT_KEYS if is_insight else event_search.ATTRIBUTES)
    if is_insight:
        return _insights(service, request, "Management", attribute)
    first, last, after = _span(service, request)
    query = event_search.Query(
        accounts=service.events.accounts(request.region, request.caller.accounts),
        region=request.region,
        first=first,
        last=last,
        attribute=attribute,
        after=after,
    )
    page = service.events.page(query, request.get("MaxResults", MOST_RESULTS))
    return {"Events": [_event(row) for row in page.rows]} | _next(service, request, page.position, last)


def list_insights_data(service: Service, request: Request) -> dict[str, Any]:
    """List the Insight records of the trail's data events."""
    request.trail(service, request.parameters["InsightSource"])
    dimensions = list(request.get("Dimensions", {}).items())
    return _insights(service, request, "Data", dimensions[0] if dimensions else None)


def _insights(service: Service, request: Request, category: str, attribute: tuple[str, str] | None) -> dict[str, Any]:
    first, last, after = _span(service, request)
    query = insight_search.Query(request.caller.accounts, request.region, category, first, last, attribute, after)
    page = service.insights.page(query, request.get("MaxResults", MOST_RESULTS))
    return {"Events": [_insight_event(each) for each in page.records]} | _next(service, request, page.position, last)


def _attribute(request: Request, allowed: tuple[str, ...]) -> tuple[str, str] | None:
    given = request.get("LookupAttributes", [])
    if not given:
        return None
    if len(given) > 1:
        raise request.refused("LookupAttributes", "You can use only one lookup attribute at a time.")
    key, value = given[0]["AttributeKey"], given[0]["AttributeValue"]
    if key not in allowed:
        raise request.refused("LookupAttributes", f"Insights events cannot be looked up by {key}")
    if len(value) + sum(value.count(each) for each in _COUNT_DOUBLE) > _LONGEST_VALUE:
        raise request.refused("LookupAttributes", f"the value of {key} is longer than {_LONGEST_VALUE} characters")
    return key, value


def _span(service: Service, request: Request) -> tuple[datetime, datetime, Position | None]:
    """Give first and last instant, both included, and the position of the page token.

    The end of a listing that has none is the time of its first page: later pages must not see what came since.
    """
    position = request.position(service)
    now = service.workspace.now().astimezone(UTC)
    first = request.get("StartTime", EARLIEST)
    last = request.get("EndTime") or (instant_of(position["last"]) if position else now)
    if "StartTime" in request.parameters and first > last:
        raise request.refused("StartTime", "The start time must not be after the end time.")
    return first, last, Position(position["at"], position["mark"]) if position else None


def _next(service: Service, request: Request, position: Position | None, last: datetime) -> dict[str, str]:
    if position is None:
        return {}
    told = {"at": position.microseconds, "mark": position.mark, "last": microseconds_of(last)}
    return request.token(service, told)


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event as `Event` has it; the record is the one AWS wrote."""
    who = username(row["user_identity_json"]) if row["user_identity_json"] else None
    named = resources(row["resources_json"]) if row["resources_json"] else []
    optional = {"EventId": row["event_id"], "AccessKeyId": row["access_key_id"], "Username": who}
    return {name: value for name, value in optional.items() if value is not None} | {
        "EventName": row["event_name"],
        "ReadOnly": "true" if row["is_read_only"] else "false",
        "EventTime": _seconds(row["event_time"]),
        "EventSource": row["event_source"],
        "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in named],
        "CloudTrailEvent": restore_text(row),
    }


def _insight_event(record: Record) -> dict[str, Any]:
    """Give an Insight record as `Event` has it: the API is the one that the insight is about, and nobody called."""
    return {
        "EventId": record.event_id,
        "EventName": record.event_name,
        "EventTime": _seconds(record.at),
        "EventSource": record.event_source,
        "Resources": [],
        "CloudTrailEvent": record.text,
    }


def _seconds(instant: datetime) -> int | float:
    seconds = instant.timestamp()
    return int(seconds) if seconds.is_integer() else seconds
