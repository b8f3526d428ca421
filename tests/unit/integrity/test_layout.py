from __future__ import annotations

import pytest

from insights.integrity.layout import Shelf, account_folder_of, day_folders, is_root, owners
from insights.windows import Window, parse_instant

DAY = Window(parse_instant("2026-11-01T10:00"), parse_instant("2026-11-01T12:00"))


def test_shelf() -> None:
    """An account's folder in an organization's trail has its log files and digests by Region."""
    shelf = Shelf("p/AWSLogs/o-exampleorgid/111122223333/", "us-east-1")

    assert shelf.account_id == "111122223333"
    assert shelf.log_files == "p/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/"
    assert shelf.digests == "p/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/us-east-1/"


@pytest.mark.parametrize(("folder", "is_it"), [("AWSLogs/", True), ("p/AWSLogs/", True), ("p/xAWSLogs/", False)])
def test_root(folder: str, is_it: bool) -> None:
    """Accounts lie in `AWSLogs/`, whatever stands before it."""
    assert is_root(folder) == is_it


def test_owners() -> None:
    """Only folders of accounts and organizations are looked into."""
    folders = ("AWSLogs/111122223333/", "AWSLogs/o-exampleorgid/", "AWSLogs/vpcflowlogs/", "AWSLogs/1234/")

    assert list(owners(folders)) == ["AWSLogs/111122223333/", "AWSLogs/o-exampleorgid/"]


def test_days() -> None:
    """A window is looked up in the folders of its day and of the days around; without one, or over years, in all."""
    assert list(day_folders("x/", DAY)) == ["x/2026/10/31/", "x/2026/11/01/", "x/2026/11/02/"]
    assert list(day_folders("x/", None)) == ["x/"]
    assert list(day_folders("x/", Window(parse_instant("2020-01-01"), DAY.end))) == ["x/"]


@pytest.mark.parametrize(
    ("key", "folder"),
    [
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/a.json.gz", "AWSLogs/111122223333/"),
        ("b/c/AWSLogs/o-abcd1234/111122223333/CloudTrail/us-east-1/2026/11/01/a.json.gz",
         "b/c/AWSLogs/o-abcd1234/111122223333/"),
        ("AWSLogs/111122223333/Config/us-east-1/2026/11/01/a.json.gz", None),
        ("bAWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/a.json.gz", None),
        ("a.json.gz", None),
    ],
)  # fmt: skip
def test_account_folder_of(key: str, folder: str | None) -> None:
    """A log file's key tells the account's folder, below a prefix too; other keys tell none."""
    assert account_folder_of(key) == folder
