"""What is refused, by the errors that AWS documents, as boto3 raises them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.endpoints import ACCOUNT, ARN, NAME, REGION, Endpoint

VALID: dict[str, Any] = {
    "LookupEvents": {},
    "ListInsightsData": {"InsightSource": ARN, "DataType": "InsightsEvents"},
    "ListInsightsMetricData": {
        "EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
    },
    "PutInsightSelectors": {"TrailName": NAME, "InsightSelectors": []},
    "GetInsightSelectors": {"TrailName": NAME},
    "GetTrail": {"Name": NAME},
    "GetTrailStatus": {"Name": NAME},
    "DescribeTrails": {},
    "ListTrails": {},
    "ListPublicKeys": {},
}  # fmt: skip
OTHER_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/other-trail"
LATER, EARLIER = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
BACKWARDS = {"StartTime": LATER, "EndTime": EARLIER}


def _attribute(key: str, value: str = "x") -> dict[str, str]:
    return {"AttributeKey": key, "AttributeValue": value}


ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("LookupEvents", {"MaxResults": 51}, "InvalidMaxResultsException"),
    ("LookupEvents", {"MaxResults": 0}, "InvalidMaxResultsException"),
    ("LookupEvents", {"EventCategory": "Insight"}, "InvalidEventCategoryException"),
    ("LookupEvents", {"NextToken": "made-up"}, "InvalidNextTokenException"),
    ("LookupEvents", BACKWARDS, "InvalidTimeRangeException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName")] * 2}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("eventname")]}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName", "x" * 2001)]}, "InvalidLookupAttributesException"),
    ("LookupEvents", {"LookupAttributes": [_attribute("EventName", "_" * 1001)]}, "InvalidLookupAttributesException"),
    (
        "LookupEvents",
        {"EventCategory": "insight", "LookupAttributes": [_attribute("Username")]},
        "InvalidLookupAttributesException",
    ),
    ("ListInsightsData", {"InsightSource": OTHER_ARN}, "InvalidParameterException"),
    ("ListInsightsData", {"DataType": "Everything"}, "InvalidParameterException"),
    ("ListInsightsData", {"Dimensions": {"EventName": "a", "EventId": "b"}}, "InvalidParameterException"),
    ("ListInsightsData", {"MaxResults": 51}, "InvalidParameterException"),
    ("ListInsightsData", {"NextToken": "made-up"}, "InvalidParameterException"),
    ("ListInsightsData", BACKWARDS, "InvalidParameterException"),
    ("ListInsightsMetricData", {"Period": 61}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"EventSource": "ec2"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"InsightType": "ApiErrorRateInsight"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"MaxResults": 21601}, "InvalidParameterException"),
    ("ListInsightsMetricData", BACKWARDS, "InvalidParameterException"),
    ("ListInsightsMetricData", {"NextToken": "made-up"}, "InvalidParameterException"),
    ("ListInsightsMetricData", {"TrailName": "a..b"}, "InvalidTrailNameException"),
    ("PutInsightSelectors", {"TrailName": "a"}, "InvalidTrailNameException"),
    ("PutInsightSelectors", {"TrailName": "other-trail"}, "TrailNotFoundException"),
    ("PutInsightSelectors", {"TrailName": "arn:aws:s3:::bucket"}, "CloudTrailARNInvalidException"),
    ("PutInsightSelectors", {"TrailName": None}, "InvalidParameterException"),
    ("PutInsightSelectors", {"EventDataStore": OTHER_ARN}, "InvalidParameterCombinationException"),
    ("PutInsightSelectors", {"TrailName": None, "EventDataStore": OTHER_ARN}, "UnsupportedOperationException"),
    ("PutInsightSelectors", {"InsightSelectors": [{"InsightType": "Any"}]}, "InvalidInsightSelectorsException"),
    ("PutInsightSelectors", {"InsightSelectors": [{}]}, "InvalidInsightSelectorsException"),
    ("GetInsightSelectors", {"TrailName": "-a-"}, "InvalidTrailNameException"),
    ("GetInsightSelectors", {"TrailName": OTHER_ARN}, "TrailNotFoundException"),
    ("GetInsightSelectors", {"TrailName": "arn:aws:cloudtrail"}, "CloudTrailARNInvalidException"),
    ("GetInsightSelectors", {"EventDataStore": OTHER_ARN}, "InvalidParameterCombinationException"),
    ("GetInsightSelectors", {"TrailName": None}, "InvalidParameterException"),
    ("GetTrail", {"Name": "other-trail"}, "TrailNotFoundException"),
    ("GetTrail", {"Name": "192.168.5.4"}, "InvalidTrailNameException"),
    ("GetTrail", {"Name": "arn:x"}, "CloudTrailARNInvalidException"),
    ("GetTrailStatus", {"Name": "other-trail"}, "TrailNotFoundException"),
    ("GetTrailStatus", {"Name": "a b c"}, "InvalidTrailNameException"),
    ("GetTrailStatus", {"Name": "arn:x"}, "CloudTrailARNInvalidException"),
    ("DescribeTrails", {"trailNameList": ["_a_"]}, "InvalidTrailNameException"),
    ("DescribeTrails", {"trailNameList": ["arn:x"]}, "CloudTrailARNInvalidException"),
    ("ListPublicKeys", BACKWARDS, "InvalidTimeRangeException"),
    ("ListPublicKeys", {"NextToken": "made-up"}, "InvalidTokenException"),
    ("StartLogging", {"Name": NAME}, "UnsupportedOperationException"),
    ("CreateTrail", {"Name": NAME, "S3BucketName": "b"}, "UnsupportedOperationException"),
]


def _call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
    from botocore import xform_name

    return getattr(client, xform_name(operation))(**parameters)


@pytest.mark.parametrize(("operation", "changes", "code"), ERRORS)
def test_documented_errors(announced: Endpoint, operation: str, changes: dict[str, Any], code: str) -> None:
    """What deserves an error gets the one that AWS documents, as a `ClientError` of that code and HTTP 400."""
    request = {name: value for name, value in (VALID.get(operation, {}) | changes).items() if value is not None}
    with pytest.raises(ClientError) as caught:
        _call(announced.client(), operation, request)

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["Error"]["Message"]
    assert len(caught.value.response["ResponseMetadata"]["RequestId"]) == 36


def test_home_region(announced: Endpoint) -> None:
    """Selectors are put in the trail's home Region only, and read in any."""
    client = announced.client("eu-west-1")
    with pytest.raises(ClientError, match="us-east-1 only") as caught:
        client.put_insight_selectors(TrailName=NAME, InsightSelectors=[])

    assert caught.value.response["Error"]["Code"] == "InvalidHomeRegionException"
    assert client.get_trail(Name=NAME)["Trail"]["HomeRegion"] == REGION
