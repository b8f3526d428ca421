"""One Start record, in the form AWS documents, and its message."""

from __future__ import annotations

from typing import Any

import pytest

from insights.notify.message import Message, message_of


@pytest.fixture
def start() -> dict[str, Any]:
    """The Start of a spike: 30 calls in 5 minutes, after 21 in the 10,927 minutes before."""
    return {
        "eventVersion": "1.09",
        "eventTime": "2025-03-04T14:07:00Z",
        "awsRegion": "us-east-1",
        "eventID": "0b0a4f0e-6a55-4a57-8d0f-0d5a3c1f7e11",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": "111122223333",
        "sharedEventID": "5d3f2c0a-8f5e-4c39-9a7e-2f1f4f0f9b22",
        "insightDetails": {
            "state": "Start",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight",
            "sourceEventCategory": "Management",
            "insightContext": {
                "statistics": {
                    "baseline": {"average": 0.001921845},
                    "insight": {"average": 6},
                    "insightDuration": 5,
                    "baselineDuration": 10927,
                },
                "attributions": [
                    {
                        "attribute": "userIdentityArn",
                        "insight": [
                            {"value": "arn:aws:sts::111122223333:assumed-role/CI", "average": 5.6},
                            {"value": "arn:aws:iam::111122223333:user/Alice", "average": 0.4},
                        ],
                        "baseline": [{"value": "arn:aws:sts::111122223333:assumed-role/CI", "average": 0.00128123}],
                    },
                    {"attribute": "userAgent", "insight": [{"value": "aws-cli/2.15.0", "average": 6}], "baseline": []},
                    {
                        "attribute": "errorCode",
                        "insight": [{"value": "null", "average": 6}],
                        "baseline": [{"value": "null", "average": 0.001921845}],
                    },
                ],
            },
        },
        "eventCategory": "Insight",
    }


@pytest.fixture
def message(start: dict[str, Any]) -> Message:
    """The message about `start`."""
    return message_of(start, "30 calls in 5 minutes; 2 would have been usual.")
