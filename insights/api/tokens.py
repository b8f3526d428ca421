"""Page tokens: where the next page begins, readable and usable for nobody but this server.

A token is encrypted and authenticated (AES-256-GCM), and bound to the request it answers: operation, Region, caller and
parameters are authenticated with it. One that was changed, or is sent with another request, is refused. The key is made
once and kept beside the tables, so that tokens outlive the process and serve every process on one lake.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from contextlib import suppress
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from insights.errors import AccessDeniedError, NotFoundError, StorageError
from insights.storage.objects import ABSENT, ObjectStore, repeated_on_conflict

KEY = "state/page-token-key"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class TokenError(Exception):
    """A token that this server did not give for this request."""


class Tokens:
    """Seals and opens page tokens with a key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, position: Any, request: bytes) -> str:
        """Make the token that stands for a position (anything JSON has) in the answers to a request."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(position).encode(), request)
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, token: str, request: bytes) -> Any:
        """Give the position a token stands for.

        Raises:
            TokenError: it is none of ours, or of another request.
        """
        try:
            content = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
            return json.loads(self._cipher.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], request))
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise TokenError("the token is not one that was given for these parameters") from error


@repeated_on_conflict
def open_tokens(store: ObjectStore) -> Tokens:
    """Open the lake's tokens, making their key the first time.

    Where nothing may be written the key is the process's own: tokens then end with it.
    """
    try:
        key, _ = store.get(KEY)
    except NotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        with suppress(AccessDeniedError):
            store.put(KEY, key, replacing=ABSENT)
    if len(key) != _KEY_BYTES:
        raise StorageError(f"{store.url}/{KEY} is no key of {_KEY_BYTES} bytes: delete it, and another is made")
    return Tokens(key)
