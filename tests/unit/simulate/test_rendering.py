from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from uuid import UUID

import numpy as np
import pytest

from insights.simulate.bodies import failure_place
from insights.simulate.callers import named_caller
from insights.simulate.calls import make_calls
from insights.simulate.rendering import Renderer
from insights.simulate.services import place_of

# AWS CloudTrail User Guide, "CloudTrail record contents": fields that are not optional, by the newest version.
REQUIRED = {
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "requestParameters", "responseElements", "eventID", "eventType", "eventCategory",
}  # fmt: skip
# The order in which real trail files write them.
ORDER = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData",
    "requestID", "eventID", "readOnly", "resources", "eventType", "apiVersion", "managementEvent",
    "recipientAccountId", "sharedEventID", "vpcEndpointId", "eventCategory", "tlsDetails",
    "sessionCredentialFromConsole", "addendum",
)  # fmt: skip
KINDS = {"AssumedRole", "IAMUser", "Root", "AWSService", "AWSAccount", "WebIdentityUser", None}
ACCOUNT, REGION = "111122223333", "us-east-1"


def _record(source, name, *, failure=-1, caller="role/deployer"):
    """Write one call of 2026-11-02T13:25:07Z."""
    renderer = Renderer(ACCOUNT, REGION, (named_caller(ACCOUNT, caller, 1),))
    calls = make_calls(np.array([1_793_625_907]), api=place_of(source, name), caller=0, failure=failure)
    return json.loads(renderer.render(calls, np.random.default_rng(2))[0])


def test_every_record_has_the_fields_that_are_not_optional(default_trail):
    """No record lacks a field AWS always writes; parameters and response may be null."""
    for _, record in default_trail.records:
        assert record.keys() >= REQUIRED


def test_every_identity_has_what_its_type_has(default_trail):
    """Roles name their session and issuer, users their name, services who invoked them, other accounts an account."""
    needed = {
        "AssumedRole": {"principalId", "arn", "accountId", "accessKeyId", "sessionContext"},
        "IAMUser": {"principalId", "arn", "accountId", "accessKeyId", "userName"},
        "Root": {"principalId", "arn", "accountId"},
        "AWSService": {"invokedBy"},
        "AWSAccount": {"principalId", "accountId"},
        "WebIdentityUser": {"principalId", "userName", "identityProvider"},
        None: {"accountId", "invokedBy"},
    }
    for _, record in default_trail.distinct:
        identity = record["userIdentity"]
        assert identity.keys() >= needed[identity.get("type")]


def test_all_kinds_of_identities_occur(default_trail):
    """Roles make most calls; users, root, services, other accounts, web identities and service events occur."""
    kinds = Counter(record["userIdentity"].get("type") for _, record in default_trail.distinct)

    assert set(kinds) == KINDS
    assert kinds["AssumedRole"] > len(default_trail.distinct) / 2


def test_ids_are_distinct_uuids(default_trail):
    """Every distinct record has a version 4 UUID as its eventID, and a requestID of its own."""
    records = [record for _, record in default_trail.distinct]

    assert all(UUID(record["eventID"]).version == 4 for record in records)
    assert len({record["requestID"] for record in records}) == len(records)


def test_shared_events_have_an_id_of_their_own(default_trail):
    """sharedEventID, which joins one action seen by two accounts, is a UUID and not the eventID."""
    shared = [record for _, record in default_trail.distinct if "sharedEventID" in record]

    assert {record["userIdentity"]["type"] for record in shared} == {"AWSService", "AWSAccount"}
    for record in shared:
        assert UUID(record["sharedEventID"]).version == 4
        assert record["sharedEventID"] != record["eventID"]


def test_sessions_begin_before_the_call(default_trail):
    """creationDate is within the hour before eventTime."""
    for _, record in default_trail.distinct:
        attributes = record["userIdentity"].get("sessionContext", {}).get("attributes")
        if attributes is not None:
            age = datetime.fromisoformat(record["eventTime"]) - datetime.fromisoformat(attributes["creationDate"])
            assert 0 <= age.total_seconds() < 3600


def test_no_placeholder_is_left(default_trail):
    """Everything that stands for an account, a Region, a caller or an id is filled in."""
    assert "0@" not in json.dumps([record for _, record in default_trail.distinct])


def test_event_versions_are_those_of_today(default_trail):
    """Services write versions 1.08 to 1.11."""
    assert {record["eventVersion"] for _, record in default_trail.distinct} == {"1.08", "1.09", "1.10", "1.11"}


def test_members_stand_in_the_order_of_real_files(default_trail):
    """Readers that skim text find members where AWS writes them."""
    for _, record in default_trail.distinct:
        assert list(record) == [name for name in ORDER if name in record]


def test_a_call_is_written_as_it_was_made():
    """API, time, place and outcome of a call stand in its record."""
    record = _record("ec2.amazonaws.com", "RunInstances")

    assert record["eventTime"] == "2026-11-02T13:25:07Z"
    assert (record["eventSource"], record["eventName"]) == ("ec2.amazonaws.com", "RunInstances")
    assert (record["awsRegion"], record["recipientAccountId"]) == (REGION, ACCOUNT)
    assert (record["readOnly"], record["managementEvent"], record["eventCategory"]) == (False, True, "Management")
    assert record["userIdentity"]["arn"] == "arn:aws:sts::111122223333:assumed-role/deployer/deployer-session"
    assert "errorCode" not in record


def test_a_failure_has_its_code_and_no_response():
    """A refused call says so, names who was refused, and is answered with null."""
    record = _record(
        "kms.amazonaws.com", "ScheduleKeyDeletion", failure=failure_place("AccessDenied"), caller="user/mallory"
    )

    assert record["errorCode"] == "AccessDenied"
    assert record["errorMessage"].startswith("User: arn:aws:iam::111122223333:user/mallory is not authorized")
    assert record["responseElements"] is None


def test_some_failures_have_a_code_only():
    """As in real trails, an errorCode can come without an errorMessage."""
    record = _record("ssm.amazonaws.com", "GetParameter", failure=failure_place("ParameterNotFound"))

    assert record["errorCode"] == "ParameterNotFound"
    assert "errorMessage" not in record


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ("s3.amazonaws.com", "GetObject", ("AwsApiCall", False, "Data")),
        ("signin.amazonaws.com", "ConsoleLogin", ("AwsConsoleSignIn", True, "Management")),
        ("kms.amazonaws.com", "RotateKey", ("AwsServiceEvent", True, "Management")),
    ],
)
def test_kinds_of_records_are_marked(source, name, expected):
    """eventType, managementEvent and eventCategory tell data events, sign-ins and service events apart."""
    record = _record(source, name)

    assert (record["eventType"], record["managementEvent"], record["eventCategory"]) == expected


def test_console_sessions_have_no_tls_details():
    """A session from the console is marked, and CloudTrail knows no TLS details of it."""
    record = _record("ec2.amazonaws.com", "DescribeVpcs", caller="role/Admin")

    assert record["sessionCredentialFromConsole"] == "true"
    assert "tlsDetails" not in record
