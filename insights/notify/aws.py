"""What the AWS channels share: how clients are made, how their failures are told, how a record is written as JSON."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from insights.errors import DeliveryError, UnreachableError
from insights.notify.message import Message, inert

if TYPE_CHECKING:
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
    "Rejected": "compare the clock of this machine and the settings of the log group",
}
"""By error code, which some services end in "Exception" and others do not."""

_ATTEMPTS = 5
_LONGEST_PAUSE_SECONDS = 20.0
_NAMED_FAILURES = 5

_UNKNOWN_REMEDY = "look the code up under {action} in the AWS API reference"


class ClientFactory(Protocol):
    """Makes a boto3 client; a Region of None is the one that is configured."""

    def __call__(self, service: str, region: str | None) -> Any:
        """Give the client of a service ("sns", "events") in a Region."""


def client_factory(make: Callable[[str, str | None, Any], Any], *, attempts: int = _ATTEMPTS) -> ClientFactory:
    """Make clients that try `attempts` times, slower each time, before they give up.

    Args:
        make: makes the boto3 client of a service in a Region with a `botocore.config.Config`.
        attempts: calls in all for one request, botocore's standard retries included.
    """

    def client(service: str, region: str | None) -> Any:
        from botocore.config import Config

        retries = {"mode": "standard", "total_max_attempts": attempts}
        return make(service, region, Config(retries=retries, connect_timeout=10, read_timeout=30))

    return client


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a part of a request that was refused for the moment is sent again: botocore repeats whole requests
    only. `pause` waits for so many seconds."""

    attempts: int = _ATTEMPTS
    pause: Callable[[float], None] = time.sleep

    def rounds(self) -> Iterator[bool]:
        """Yield once for every attempt, after 1, 2, 4 … seconds; true for the last."""
        for attempt in range(self.attempts):
            if attempt:
                self.pause(min(2.0 ** (attempt - 1), _LONGEST_PAUSE_SECONDS))
            yield attempt == self.attempts - 1


def is_passing(code: str) -> bool:
    """Tell whether an AWS error code is one that passes by itself."""
    return _REMEDIES.get(code.removesuffix("Exception")) == _RUN_AGAIN


@dataclass(slots=True)
class Refusals:
    """What a channel did not take, while the rest is still being sent.

    Args:
        target: the channel and what it sends to, as the setting says it.
        action: the IAM action the calls need.
        message_ids: those of all messages, in order.
    """

    target: str
    action: str
    message_ids: Sequence[str]
    _taken: set[str] = field(default_factory=set)
    _codes: dict[str, str] = field(default_factory=dict)
    _errors: list[DeliveryError] = field(default_factory=list)

    @property
    def untaken(self) -> frozenset[str]:
        """The ids of what was not taken so far."""
        return frozenset(self.message_ids).difference(self._taken)

    def add(self, message_id: str, code: str) -> None:
        """Note a message that was refused by itself."""
        self._codes[message_id] = inert(code)

    @contextmanager
    def of(self, message_ids: Sequence[str]) -> Iterator[None]:
        """Note messages as taken, but for those that are added meanwhile, unless the call inside fails.

        Raises:
            UnreachableError: nobody answers, which ends everything.
        """
        try:
            with delivering(self.target, self.action):
                yield
        except UnreachableError as error:
            raise UnreachableError(str(error), self.untaken) from None
        except DeliveryError as error:
            self._errors.append(error)
        else:
            self._taken.update(set(message_ids).difference(self._codes))

    def tell(self) -> None:
        """Fail if there is anything to tell.

        Raises:
            DeliveryError: it names what was refused, why and what to do.
        """
        if self._codes:
            raise DeliveryError(self._told(), self.untaken)
        if self._errors:
            more = f" (and {len(self._errors) - 1} failures more)" if len(self._errors) > 1 else ""
            raise DeliveryError(f"{self._errors[0]}{more}", self.untaken)

    def _told(self) -> str:
        named = [message_id for message_id in self.message_ids if message_id in self._codes]
        remedies = "; ".join(f"{code}: {remedy_for(code, self.action)}" for code in sorted(set(self._codes.values())))
        ids = ", ".join(named[:_NAMED_FAILURES])
        more = f" and {len(named) - _NAMED_FAILURES} more" if len(named) > _NAMED_FAILURES else ""
        return f"{self.target} refused {len(named)} of {len(self.message_ids)} notifications ({ids}{more}): {remedies}"


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
        raise UnreachableError(_breakdown(target, error)) from None


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
