"""The public keys that digests are verified with, as CloudTrail's API `ListPublicKeys` gives them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from insights.errors import SettingsError, WindowError
from insights.windows import Window, parse_instant

PublicKeys = Mapping[str, "PublicKey"]
"""Keys by fingerprint."""

KeysOfRegion = Callable[[str], PublicKeys]
"""Gives the keys of a trail's home Region."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key: `value` is the PKCS #1 RSA public key in DER."""

    fingerprint: str
    value: bytes
    validity: Window


class _Entry(msgspec.Struct, rename="pascal"):
    value: str
    validity_start_time: str | float
    validity_end_time: str | float
    fingerprint: str


class _Answer(msgspec.Struct, rename="pascal"):
    public_key_list: list[_Entry]


def parse_public_keys(content: bytes) -> dict[str, PublicKey]:
    """Read the JSON answer of `ListPublicKeys`, whose times AWS's tools write as text or as seconds since 1970.

    Raises:
        SettingsError: it is no such answer.
    """
    try:
        answer = msgspec.json.decode(content, type=_Answer)
        keys = [_key_of(entry) for entry in answer.public_key_list]
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, WindowError) as error:
        raise SettingsError(
            f"the list of public keys cannot be read: {error}: it must be the JSON answer of "
            "`aws cloudtrail list-public-keys`"
        ) from error
    return {key.fingerprint: key for key in keys}


def is_signed_by(key: PublicKey, *, signed: bytes, signature: str) -> bool:
    """Tell whether a hex signature is this key's: RSASSA-PKCS1-v1_5 with SHA-256.

    Raises:
        ValueError: the key is no RSA key in PKCS #1 DER.
    """
    try:
        loaded = load_der_public_key(key.value)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("no RSA key in DER") from error
    if not isinstance(loaded, RSAPublicKey):
        raise ValueError("no RSA key in DER")
    try:
        loaded.verify(binascii.unhexlify(signature), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):  # ValueError: the signature is no hex
        return False
    return True


def _key_of(entry: _Entry) -> PublicKey:
    validity = Window(_instant(entry.validity_start_time), _instant(entry.validity_end_time))
    return PublicKey(entry.fingerprint, base64.b64decode(entry.value), validity)


def _instant(time: str | float) -> datetime:
    if isinstance(time, str):
        return parse_instant(time)
    return datetime.fromtimestamp(time, UTC)
