"""Where the accounts of a trail lie: `AWSLogs/[o-id/]<account>/`, log files and digests by Region and day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from insights.records.digest import FOLDER
from insights.windows import DAY, Window

ROOT = "AWSLogs"
LOG_FOLDER = "CloudTrail"

_ACCOUNT = r"\d{12}/"
_ORGANIZATION = r"o-[a-z0-9]{4,32}/"
"""AWS's ids have 10 to 32 characters; those of examples have fewer."""
_OWNER = re.compile(rf"(?:.*/)?(?:{_ACCOUNT}|{_ORGANIZATION})")
_ACCOUNT_FOLDER = re.compile(rf"(?:.*/)?{ROOT}/(?:{_ORGANIZATION})?{_ACCOUNT}(?={LOG_FOLDER}/)")


@dataclass(frozen=True, slots=True, order=True)
class Shelf:
    """The log files and digests of one account in one Region; `account_folder` ends in `/`."""

    account_folder: str
    region: str

    @property
    def account_id(self) -> str:
        """Whose they are."""
        return self.account_folder.rstrip("/").rpartition("/")[2]

    @property
    def digests(self) -> str:
        """The folder of the digests."""
        return f"{self.account_folder}{FOLDER}/{self.region}/"

    @property
    def log_files(self) -> str:
        """The folder of the log files."""
        return f"{self.account_folder}{LOG_FOLDER}/{self.region}/"


def is_root(folder: str) -> bool:
    """Tell whether a folder is the `AWSLogs/` that all accounts lie in."""
    return folder.rstrip("/").rpartition("/")[2] == ROOT


def account_folder_of(key: str) -> str | None:
    """Give the account's folder that a log file of AWS's layout lies in."""
    match = _ACCOUNT_FOLDER.match(key)
    return match[0] if match else None


def owners(folders: tuple[str, ...]) -> Iterator[str]:
    """Yield of the folders in `AWSLogs/` those of accounts and organizations; other services deliver there too."""
    return (folder for folder in folders if _OWNER.fullmatch(folder))


def day_folders(folder: str, window: Window | None) -> Iterator[str]:
    """Yield the folders below a Region's that hold what was delivered in a window, or the whole without one."""
    if window is None or window.end - window.start > timedelta(days=366):
        yield folder
        return
    # What is delivered around midnight may lie in either day's folder.
    for day in window.widened(before=DAY, after=DAY).days():
        yield f"{folder}{day.start:%Y/%m/%d}/"
