"""Which places can be opened, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.errors import AccessDeniedError, NotFoundError, StorageError
from insights.storage.aws_access import AwsAccess
from insights.storage.opening import open_store


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any credentials opening fails, with the ways to give them."""
    import boto3

    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(AccessDeniedError, match=r"no AWS credentials for s3://logs/x: set AWS_ACCESS_KEY_ID"):
        open_store("s3://logs/x", aws=AwsAccess(boto3.Session))


def test_missing_folder(tmp_path: Path) -> None:
    """A folder that is not there is told by name, and made only where that was asked for."""
    with pytest.raises(NotFoundError, match=r"the folder .*/none is not there"):
        open_store(str(tmp_path / "none"))
    open_store(str(tmp_path / "none"), create=True)

    assert (tmp_path / "none").is_dir()


def test_folder_below_a_file(tmp_path: Path) -> None:
    """A folder that cannot be made is a storage error."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match=r"file/lake cannot be used: .*Not a directory"):
        open_store(str(tmp_path / "file/lake"), create=True)


@pytest.mark.parametrize(
    "url",
    [
        "gs://bucket",
        "s3://",
        "s3:///prefix",
        "S3://bucket",
        "s3:/bucket",
        "s3:bucket",
        "https://bucket.s3.amazonaws.com",
    ],
)
def test_unknown_url(url: str) -> None:
    """A URL of a kind we do not know is quoted, with what can be written."""
    with pytest.raises(StorageError, match=r"is no place we can open: write s3://bucket/prefix or a path") as refused:
        open_store(url)
    assert repr(url) in str(refused.value)


def test_file_url(tmp_path: Path) -> None:
    """A file:// URL is a path."""
    assert open_store(f"file://{tmp_path}").url == str(tmp_path)
