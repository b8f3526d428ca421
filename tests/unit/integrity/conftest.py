"""An author of digests who follows the User Guide by hand: JSON, a string of four lines, a signature."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from insights.integrity.digests import FoundDigest
from insights.integrity.public_keys import PublicKey
from insights.records.digest import parse_digest_key
from insights.windows import Window, parse_instant

VALID = Window(parse_instant("2026-10-01"), parse_instant("2026-12-01"))
BUCKET, FINGERPRINT = "my-bucket", "31e8b5433410dfb61a9dc45cc65b22ff"


@dataclass(frozen=True)
class Author:
    """Signs digests of one trail in one Region on 2026-11-01."""

    private: Any
    valid: Window = VALID

    def key(self, end: str = "13:00:00", *, kind: str = "") -> str:
        return (
            "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/01/"
            f"111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20261101T{end.replace(':', '')}Z{kind}.json.gz"
        )

    def public_value(self) -> bytes:
        return bytes(
            self.private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        )

    def keys(self, region: str) -> dict[str, PublicKey]:
        return {FINGERPRINT: PublicKey(FINGERPRINT, self.public_value(), self.valid)} if region == "us-east-1" else {}

    def key_list(self, **members: Any) -> bytes:
        entry = {
            "Value": base64.b64encode(self.public_value()).decode(),
            "ValidityStartTime": "2026-10-01T00:00:00+00:00",
            "ValidityEndTime": "2026-12-01T00:00:00+00:00",
            "Fingerprint": FINGERPRINT,
        }
        return json.dumps({"PublicKeyList": [entry | members]}).encode()

    def sign(self, text: str) -> str:
        return str(self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex())

    def digest(self, start: str, end: str, *, kind: str = "", after: FoundDigest | None = None, **members: Any) -> Any:
        document = {
            "digestStartTime": f"2026-11-01T{start}Z",
            "digestEndTime": f"2026-11-01T{end}Z",
            "digestS3Bucket": BUCKET,
            "digestS3Object": self.key(end, kind=kind),
            "digestPublicKeyFingerprint": FINGERPRINT,
            "previousDigestS3Bucket": BUCKET if after else None,
            "previousDigestS3Object": after.key if after else None,
            "previousDigestHashValue": hashlib.sha256(gzip.decompress(after.content)).hexdigest() if after else None,
            "previousDigestSignature": after.metadata["signature"] if after else None,
            "logFiles": [],
        } | members
        content = json.dumps(document).encode()
        lines = (
            document["digestEndTime"],
            f"{document['digestS3Bucket']}/{document['digestS3Object']}",
            hashlib.sha256(content).hexdigest(),
            document["previousDigestSignature"] or "null",
        )
        key = self.key(end, kind=kind)
        name = parse_digest_key(key)
        assert name is not None
        metadata = {"signature": self.sign("\n".join(lines)), "signature-algorithm": "SHA256withRSA"}
        return FoundDigest(key, name, gzip.compress(content, mtime=0), metadata)


@pytest.fixture(scope="session")
def author() -> Author:
    return Author(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="session")
def forger() -> Author:
    return Author(rsa.generate_private_key(65537, 2048))
