"""What AWS's failures are turned into, and how clients are made."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
)

from insights.errors import DeliveryError, UnreachableError
from insights.notify.aws import Patience, Refusals, client_factory, delivering, is_passing, record_json
from insights.notify.message import Message

TARGET = "sns:arn:aws:sns:us-east-1:111122223333:insights"


def refusal(code: str, text: str = "text") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"RequestId": "request-1"}}
    return ClientError(answer, "Publish")


def told(error: Exception) -> DeliveryError:
    """Give the error that comes out where `error` goes in."""
    with pytest.raises(DeliveryError) as failure, delivering(TARGET, "sns:Publish"):
        raise error
    return failure.value


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("NotFound", "create it"),
        ("ResourceNotFoundException", "create it"),
        ("AuthorizationError", "allow sns:Publish"),
        ("AccessDenied", "allow sns:Publish"),
        ("AccessDeniedException", "allow sns:Publish"),
        ("KMSAccessDenied", "kms:GenerateDataKey"),
        ("ExpiredToken", "renew the credentials"),
        ("InvalidClientTokenId", "renew the credentials"),
        ("SignatureDoesNotMatch", "renew the credentials"),
        ("Throttling", "run the notification again"),
        ("InternalException", "run the notification again"),
        ("SomethingNew", "look the code up under sns:Publish"),
    ],
)
def test_refusals(code: str, remedy: str) -> None:
    """A refusal names the channel and its target, AWS's code, the call and its id, and what to do."""
    said = str(told(refusal(code)))

    assert said.startswith(f"{TARGET} refused a notification with {code} (Publish, request request-1): ")
    assert remedy in said


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        pytest.param(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "check the network", id="unreachable"),
        pytest.param(NoCredentialsError(), "renew the credentials", id="no-credentials"),
        pytest.param(NoRegionError(), "AWS_DEFAULT_REGION", id="no-region"),
        pytest.param(ParamValidationError(report="x"), "correct the channel's setting", id="impossible-request"),
    ],
)
def test_breakdowns(error: Exception, remedy: str) -> None:
    """A call that never got an answer names the channel, the kind of failure and what to do."""
    said = str(told(error))

    assert said.startswith(TARGET)
    assert type(error).__name__ in said
    assert remedy in said


def test_no_credentials_told() -> None:
    """What AWS quotes of a request that it could not verify, session token and all, is neither told nor chained."""
    error = told(refusal("SignatureDoesNotMatch", "The Canonical String should have been x-amz-security-token:SECRET"))

    assert "SECRET" not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_other_errors_pass() -> None:
    """A mistake of our own is not dressed up as a failed delivery."""
    with pytest.raises(ZeroDivisionError), delivering(TARGET, "sns:Publish"):
        raise ZeroDivisionError


def test_clients_retry() -> None:
    """Clients leave passing failures to botocore: standard retries, as many attempts as asked for."""
    service, region, config = client_factory(lambda *asked: asked, attempts=4)("sns", "eu-west-1")

    assert (service, region) == ("sns", "eu-west-1")
    assert config.retries == {"mode": "standard", "total_max_attempts": 4}


def test_patience() -> None:
    """A part that was refused for the moment is sent again after 1, 2, 4 and 8 seconds, five times in all."""
    pauses: list[float] = []

    assert list(Patience(pause=pauses.append).rounds()) == [False, False, False, False, True]
    assert pauses == [1, 2, 4, 8]


@pytest.mark.parametrize(("code", "passes"), [("ThrottlingException", True), ("InternalFailure", True), ("X", False)])
def test_passing(code: str, passes: bool) -> None:
    """Throttling and failures inside AWS pass by themselves, anything else does not."""
    assert is_passing(code) is passes


class TestRefusals:
    def test_untaken(self) -> None:
        """What failed, as a whole or by itself, is named; what was taken is not."""
        refusals = Refusals(TARGET, "sns:Publish", ["a", "b", "c", "d"])
        with refusals.of(["a", "b"]):
            refusals.add("b", "InternalFailure")
        with refusals.of(["c"]):
            raise refusal("AccessDenied")
        with refusals.of(["d"]):
            pass

        with pytest.raises(DeliveryError) as failure:
            refusals.tell()
        assert failure.value.untaken == {"b", "c"}

    def test_nothing_refused(self) -> None:
        """Where all was taken there is no failure."""
        refusals = Refusals(TARGET, "sns:Publish", ["a"])
        with refusals.of(["a"]):
            pass

        refusals.tell()

    def test_unreachable(self) -> None:
        """Where nobody answers any more there is an end at once; what was taken before is not among the untaken."""
        refusals = Refusals(TARGET, "sns:Publish", ["a", "b", "c"])
        with refusals.of(["a"]):
            pass

        with pytest.raises(UnreachableError) as failure, refusals.of(["b"]):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        assert failure.value.untaken == {"b", "c"}


def test_record_json(message: Message) -> None:
    """A record is written compactly, in ASCII and in its own order."""
    written = record_json(message, limit_bytes=100_000)

    assert written.startswith('{"eventVersion":"1.09","eventTime":"2025-03-04T14:07:00Z"')
    assert written.isascii()
