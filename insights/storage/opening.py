"""Which store a URL names, and with whose client it is opened."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import obstore.store

from insights.errors import AccessDeniedError, NotFoundError, StorageError
from insights.storage.aws_access import AwsAccess
from insights.storage.folder_objects import LocalStore
from insights.storage.objects import ObjectStore
from insights.storage.obstore_objects import Store, translated

S3Client = Literal["obstore", "boto3"]
"""Whose client speaks to S3."""

_LIKE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/?")
"""How a URL begins whose slashes were mistyped, like `s3:/bucket`. A folder of such a name can be called `./s3:…`."""

_RETRIES: Any = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
_CLIENT: Any = {"timeout": timedelta(seconds=120), "connect_timeout": timedelta(seconds=10), "allow_http": True}


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
    if scheme == "file" or not (found or _LIKE_URL.match(url)):
        return _open_folder(Path(rest if found else url), create=create)
    if scheme == "memory":
        return Store(obstore.store.MemoryStore(), url)
    if scheme == "s3" and rest.partition("/")[0]:
        bucket, _, prefix = rest.partition("/")
        return _open_bucket(bucket, prefix.strip("/"), url.rstrip("/"), aws or AwsAccess(), s3_client)
    raise StorageError(f"{url!r} is no place we can open: write s3://bucket/prefix or a path")


def _open_folder(root: Path, *, create: bool) -> LocalStore:
    root = root.expanduser().absolute()
    if create:
        with translated(str(root), ""):
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
