"""Where a store's keys lie in S3: what a digest says of a bucket and key must be compared with where it was found."""

from __future__ import annotations

from dataclasses import dataclass

_ROOT = "AWSLogs/"


@dataclass(frozen=True, slots=True)
class Place:
    """The bucket a store shows, and what stands before each of its keys there (empty, or ending in `/`).

    A folder is a copy of a bucket: `bucket` is None. Of a copy only what begins with `AWSLogs/` is compared, for
    nothing tells the bucket it came from, nor how much of the keys was cut off or put before them.
    """

    bucket: str | None
    prefix: str = ""

    def is_at(self, key: str, *, bucket: str, recorded_key: str) -> bool:
        """Tell whether what is recorded as bucket and key is where a key of the store lies."""
        if self.bucket is None:
            return _below_root(key) == _below_root(recorded_key)
        return (bucket, recorded_key) == (self.bucket, self.prefix + key)

    def key_of(self, beside: str, *, bucket: str, recorded_key: str) -> str | None:
        """Give the store's key for what a digest records; None if that is in another bucket or outside of the store.

        Args:
            beside: The digest's own key in the store.
            bucket: The recorded bucket.
            recorded_key: The recorded key.
        """
        if self.bucket is None:
            return beside.removesuffix(_below_root(beside)) + _below_root(recorded_key)
        if bucket != self.bucket or not recorded_key.startswith(self.prefix):
            return None
        return recorded_key.removeprefix(self.prefix)


def place_of(url: str) -> Place:
    """Give the place of a store by its URL: `s3://bucket/prefix`, or anything else for a copy."""
    scheme, _, rest = url.partition("://")
    if scheme != "s3":
        return Place(None)
    bucket, _, prefix = rest.partition("/")
    return Place(bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")


def _below_root(key: str) -> str:
    """Cut off what stands before `AWSLogs/`; a key without it is left as it is."""
    return key[max(f"/{key}".find(f"/{_ROOT}"), 0) :]
