"""What the AWS channels share: how clients are made, how their failures are told, how a record is written as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from insights.errors import DeliveryError
from insights.notify.message import Message, inert

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger(__name__)

_CREATE = "create it, or correct the channel's setting"
_ALLOW = "allow {action} on it to the credentials in use"
_ALLOW_KEY = "allow kms:GenerateDataKey* and kms:Decrypt on its key to the credentials in use"
_RENEW = "check or renew the credentials in use"
_RUN_AGAIN = "this passes by itself: run the notification again"
_REMEDIES = {
    "NotFound": _CREATE,
    "ResourceNotFound": _CREATE,
    "AuthorizationError": _ALLOW,
    "AccessDenied": _ALLOW,
    "NotAuthorizedForDetailType": _ALLOW,
    "NotAuthorizedForSource": _ALLOW,
    "KMSAccessDenied": _ALLOW_KEY,
    "ExpiredToken": _RENEW,
    "InvalidClientTokenId": _RENEW,
    "SignatureDoesNotMatch": _RENEW,
    "UnrecognizedClient": _RENEW,
    "Internal": _RUN_AGAIN,
    "InternalError": _RUN_AGAIN,
    "InternalFailure": _RUN_AGAIN,
    "ServiceUnavailable": _RUN_AGAIN,
    "Throttled": _RUN_AGAIN,
    "Throttling": _RUN_AGAIN,
}
"""By error code, which some services end in "Exception" and others do not."""

_UNKNOWN_REMEDY = "look the code up under {action} in the AWS API reference"


class ClientFactory(Protocol):
    """Makes a boto3 client; a Region of None is the one that is configured."""

    def __call__(self, service: str, region: str | None) -> Any:
        """Give the client of a service ("sns", "events") in a Region."""


def client_factory(
    session: Session | None = None, *, endpoint_url: str | None = None, attempts: int = 5
) -> ClientFactory:
    """Make clients of a boto3 session that try `attempts` times, slower each time, before they give up.

    Args:
        session: where credentials and Region come from; None takes AWS's usual variables and files.
        endpoint_url: another place than AWS to call, such as a local stand-in.
        attempts: calls in all for one request, botocore's standard retries included.
    """

    def client(service: str, region: str | None) -> Any:
        import boto3
        from botocore.config import Config

        retries = {"mode": "standard", "total_max_attempts": attempts}
        return (session or boto3.Session()).client(
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            config=Config(retries=retries, connect_timeout=10, read_timeout=30),
        )

    return client


@contextmanager
def delivering(target: str, action: str) -> Iterator[None]:
    """Turn what botocore raises inside into a DeliveryError that names the target, the code and the remedy.

    AWS's own text is left out, also as the cause: that of a wrong signature quotes the signed request, and with it the
    session token.

    Args:
        target: the channel and what it sends to, as the setting says it.
        action: the IAM action the calls inside need.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise DeliveryError(_refusal(target, action, error)) from None
    except BotoCoreError as error:
        raise DeliveryError(_breakdown(target, error)) from None


def remedy_for(code: str, action: str) -> str:
    """Say what to do about an AWS error code met while doing `action`."""
    return _REMEDIES.get(code.removesuffix("Exception"), _UNKNOWN_REMEDY).format(action=action)


def record_json(message: Message, *, limit_bytes: int) -> str:
    """Write the record as compact ASCII JSON, without its attributions where it would otherwise pass the limit.

    Attributions quote what callers wrote. They are optional in an Insight record, and leaving them out is better than
    an alert that long user agents can keep from being sent; the stored record has them.
    """
    whole = json.dumps(message.detail, separators=(",", ":"))
    if len(whole) <= limit_bytes:
        return whole
    logger.warning("insight record %s is %d bytes: sent without its attributions", message.message_id, len(whole))
    details = message.detail["insightDetails"]
    context = {name: part for name, part in details["insightContext"].items() if name != "attributions"}
    shortened = message.detail | {"insightDetails": details | {"insightContext": context}}
    return json.dumps(shortened, separators=(",", ":"))


def _refusal(target: str, action: str, error: ClientError) -> str:
    code = inert(str(error.response.get("Error", {}).get("Code", "unknown")))
    request_id = inert(str(error.response.get("ResponseMetadata", {}).get("RequestId", "unknown")))
    call = f"{error.operation_name}, request {request_id}"
    return f"{target} refused a notification with {code} ({call}): {remedy_for(code, action)}"


def _breakdown(target: str, error: BotoCoreError) -> str:
    from botocore.exceptions import ConnectionError, HTTPClientError, NoRegionError, ParamValidationError

    name = type(error).__name__
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"{target} could not be reached ({name}): check the network and the endpoint, then run again"
    if isinstance(error, NoRegionError):
        return f"{target} has no Region to be looked for in ({name}): set AWS_DEFAULT_REGION, or write the full ARN"
    if isinstance(error, ParamValidationError):
        return f"{target} cannot be sent to ({name}): correct the channel's setting"
    return f"{target} could not be called ({name}): {_RENEW}"
