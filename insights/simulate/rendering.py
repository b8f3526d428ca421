"""Calls as the JSON text of CloudTrail records, in AWS's order of members.

Text is put together from fragments that are made once: an object of the trail is a few string joins, so a simulation
writes tens of thousands of records a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import numpy as np

from insights.simulate.bodies import (
    ACCOUNT_ID,
    CALLER_ARN,
    FAILURES,
    REGION,
    UNIQUE_ID,
    VARIANTS,
    error_message,
    request_parameters,
    resources,
    response_elements,
)
from insights.simulate.callers import Caller
from insights.simulate.calls import SUCCESS, Calls
from insights.simulate.services import APIS, Api, ApiKind

_HYPHEN, _FOUR, _LETTER_A = b"-4a"
_UUID_DIGITS = [place for place in range(36) if place not in (8, 13, 18, 23)]
_EVENT_TYPES = {
    ApiKind.CALL: "AwsApiCall",
    ApiKind.DATA: "AwsApiCall",
    ApiKind.SERVICE_EVENT: "AwsServiceEvent",
    ApiKind.SIGN_IN: "AwsConsoleSignIn",
}
_LATE = ',"addendum":{"reason":"DELIVERY_DELAY"}'


@dataclass(frozen=True, slots=True)
class _ApiText:
    """What all records of an API have in common."""

    opening: str
    name: str
    ending: str
    category: str
    tls: str


class Renderer:
    """Writes the records of one account and Region."""

    def __init__(self, account_id: str, region: str, callers: tuple[Caller, ...]) -> None:
        self._account_id = account_id
        self._region = region
        self._callers = callers
        self._apis = [_api_text(api, account_id, region) for api in APIS]
        self._session_offsets = np.array([caller.session_offset_seconds for caller in callers])

    def render(self, calls: Calls, rng: np.random.Generator) -> list[str]:
        """Give one record a call, each with ids of its own."""
        offsets = self._session_offsets[calls["caller"]]
        rows = zip(
            calls["api"].tolist(),
            calls["caller"].tolist(),
            calls["failure"].tolist(),
            calls["is_late"].tolist(),
            rng.integers(VARIANTS, size=len(calls)).tolist(),
            _instants(calls["at"]),
            _instants((calls["at"] - offsets) // 3600 * 3600 + offsets),
            _uuids(len(calls), rng),
            _uuids(len(calls), rng),
            strict=True,
        )
        records = []
        for api_place, caller_place, failure, is_late, variant, at, session_from, event_id, request_id in rows:
            api, caller = self._apis[api_place], self._callers[caller_place]
            body, resource = _body(api_place, failure, variant)
            body = body.replace(ACCOUNT_ID, self._account_id)
            resource = resource.replace(ACCOUNT_ID, self._account_id).replace(REGION, self._region)
            if failure != SUCCESS:
                body = body.replace(CALLER_ARN, caller.arn or self._account_id)
            elif UNIQUE_ID in body:
                body = body.replace(UNIQUE_ID, f"0{event_id[:8]}{event_id[28:]}")
            session = f"{session_from}Z{caller.identity_end}" if caller.identity_end else ""
            shared = f',"sharedEventID":"{request_id[:9]}{event_id[9:]}"' if caller.is_shared else ""
            late = _LATE if is_late else ""
            records.append(
                f'{api.opening}{caller.identity}{session},"eventTime":"{at}{api.name}{caller.origin}{body}'
                f'"requestID":"{request_id}","eventID":"{event_id}",{resource}{api.ending}{shared}{caller.endpoint}'
                f"{api.category}{api.tls if caller.uses_tls else ''}{caller.console}{late}}}"
            )
        return records


# Bounded by APIs × (failures of each + 1) × variants, some 600 bytes each; shared by all accounts and Regions.
@cache
def _body(api_place: int, failure: int, variant: int) -> tuple[str, str]:
    """Give error, parameters and response, and what stands after the ids, with placeholders for what differs."""
    api = APIS[api_place]
    members: dict[str, Any] = {}
    if failure != SUCCESS:
        members["errorCode"] = FAILURES[failure][0]
        message = error_message(api, failure, variant)
        if message is not None:
            members["errorMessage"] = message
    members["requestParameters"] = request_parameters(api, variant)
    members["responseElements"] = response_elements(api, variant) if failure == SUCCESS else None
    if api.service == "s3":
        members["additionalEventData"] = {"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256"}
    after: dict[str, Any] = {"readOnly": api.is_read_only}
    touched = resources(api, variant)
    if touched is not None:
        after["resources"] = touched
    return f"{_members(members)},", f"{_members(after)},"


def _api_text(api: Api, account_id: str, region: str) -> _ApiText:
    ending: dict[str, Any] = {"eventType": _EVENT_TYPES[api.kind]}
    if api.api_version is not None:
        ending["apiVersion"] = api.api_version
    ending |= {"managementEvent": api.kind is not ApiKind.DATA, "recipientAccountId": account_id}
    category = {"eventCategory": "Data" if api.kind is ApiKind.DATA else "Management"}
    host = api.event_source if api.is_global else f"{api.service}.{region}.amazonaws.com"
    tls = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
    name = _members({"eventSource": api.event_source, "eventName": api.event_name, "awsRegion": region})
    return _ApiText(
        opening=f'{{"eventVersion":"{api.event_version}","userIdentity":',
        name=f'Z",{name},',
        ending=_members(ending),
        category=f",{_members(category)}",
        tls=f",{_members({'tlsDetails': tls})}",
    )


def _members(value: dict[str, Any]) -> str:
    """Give the JSON of an object without its braces."""
    return msgspec.json.encode(value).decode()[1:-1]


def _instants(seconds: Any) -> list[str]:
    """Write seconds since 1970 as 2026-11-01T13:25:00."""
    texts: list[str] = np.datetime_as_string(seconds.astype("datetime64[s]"), unit="s").tolist()
    return texts


def _uuids(count: int, rng: np.random.Generator) -> list[str]:
    """Draw random (version 4) UUIDs; one large draw is ten times as fast as one UUID at a time."""
    text = np.full((count, 36), _HYPHEN, dtype=np.uint8)
    text[:, _UUID_DIGITS] = np.frombuffer(rng.bytes(16 * count).hex().encode(), dtype=np.uint8).reshape(count, 32)
    text[:, 14], text[:, 19] = _FOUR, _LETTER_A
    joined = text.tobytes().decode()
    return [joined[i : i + 36] for i in range(0, 36 * count, 36)]
