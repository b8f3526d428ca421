"""Object stores: one small interface over S3, local folders and memory.

`put` can be conditional, which is what makes concurrent writers of one partition safe: whoever lost the race learns it
(`ConflictError`), reads again and merges again. S3 and memory check the condition themselves; a local folder needs a
lock.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import obstore
import obstore.exceptions as obstore_errors
import obstore.store

from insights.errors import AccessDeniedError, ConflictError, NotFoundError, StorageError

ABSENT = ""
"""As `replacing`: only put where nothing is yet."""

_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_REFUSED_STATUS = ("401", "403")
_MISSING_STATUS = ("404",)
_HTTP_ATTRIBUTES = (
    "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Storage-Class",
)  # fmt: skip
_BESIDE = ".metadata.json"
_CLIENT: Any = {"timeout": timedelta(seconds=120), "connect_timeout": timedelta(seconds=10), "allow_http": True}


def _default_session() -> Any:
    import boto3

    return boto3.Session()


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How AWS is reached: a boto3 session (by default boto3's own search) and, for other S3 servers, the endpoint."""

    session: Callable[[], Any] = _default_session
    endpoint_url: str | None = None

    def client(self, service: str, region: str | None, config: Any) -> Any:
        """Make a boto3 client of a service ("sns") in a Region, None being the configured one.

        Args:
            service: Its name in boto3.
            region: Where it is.
            config: How it behaves, a `botocore.config.Config`.
        """
        return self.session().client(service, region_name=region, endpoint_url=self.endpoint_url, config=config)


S3Client = Literal["obstore", "boto3"]
"""Whose client speaks to S3."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing shows it. `etag` changes whenever the content does."""

    key: str
    etag: str
    size: int
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Folder:
    """One level of a store: the folders (ending in `/`) and objects right below a prefix."""

    folders: tuple[str, ...]
    objects: tuple[ObjectInfo, ...]


Attributes = Mapping[str, str]


class _Attributes(msgspec.Struct):
    metadata: dict[str, str] = msgspec.field(name="Metadata")


class ObjectStore(Protocol):
    """A flat space of keys under one URL. Every method raises `StorageError` or one of its kinds."""

    url: str

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix that is empty or ends in `/`."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix that is empty or ends in `/`."""

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object's content and ETag."""

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """Give the bytes start <= i < end of one version of an object.

        Raises:
            ConflictError: it is another version by now.
        """

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and the attributes it was put with."""

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step.

        Args:
            key: Where it goes.
            content: What it holds.
            attributes: What is kept beside the content, by lower-case names: S3's `x-amz-meta-…`.
            replacing: None puts whatever is there; an ETag puts only over that version; `ABSENT` only where nothing is.

        Raises:
            ConflictError: the condition does not hold.
        """

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is fine."""


class Store:
    """An `ObjectStore` on obstore's client for S3, memory or (with `LocalStore`) the file system."""

    def __init__(self, client: Any, url: str) -> None:
        self.url = url
        self._client = client

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix."""
        with self._errors(prefix):
            found = obstore.list_with_delimiter(self._client, prefix)
        folders = sorted(f"{name.rstrip('/')}/" for name in found["common_prefixes"])
        return Folder(tuple(folders), tuple(sorted((_info(o) for o in found["objects"]), key=lambda o: o.key)))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix."""
        with self._errors(prefix):
            for page in obstore.list(self._client, prefix or None):
                yield from map(_info, page)

    def get(self, key: str) -> tuple[bytes, str]:
        """Give an object's content and ETag."""
        with self._errors(key):
            found = obstore.get(self._client, key)
            return bytes(found.bytes()), found.meta["e_tag"] or ""

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        """Give some bytes of one version of an object."""
        with self._errors(key):
            found = obstore.get(self._client, key, options={"range": (start, end), "if_match": etag})
            return bytes(found.bytes())

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and attributes."""
        with self._errors(key):
            found = obstore.get(self._client, key)
            named = {name: value for name, value in found.attributes.items() if name not in _HTTP_ATTRIBUTES}
            return bytes(found.bytes()), named

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step, if the condition holds."""
        mode: Any = "overwrite"
        if replacing is not None:
            mode = "create" if replacing == ABSENT else {"e_tag": replacing}
        named = dict(attributes) if attributes else None
        try:
            with self._errors(key):
                obstore.put(self._client, key, content, attributes=named, mode=mode, use_multipart=False)
        except NotFoundError as error:
            if not replacing:
                raise
            raise ConflictError(f"{self.url}/{key} was deleted by another writer") from error

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self._errors(key):
            try:
                obstore.delete(self._client, key)
            except FileNotFoundError:
                return

    def _errors(self, key: str) -> AbstractContextManager[None]:
        return _translated(self.url, key)


class LocalStore(Store):
    """A folder. Conditional puts hold a lock on the folder, so that of two processes only one replaces a version.

    An object's attributes lie beside it in `<key>.metadata.json`, in the form in which `aws s3api head-object` prints
    them, so that a copy of a bucket can be given its own. Such files are no objects; the two are not put in one step.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(obstore.store.LocalStore(root), str(root))
        self._root = root
        self._lock = root / ".lock"

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """List everything below a prefix; our lock and attributes are none of it."""
        return (info for info in super().list(prefix) if self._is_object(info))

    def list_folder(self, prefix: str) -> Folder:
        """List one level below a prefix; our lock and attributes are none of it."""
        found = super().list_folder(prefix)
        return Folder(found.folders, tuple(info for info in found.objects if self._is_object(info)))

    def read(self, key: str) -> bytes:
        """Give an object's content alone, for a third of what `get` costs."""
        if ".." in key:  # obstore knows which of these lead out of the folder
            return self.get(key)[0]
        with self._errors(key), open(f"{self._root}/{key}", "rb") as file:  # noqa: PTH123  # joined, "/x" would be /x
            return file.read()

    def get_with_attributes(self, key: str) -> tuple[bytes, Attributes]:
        """Give an object's content and attributes; none where the file beside it is not there or cannot be read."""
        content, _ = self.get(key)
        with self._errors(key):
            try:
                return content, msgspec.json.decode(self._beside(key).read_bytes(), type=_Attributes).metadata
            except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
                return content, {}

    def put(
        self, key: str, content: bytes, *, replacing: str | None = None, attributes: Attributes | None = None
    ) -> None:
        """Put an object in one step, if the condition holds."""
        if replacing is None or replacing == ABSENT:
            super().put(key, content, replacing=replacing)
        else:
            self._replace(key, content, replacing)
        with self._errors(key):
            if attributes:
                self._beside(key).write_bytes(msgspec.json.encode(_Attributes(dict(attributes))))
            else:
                self._beside(key).unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Delete an object and its attributes."""
        super().delete(key)
        with self._errors(key):
            self._beside(key).unlink(missing_ok=True)

    def _replace(self, key: str, content: bytes, version: str) -> None:
        with self._locked(key):
            if self._version(key) != version:
                raise ConflictError(f"{self.url}/{key} was replaced by another writer")
            super().put(key, content)

    def _beside(self, key: str) -> Path:
        return self._root / f"{key}{_BESIDE}"

    def _is_object(self, info: ObjectInfo) -> bool:
        return info.key != self._lock.name and not info.key.endswith(_BESIDE)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        with self._errors(key), self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _version(self, key: str) -> str | None:
        """Give an object's ETag, None where there is none."""
        try:
            etag: str | None = obstore.head(self._client, key)["e_tag"]
        except FileNotFoundError:
            return None
        return etag


def open_store(
    url: str, *, aws: AwsAccess | None = None, create: bool = False, s3_client: S3Client = "obstore"
) -> ObjectStore:
    """Open a store by its URL: `s3://bucket/prefix`, `memory://`, or a path.

    Args:
        url: Where the keys live.
        aws: Credentials, Region and endpoint for S3.
        create: Make a local folder that is not there.
        s3_client: Whose client speaks to S3.

    Raises:
        NotFoundError: a local folder is not there.
        AccessDeniedError: there are no AWS credentials at all.
        StorageError: the URL is none we know, or the folder cannot be made.
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme == "file":
        return _open_folder(Path(rest if found else url), create=create)
    if scheme == "memory":
        return Store(obstore.store.MemoryStore(), url)
    if scheme == "s3" and rest.partition("/")[0]:
        bucket, _, prefix = rest.partition("/")
        return _open_bucket(bucket, prefix.strip("/"), url.rstrip("/"), aws or AwsAccess(), s3_client)
    raise StorageError(f"{url!r} is no place we can open: write s3://bucket/prefix or a path")


def read_ahead(store: ObjectStore, keys: Iterable[str], *, threads: int) -> Generator[tuple[str, bytes | StorageError]]:
    """Fetch objects in order with a few in flight; what cannot be fetched comes as its error.

    Those of a folder are read as they are asked for: to hand them over takes longer. Close it if you do not read it to
    its end.
    """
    read = store.read if isinstance(store, LocalStore) else lambda key: store.get(key)[0]

    def fetch(key: str) -> bytes | StorageError:
        try:
            return read(key)
        except StorageError as error:
            return error

    if isinstance(store, LocalStore):
        yield from ((key, fetch(key)) for key in keys)
        return
    remaining = iter(keys)
    with ThreadPoolExecutor(threads, thread_name_prefix="fetch") as pool:
        flying: list[tuple[str, Future[bytes | StorageError]]] = []
        while True:
            flying += [(key, pool.submit(fetch, key)) for key in islice(remaining, 2 * threads - len(flying))]
            if not flying:
                return
            key, future = flying.pop(0)
            yield key, future.result()


def _open_folder(root: Path, *, create: bool) -> LocalStore:
    root = root.expanduser().absolute()
    if create:
        with _translated(str(root), ""):
            root.mkdir(parents=True, exist_ok=True)
    if not root.is_dir():
        raise NotFoundError(f"the folder {root} is not there")
    return LocalStore(root)


def _open_bucket(bucket: str, prefix: str, url: str, aws: AwsAccess, s3_client: S3Client) -> ObjectStore:
    session = aws.session()
    if session.get_credentials() is None:
        raise AccessDeniedError(
            f"no AWS credentials for {url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the Airflow "
            "connection named in [airflow] aws_connection"
        )
    region = session.region_name or "us-east-1"
    # A client is the only public place where boto3 resolves the endpoint (environment, profile, service section).
    by_boto3 = session.client("s3", region_name=region, endpoint_url=aws.endpoint_url)
    if s3_client == "boto3":
        from insights.storage.boto3_objects import Boto3Store

        return Boto3Store(by_boto3, bucket, prefix, url)
    from obstore.auth.boto3 import Boto3CredentialProvider

    endpoint = by_boto3.meta.endpoint_url
    is_aws = "amazonaws.com" in endpoint
    client = obstore.store.S3Store(
        bucket,
        prefix=prefix or None,
        region=region,
        **({} if is_aws else {"endpoint": endpoint}),
        virtual_hosted_style_request=is_aws,
        credential_provider=Boto3CredentialProvider(session),
        retry_config=_RETRIES,
        client_options=_CLIENT,
    )
    return Store(client, url)


def _info(found: Any) -> ObjectInfo:
    return ObjectInfo(found["path"], found["e_tag"] or "", found["size"], found["last_modified"])


@contextmanager
def _translated(url: str, key: str) -> Iterator[None]:
    """Say what went wrong in our own errors, naming the place and the remedy."""
    place = f"{url}/{key}".rstrip("/")
    try:
        yield
    except (obstore_errors.AlreadyExistsError, obstore_errors.PreconditionError) as error:
        raise ConflictError(f"{place} was replaced by another writer") from error
    except (FileNotFoundError, obstore_errors.NotFoundError) as error:
        raise NotFoundError(missing(place)) from error
    except (PermissionError, obstore_errors.PermissionDeniedError, obstore_errors.UnauthenticatedError) as error:
        raise AccessDeniedError(refused(place)) from error
    except obstore_errors.BaseError as error:
        # Listings tell what the server answered in their text only.
        status = re.search(r"status code: (\d{3})", str(error))
        if status and status[1] in _MISSING_STATUS:
            raise NotFoundError(missing(place)) from error
        if status and status[1] in _REFUSED_STATUS:
            raise AccessDeniedError(refused(place)) from error
        raise StorageError(f"{place} cannot be used: {_first_line(error)}") from error
    except (OSError, ValueError) as error:  # obstore's ValueError: a key with an empty or a control character's segment
        raise StorageError(f"{place} cannot be used: {_first_line(error)}") from error


def missing(place: str) -> str:
    """Say that something is not there."""
    return f"{place} is not there: check the name of the bucket or folder, and the Region"


def refused(place: str) -> str:
    """Say that access was refused."""
    return f"access to {place} was refused: check the credentials and their policy"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:300]
