"""The APIs a simulated account calls, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from insights.errors import SettingsError
from insights.simulate.catalogue import API_VERSIONS, CALLS, DATA, GLOBAL, SERVICE_EVENTS, SIGN_INS


class ApiKind(StrEnum):
    """How a record of the API comes to be."""

    CALL = "call"
    DATA = "data"
    SERVICE_EVENT = "service event"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Api:
    """One API. `popularity` is relative; a global service writes its records in us-east-1 only."""

    event_source: str
    event_name: str
    kind: ApiKind
    is_read_only: bool
    is_global: bool
    popularity: float
    event_version: str
    api_version: str | None

    @property
    def service(self) -> str:
        """The first label of the event source: `ec2` of `ec2.amazonaws.com`."""
        return self.event_source.partition(".")[0]


GLOBAL_SERVICES_REGION = "us-east-1"


def _apis() -> tuple[Api, ...]:
    tables = (
        (ApiKind.CALL, CALLS),
        (ApiKind.DATA, DATA),
        (ApiKind.SERVICE_EVENT, SERVICE_EVENTS),
        (ApiKind.SIGN_IN, SIGN_INS),
    )
    return tuple(
        Api(
            event_source=f"{service}.amazonaws.com",
            event_name=name,
            kind=kind,
            is_read_only=is_read_only,
            is_global=service in GLOBAL,
            popularity=popularity / (1 + place),
            event_version=event_version,
            api_version=API_VERSIONS.get(service),
        )
        for kind, table in tables
        for service, popularity, event_version, reads, writes in table
        for is_read_only, names in ((True, reads), (False, writes))
        for place, name in enumerate(names.split())
    )


APIS: tuple[Api, ...] = _apis()
"""Every API of the simulation; a call names its API by its place here."""

_PLACES = MappingProxyType({(api.event_source, api.event_name): place for place, api in enumerate(APIS)})


def place_of(event_source: str, event_name: str) -> int:
    """Give the place of an API in `APIS`.

    Raises:
        SettingsError: the simulation does not know the API.
    """
    try:
        return _PLACES[event_source, event_name]
    except KeyError:
        raise SettingsError(
            f"the simulation has no API {event_name} of {event_source}: choose one of insights.simulate.services.APIS"
        ) from None
