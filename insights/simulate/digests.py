"""Sign a simulated trail: hourly digests as CloudTrail writes them, and the list of public keys to verify them with.

The key is made from a seed, so that the same trail gets the same signatures. It is worth nothing as a secret.
"""

from __future__ import annotations

import base64
import random
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5, sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from isal import igzip

from insights.records.digest import (
    ALGORITHM,
    SIGNATURE,
    SIGNATURE_ALGORITHM,
    Chain,
    Digest,
    DigestKey,
    LoggedFile,
    format_digest_key,
    string_to_sign,
)
from insights.records.object_keys import TrailKey, parse_key
from insights.simulate.plan import TrailPlan
from insights.simulate.trail import TrailObject
from insights.windows import DAY, HOUR, format_instant

TRAIL_NAME = "simulated-trail"
BUCKET = "simulated-trail-bucket"

_KEY_BITS = 2048
_EXPONENT = 65537
_EVENT_TIME = re.compile(rb'"eventTime":"([0-9TZ:-]{20})"')
_SMALL_PRIMES = tuple(n for n in range(3, 2000) if all(n % d for d in range(2, int(n**0.5) + 1)))


@dataclass(frozen=True, slots=True)
class SignedDigest:
    """One digest object of a trail bucket; `attributes` are its metadata without `x-amz-meta-`."""

    key: str
    body: bytes
    delivered_at: datetime
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key that signs as CloudTrail does: PKCS #1 v1.5 with SHA-256."""

    private: rsa.RSAPrivateKey

    @property
    def public_value(self) -> bytes:
        """The public key in PKCS #1 DER."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    @property
    def fingerprint(self) -> str:
        """The key's name, 32 hex digits as AWS's have."""
        return md5(self.public_value, usedforsecurity=False).hexdigest()

    def sign(self, text: bytes) -> str:
        """Give the hex signature of a text."""
        return self.private.sign(text, PKCS1v15(), SHA256()).hex()


def seeded_key(seed: int) -> SigningKey:
    """Make a key of a seed; takes about a second."""
    rng = random.Random(seed)
    while True:
        p, q = _prime(rng), _prime(rng)
        if p != q:
            break
    private_exponent = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        private_exponent,
        rsa.rsa_crt_dmp1(private_exponent, p),
        rsa.rsa_crt_dmq1(private_exponent, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    return SigningKey(numbers.private_key())


def public_key_list(plan: TrailPlan, key: SigningKey) -> bytes:
    """Give the key as CloudTrail's API `ListPublicKeys` does: JSON, valid a day longer than the trail on both sides."""
    entry = {
        "Value": base64.b64encode(key.public_value).decode(),
        "ValidityStartTime": format_instant(plan.window.start - DAY),
        "ValidityEndTime": format_instant(plan.window.end + 2 * DAY),
        "Fingerprint": key.fingerprint,
    }
    return msgspec.json.format(msgspec.json.encode({"PublicKeyList": [entry]}), indent=2) + b"\n"


def with_digests(
    plan: TrailPlan, objects: Iterable[TrailObject], key: SigningKey, *, bucket: str = BUCKET, root: str = ""
) -> Iterator[TrailObject | SignedDigest]:
    """Yield a trail's objects, and after those of each hour the digests that list them.

    Every account and Region gets a digest for every hour from the plan's start until the last object is listed.

    Args:
        plan: The plan of the objects.
        objects: What `simulate` gives, in order of delivery.
        key: Signs the digests.
        bucket: The bucket the objects will lie in.
        root: What will stand before their keys there: empty, or ending in `/`.

    Memory holds hashes of one hour of objects.
    """
    place = _Place(plan, key, bucket, root)
    pairs = [(account, region) for account in plan.accounts for region in plan.regions]
    chains = {pair: _Signer(place, *pair) for pair in pairs}
    hour_start, last = plan.window.start, plan.window.start
    for each in objects:
        while each.delivered_at >= hour_start + HOUR:
            yield from _close(chains.values(), hour_start + HOUR)
            hour_start += HOUR
        name = parse_key(each.key)
        assert isinstance(name, TrailKey)
        chains[name.account_id, name.region].add(each)
        last = each.delivered_at
        yield each
    while hour_start <= last or hour_start < plan.window.end:
        yield from _close(chains.values(), hour_start + HOUR)
        hour_start += HOUR


@dataclass(frozen=True, slots=True)
class _Place:
    plan: TrailPlan
    key: SigningKey
    bucket: str
    root: str


@dataclass(slots=True)
class _Signer:
    """The chain of one account and Region."""

    place: _Place
    account_id: str
    region: str
    _files: list[LoggedFile] = field(default_factory=list)
    _previous: tuple[str, str, str] | None = None  # key in the bucket, hash, signature

    def add(self, delivered: TrailObject) -> None:
        """List an object in the next digest."""
        content = zlib.decompress(delivered.body, zlib.MAX_WBITS | 16)
        times = [time.decode() for time in _EVENT_TIME.findall(content)]
        self._files.append(
            LoggedFile(
                self.place.bucket,
                self.place.root + delivered.key,
                sha256(content).hexdigest(),
                newest_event_time=max(times, default=None),
                oldest_event_time=min(times, default=None),
            )
        )

    def close(self, ends_at: datetime) -> SignedDigest:
        """Give the digest of the hour that ends."""
        plan, key = self.place.plan, self.place.key
        chain = Chain(self.account_id, self.region, TRAIL_NAME, plan.regions[0])
        where = format_digest_key(
            DigestKey(chain, ends_at),
            prefix=plan.prefix,
            organization_id=plan.organization_id if plan.layout == "organization" else "",
        )
        digest = self._digest(ends_at, self.place.root + where)
        content = msgspec.json.encode(digest)
        signature = key.sign(string_to_sign(digest, content))
        self._previous = (digest.key, sha256(content).hexdigest(), signature)
        self._files = []
        attributes = {SIGNATURE: signature, ALGORITHM: SIGNATURE_ALGORITHM}
        return SignedDigest(where, igzip.compress(content, 1, mtime=0), ends_at, attributes)

    def _digest(self, ends_at: datetime, where: str) -> Digest:
        before_key, before_hash, before_signature = self._previous or (None, None, None)
        newest = [each.newest_event_time for each in self._files if each.newest_event_time]
        oldest = [each.oldest_event_time for each in self._files if each.oldest_event_time]
        return Digest(
            aws_account_id=self.account_id,
            digest_start_time=ends_at - HOUR,
            digest_end_time=format_instant(ends_at),
            bucket=self.place.bucket,
            key=where,
            fingerprint=self.place.key.fingerprint,
            digest_signature_algorithm=SIGNATURE_ALGORITHM,
            newest_event_time=max(newest, default=None),
            oldest_event_time=min(oldest, default=None),
            previous_bucket=self.place.bucket if self._previous else None,
            previous_key=before_key,
            previous_digest_hash_value=before_hash,
            previous_digest_hash_algorithm="SHA-256" if self._previous else None,
            previous_digest_signature=before_signature,
            log_files=tuple(self._files),
        )


def _close(chains: Iterable[_Signer], ends_at: datetime) -> Iterator[SignedDigest]:
    return (chain.close(ends_at) for chain in chains)


def _prime(rng: random.Random) -> int:
    """Draw a prime of half the key's length, its two highest bits set so that a product of two has full length."""
    bits = _KEY_BITS // 2
    while True:
        number = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        if (
            all(number % prime for prime in _SMALL_PRIMES)
            and (number - 1) % _EXPONENT
            and all(_passes(number, rng.randrange(2, number - 1)) for _ in range(8))
        ):
            return number


def _passes(number: int, base: int) -> bool:
    """Tell whether a number passes the Miller-Rabin test with a base."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    power = pow(base, (number - 1) >> twos, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False
