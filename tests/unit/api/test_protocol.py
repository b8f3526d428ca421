"""The wire: what is asked how, and what stands in an answer whatever was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from insights.api.caller import Anonymous, Nobody
from insights.api.protocol import LARGEST_BODY


def test_answer(api: Any) -> None:
    """An answer is JSON 1.1 with a request id of its own."""
    first, second = api.send("ListTrails"), api.send("ListTrails")

    assert first.status_code == 200
    assert first.headers["content-type"] == "application/x-amz-json-1.1"
    assert len({each.headers["x-amzn-requestid"] for each in (first, second)}) == 2


def test_error(api: Any) -> None:
    """An error names itself in `__type`, where boto3 looks for it, says why, and has a request id."""
    response = api.send("GetTrail", '{"Name": "another-trail"}')

    assert response.status_code == 400
    assert response.json()["__type"] == "TrailNotFoundException"
    assert "another-trail" in response.json()["message"]
    assert response.headers["x-amzn-requestid"]


@pytest.mark.parametrize("target", ["NoSuchOperation", "", "ListTrails.More"])
def test_unknown_operation(api: Any, target: str) -> None:
    """An operation that CloudTrail has not is none here: 404."""
    response = api.send(target)

    assert (response.status_code, response.json()["__type"]) == (404, "UnknownOperationException")


@pytest.mark.parametrize("operation", ["CreateTrail", "StartQuery", "GetEventSelectors"])
def test_unsupported_operation(api: Any, operation: str) -> None:
    """One that CloudTrail has and this API has not says so."""
    assert api.refusal(operation) == (400, "UnsupportedOperationException")


def test_other_service(api: Any) -> None:
    """A request meant for another service is not answered by accident."""
    response = api.send("ListTrails", X_Amz_Target="DynamoDB_20120810.ListTrails")

    assert response.json()["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_methods(api: Any, method: str) -> None:
    """Only POST asks anything."""
    assert api.send("ListTrails", method=method).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_no_json(api: Any, body: bytes) -> None:
    """A body that is no JSON is told so, however deep it is nested."""
    response = api.send("ListTrails", body)

    assert (response.status_code, response.json()["__type"]) == (400, "SerializationException")


def test_empty_body(api: Any) -> None:
    """No body is a request without parameters."""
    assert api.send("ListTrails", b"").status_code == 200


def test_large_body(api: Any) -> None:
    """A body that nobody needs is not read to its end."""
    assert api.send("ListTrails", b" " * (LARGEST_BODY + 1)).status_code == 413


def test_browsers(api: Any) -> None:
    """What a web page may send to this machine unasked, a form's text, is not taken."""
    response = api.send("ListTrails", Content_Type="text/plain")

    assert (response.status_code, response.json()["__type"]) == (415, "UnsupportedMediaTypeException")


def test_what_is_authenticated(api: Any) -> None:
    """The authenticator sees the request as it was sent: method, encoded path, query, headers by lower-case name."""
    api.send("ListTrails", b'{"a": 1}', path="/a%20b?x=%2F", X_Custom="1")
    method, path, query, headers, body = api.authenticator.shown

    assert (method, path, query, body) == ("POST", "/a%20b", "x=%2F", b'{"a": 1}')
    assert headers["x-custom"] == "1"


def test_nobody(api: Any) -> None:
    """Where no credentials are set up nothing is told, not even whether there is such an operation."""
    api.authenticator = Nobody()

    for operation in ("ListTrails", "NoSuchOperation"):
        assert api.refusal(operation) == (403, "UnrecognizedClientException")


def test_anonymous(api: Any) -> None:
    """Without authentication only those are answered who name this machine: no page that renamed it can ask."""
    api.authenticator = Anonymous()

    assert api.send("ListTrails").status_code == 200
    response = api.send("ListTrails", Host="attacker.example")
    assert (response.status_code, response.json()["__type"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize(
    ("rights", "operation", "parameters"),
    [
        ({"may_read": False}, "LookupEvents", {}),
        ({"may_read": False}, "GetTrail", {"Name": "trail-insights"}),
        (
            {"may_write_selectors": False},
            "PutInsightSelectors",
            {"TrailName": "trail-insights", "InsightSelectors": []},
        ),
        (
            {"accounts": frozenset({"999999999999"})},
            "PutInsightSelectors",
            {"TrailName": "trail-insights", "InsightSelectors": []},
        ),
    ],
)
def test_rights(
    pipeline: Any, open_api: Callable[..., Any], rights: dict[str, Any], operation: str, parameters: dict[str, Any]
) -> None:
    """Who may not do something is told so; selectors are changed by nobody who may not see the trail's account."""
    assert open_api(pipeline.workspace, **rights).refusal(operation, **parameters) == (403, "AccessDeniedException")


def test_a_right_to_write_is_enough_to_write(pipeline: Any, open_api: Callable[..., Any]) -> None:
    """Writing selectors needs no right to read."""
    api = open_api(pipeline.workspace, may_read=False)

    api.ask("PutInsightSelectors", TrailName="trail-insights", InsightSelectors=[])


def test_lake_out_of_reach(pipeline: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lake that cannot be read is the server's trouble, 503, and its whereabouts are not told."""
    from insights.errors import StorageError

    def broken(prefix: str) -> Any:
        raise StorageError("s3://secret-bucket cannot be used")

    monkeypatch.setattr(pipeline.workspace.lake, "list_folder", broken)
    response = api.send("LookupEvents")

    assert (response.status_code, response.json()["__type"]) == (503, "ServiceUnavailable")
    assert "secret-bucket" not in response.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_fault(pipeline: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of this side is a 500 that tells nothing of the code."""

    def broken(prefix: str) -> Any:
        raise ZeroDivisionError("line 7")

    monkeypatch.setattr(pipeline.workspace.lake, "list_folder", broken)
    response = api.send("LookupEvents")

    assert (response.status_code, response.json()["__type"]) == (500, "InternalFailure")
    assert "line 7" not in response.text
