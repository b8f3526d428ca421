from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from insights.errors import SettingsError
from insights.integrity.public_keys import PublicKey, is_signed_by, parse_public_keys
from insights.windows import Window, parse_instant

VALID = Window(parse_instant("2026-10-01"), parse_instant("2026-12-01"))


@pytest.mark.parametrize(
    "times",
    [
        {},
        {"ValidityStartTime": "2026-10-01T00:00:00Z", "ValidityEndTime": "2026-12-01T00:00:00Z"},
        {"ValidityStartTime": 1790812800.0, "ValidityEndTime": 1796083200},
    ],
    ids=["offset", "Z", "seconds since 1970"],
)
def test_list(author: Any, times: dict[str, Any]) -> None:
    """The answer of ListPublicKeys is read by fingerprint, with times as either version of AWS's tools writes them."""
    keys = parse_public_keys(author.key_list(**times))

    assert keys == {
        "31e8b5433410dfb61a9dc45cc65b22ff": PublicKey("31e8b5433410dfb61a9dc45cc65b22ff", author.public_value(), VALID)
    }


@pytest.mark.parametrize(
    "members",
    [
        {"Value": "a"},
        {"Value": 1},
        {"ValidityEndTime": "later"},
        {"ValidityEndTime": "2026-01-01"},
        {"Fingerprint": None},
    ],
    ids=["no base64", "no text", "no time", "ends first", "no fingerprint"],
)
def test_wrong_list(author: Any, members: dict[str, Any]) -> None:
    """A list that is none is refused with the command that makes one."""
    with pytest.raises(SettingsError, match="aws cloudtrail list-public-keys"):
        parse_public_keys(author.key_list(**members))


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}"])
def test_no_list(content: bytes) -> None:
    """So is any other file."""
    with pytest.raises(SettingsError, match="the list of public keys cannot be read"):
        parse_public_keys(content)


def test_signature(author: Any, forger: Any) -> None:
    """A signature is accepted of the key that made it, over the text it was made for, and of nothing else."""
    key = PublicKey("f", author.public_value(), VALID)
    signature = author.sign("text")

    assert is_signed_by(key, signed=b"text", signature=signature)
    assert is_signed_by(key, signed=b"text", signature=signature.upper())
    assert not is_signed_by(key, signed=b"texT", signature=signature)
    assert not is_signed_by(key, signed=b"text", signature=forger.sign("text"))


@pytest.mark.parametrize("signature", ["", "0", "zz", "é", "00" * 256])
def test_no_signature(author: Any, signature: str) -> None:
    """What is no signature at all is a wrong one, not an error."""
    assert not is_signed_by(PublicKey("f", author.public_value(), VALID), signed=b"text", signature=signature)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nonsense",
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "nonsense", "another kind"],
)
def test_no_key(value: bytes) -> None:
    """A key that is no RSA key is told apart from a wrong signature."""
    with pytest.raises(ValueError, match="no RSA key in DER"):
        is_signed_by(PublicKey("f", value, VALID), signed=b"text", signature="00")
