"""Access keys: who has one, and what it opens. Settings say where a secret is, never what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from insights.api.caller import Caller
from insights.errors import SettingsError
from insights.settings import ApiKeySettings

ENVIRONMENT = "env:"
CONNECTION = "airflow:"
SHORTEST_SECRET = 20
"""A signed request that was overheard lets secrets be tried without asking us: short ones would be found."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A secret, and the caller who has it."""

    secret: str = field(repr=False)
    caller: Caller


def access_keys(keys: Iterable[ApiKeySettings], secret_of: Callable[[ApiKeySettings], str]) -> dict[str, AccessKey]:
    """Give the access keys of the settings by their ids.

    Args:
        keys: As they are set.
        secret_of: Fetches the secret that a key names.

    Raises:
        SettingsError: a secret is not to be had or too short, or two keys have one id.
    """
    found: dict[str, AccessKey] = {}
    for key in keys:
        if key.id in found:
            raise SettingsError(f"the setting api.keys has two keys {key.id}: give each an id of its own")
        secret = secret_of(key)
        if len(secret) < SHORTEST_SECRET:
            raise SettingsError(
                f"the secret of the API key {key.id} ({key.secret}) has fewer than {SHORTEST_SECRET} characters: make "
                "a random one, for example with `openssl rand -hex 20`"
            )
        found[key.id] = AccessKey(secret, _caller(key))
    return found


def secret_in_environment(environment: Mapping[str, str]) -> Callable[[ApiKeySettings], str]:
    """Give what fetches secrets from environment variables."""

    def fetch(key: ApiKeySettings) -> str:
        if not key.secret.startswith(ENVIRONMENT):
            raise SettingsError(
                f"the secret of the API key {key.id} is in Airflow ({key.secret}), which is not running here: put it "
                'into an environment variable, and set secret = "env:NAME"'
            )
        variable = key.secret.removeprefix(ENVIRONMENT)
        if variable not in environment:
            raise SettingsError(f"the secret of the API key {key.id} is not there: set the variable {variable}")
        return environment[variable]

    return fetch


def _caller(key: ApiKeySettings) -> Caller:
    return Caller(
        name=key.id,
        may_read="read" in key.may,
        may_write_selectors="write-selectors" in key.may,
        accounts=None if key.accounts is None else frozenset(key.accounts),
    )
