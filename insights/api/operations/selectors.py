"""PutInsightSelectors and GetInsightSelectors: what Insights are looked for in the trail."""

from __future__ import annotations

from typing import Any

from insights.api.errors import ApiError
from insights.api.service import Request, Service
from insights.errors import AccessDeniedError, ConflictError, NotFoundError
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.records.trail_arn import TrailArn
from insights.stages.selection import put_selection, selection_of

_NO_DATA_EVENTS = "Insights for data events can only be enabled for trails that log data events."


def put_insight_selectors(service: Service, request: Request) -> dict[str, Any]:
    """Replace what is looked for; an empty list turns Insights off.

    What is newly looked for is looked for in all the history there is.
    """
    trail = _trail(service, request, also=("InsightsDestination",))
    if request.caller.accounts is not None and trail.account_id not in request.caller.accounts:
        raise ApiError("AccessDeniedException", f"{request.caller.name} may not change the trail {trail}")
    if request.region != trail.home_region:
        raise ApiError(
            "InvalidHomeRegionException",
            f"Trail {trail} can be changed in its home Region {trail.home_region} only, not in {request.region}",
        )
    selection = Selection.of(_selector(service, entry) for entry in request.parameters["InsightSelectors"])
    try:
        is_wider = put_selection(service.workspace, selection)
    except ConflictError as error:
        raise ApiError("ConflictException", "somebody else put selectors at the same time: try again") from error
    except AccessDeniedError as error:
        raise ApiError("InsufficientS3BucketPolicyException", str(error)) from error
    except NotFoundError as error:
        raise ApiError("S3BucketDoesNotExistException", str(error)) from error
    if is_wider:
        service.on_selected()
    return _answer(trail, selection)


def get_insight_selectors(service: Service, request: Request) -> dict[str, Any]:
    """Tell what is looked for; that nothing is, is an error, as AWS has it."""
    trail = _trail(service, request)
    selection = selection_of(service.workspace)
    if not selection.pairs:
        raise ApiError(
            "InsightNotEnabledException",
            f"Trail {trail} does not have Insights enabled. Edit the trail settings to enable Insights, and then try "
            "the operation again.",
        )
    return _answer(trail, selection)


def _trail(service: Service, request: Request, also: tuple[str, ...] = ()) -> TrailArn:
    """Find the trail; event data stores, which CloudTrail Lake has instead, are told apart."""
    names = [name for name in ("EventDataStore", *also) if request.get(name) is not None]
    if names and request.get("TrailName") is not None:
        raise ApiError("InvalidParameterCombinationException", f"give either TrailName or {names[0]}, not both")
    if names:
        raise ApiError("UnsupportedOperationException", "there are no event data stores here: name the trail")
    if request.get("TrailName") is None:
        raise ApiError("InvalidParameterException", "TrailName is missing")
    return request.trail(service, request.get("TrailName"))


def _selector(service: Service, entry: dict[str, Any]) -> tuple[InsightType, list[str]]:
    if "InsightType" not in entry:
        raise ApiError("InvalidInsightSelectorsException", "each selector needs an InsightType")
    # Given without any, they are those that Insights began with.
    categories: list[str] = entry.get("EventCategories", ["Management"])
    if not categories:
        raise ApiError("InvalidInsightSelectorsException", "EventCategories must name at least one category")
    if "Data" in categories and "Data" not in service.workspace.settings.trail.categories:
        raise ApiError("InvalidParameterException", _NO_DATA_EVENTS)
    return InsightType(entry["InsightType"]), categories


def _answer(trail: TrailArn, selection: Selection) -> dict[str, Any]:
    selectors = [{"InsightType": str(kind), "EventCategories": names} for kind, names in selection.selectors]
    return {"TrailARN": str(trail), "InsightSelectors": selectors}
