from __future__ import annotations

import base64

import pytest

from insights.api.tokens import KEY, TokenError, Tokens, open_tokens
from insights.errors import AccessDeniedError, StorageError
from insights.storage.opening import open_store

REQUEST = b"LookupEvents of somebody"


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(b"k" * 32)


def test_round_trip(tokens: Tokens) -> None:
    """A token gives back the position it was made for."""
    assert tokens.open(tokens.seal({"at": 1, "mark": "x"}, REQUEST), REQUEST) == {"at": 1, "mark": "x"}


def test_opaque(tokens: Tokens) -> None:
    """Nothing of the position can be read from a token."""
    token = tokens.seal("position-of-something", REQUEST)

    assert b"position" not in base64.urlsafe_b64decode(token)


def test_tampered(tokens: Tokens) -> None:
    """A token with any byte changed, cut or added is refused."""
    content = base64.urlsafe_b64decode(tokens.seal([1, 2], REQUEST))
    changed = [content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :] for i in range(len(content))]
    for each in [*changed, content[:-1], content + b"x", b"", content[:12]]:
        with pytest.raises(TokenError):
            tokens.open(base64.urlsafe_b64encode(each).decode(), REQUEST)


@pytest.mark.parametrize("token", ["", "x", "not base64!", "ünïcode", "A" * 1000])
def test_made_up(tokens: Tokens, token: str) -> None:
    """Whatever a client may send as a token is refused, not stumbled over."""
    with pytest.raises(TokenError):
        tokens.open(token, REQUEST)


def test_bound_to_the_request(tokens: Tokens) -> None:
    """A token of one request is none of another."""
    with pytest.raises(TokenError):
        tokens.open(tokens.seal(1, REQUEST), b"LookupEvents of somebody else")


def test_bound_to_the_lake() -> None:
    """Two processes on one lake take each other's tokens; another lake's they refuse."""
    lake, other = open_store("memory://one"), open_store("memory://two")
    token = open_tokens(lake).seal(1, REQUEST)

    assert open_tokens(lake).open(token, REQUEST) == 1
    with pytest.raises(TokenError):
        open_tokens(other).open(token, REQUEST)


def test_read_only_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing may be written pages can be turned all the same."""
    lake = open_store("memory://lake")

    def refused(*arguments: object, **more: object) -> None:
        raise AccessDeniedError("no")

    monkeypatch.setattr(lake, "put", refused)
    tokens = open_tokens(lake)

    assert tokens.open(tokens.seal(1, REQUEST), REQUEST) == 1


def test_damaged_key() -> None:
    """A key of another length names itself and the remedy; it is not used."""
    lake = open_store("memory://lake")
    lake.put(KEY, b"short")

    with pytest.raises(StorageError, match="page-token-key is no key of 32 bytes: delete it"):
        open_tokens(lake)
