"""What settings make of access keys."""

from __future__ import annotations

import pytest

from insights.api.auth.keys import AccessKey, access_keys, secret_in_environment
from insights.errors import SettingsError
from insights.settings import ApiKeySettings, parse_settings

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def keys_of(*keys: dict[str, object], **environment: str) -> dict[str, AccessKey]:
    settings = parse_settings({"api": {"keys": list(keys)}})
    return access_keys(settings.api.keys, secret_in_environment(environment))


def test_rights() -> None:
    """A key opens what it is said to open, and without a word only reading, of all accounts."""
    found = keys_of(
        {"id": "READER", "secret": "env:A"},
        {"id": "WRITER", "secret": "env:B", "may": ["write-selectors"], "accounts": ["111122223333"]},
        A=SECRET,
        B=SECRET[::-1],
    )
    reader, writer = found["READER"].caller, found["WRITER"].caller

    assert (reader.name, reader.may_read, reader.may_write_selectors, reader.accounts) == ("READER", True, False, None)
    assert (writer.may_read, writer.may_write_selectors, writer.accounts) == (False, True, {"111122223333"})


def test_secrets_are_not_shown() -> None:
    """What is printed of a key, by accident or in a traceback, is not its secret."""
    (key,) = keys_of({"id": "READER", "secret": "env:A"}, A=SECRET).values()

    assert key.secret == SECRET
    assert SECRET not in f"{key} {key!r}"


@pytest.mark.parametrize(
    ("keys", "environment", "words"),
    [
        ([{"id": "READER", "secret": "env:A"}], {}, ["READER", "set the variable A"]),
        ([{"id": "READER", "secret": "env:A"}], {"A": "guessable"}, ["READER", "env:A", "20 characters"]),
        ([{"id": "READER", "secret": "env:A"}] * 2, {"A": SECRET}, ["READER", "id of its own"]),
        ([{"id": "READER", "secret": "airflow:readers"}], {}, ["READER", "airflow:readers", "env:NAME"]),
    ],
)
def test_unusable(keys: list[dict[str, object]], environment: dict[str, str], words: list[str]) -> None:
    """A key that cannot be used is named with what to do, its secret is not."""
    with pytest.raises(SettingsError) as refused:
        keys_of(*keys, **environment)

    assert all(word in str(refused.value) for word in words)
    assert "guessable" not in str(refused.value)


@pytest.mark.parametrize(
    "key",
    [
        {"id": "READER", "secret": SECRET},
        {"id": "a/b", "secret": "env:A"},
        {"id": "READER", "secret": "env:A", "may": ["everything"]},
        {"id": "READER", "secret": "env:A", "accounts": ["12"]},
        {"id": "READER", "secret": "env:A", "accounts": []},
        {"id": "READER", "secret": "env:A", "account": "111122223333"},
    ],
    ids=["a secret in the settings", "id", "right", "account", "no account, which is not all", "unknown key"],
)
def test_settings(key: dict[str, object]) -> None:
    """A key that is set up wrong is refused at start, and a secret that stands in the settings is not shown."""
    with pytest.raises(SettingsError) as refused:
        parse_settings({"api": {"keys": [key]}})

    assert "api.keys" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_environment() -> None:
    """Keys can be set by the environment, where a file cannot be."""
    text = '[{id = "READER", secret = "env:A"}]'

    assert parse_settings({}, {"TRAIL_INSIGHTS__API__KEYS": text}).api.keys == (
        ApiKeySettings(id="READER", secret="env:A"),
    )
