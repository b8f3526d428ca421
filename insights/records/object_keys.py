"""The grammar of trail object keys, in both directions.

Format: AWS CloudTrail User Guide, "Finding your CloudTrail log files":
`[prefix/]AWSLogs/[o-id/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_YYYYMMDDTHHmmZ_<unique>.json.gz`.
An object is recognised by its *name*, wherever it lies: people copy trails about. The name's time is the time of
delivery, not of the calls in it. Older deliveries wrote a hyphen before the time, no `Z`, or no unique part; all are
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from insights.windows import DAY, Window

_NAME = re.compile(
    r"(?P<account>[A-Za-z0-9-]{1,64})_CloudTrail_(?P<region>[a-z0-9-]{2,40}?)[_-]"
    r"(?P<time>\d{8}T\d{4})Z?(?:_?(?P<unique>[A-Za-z0-9]+))?(?P<suffix>\.json(?:\.gz)?)"
)
# Named one by one: a prefix of the user's own may well be called `CloudTrail-logs/`.
_SIBLINGS = "CloudTrail-(?:Insight|Digest|NetworkActivity|Aggregated)"
_SIBLING = re.compile(rf"_{_SIBLINGS}_|(?:^|/){_SIBLINGS}/")
_DATE_FOLDER = re.compile(r"(?:^|/)CloudTrail/[^/]+/(?P<year>\d{4})(?:/(?P<month>\d\d)(?:/(?P<day>\d\d))?)?/$")
_SIBLING_FOLDER = re.compile(rf"(?:^|/){_SIBLINGS}/$")


@dataclass(frozen=True, slots=True)
class TrailKey:
    """What the name of a trail object tells: whose it is and the minute it was delivered (UTC)."""

    account_id: str
    region: str
    delivered_at: datetime
    unique: str = ""
    suffix: str = ".json.gz"

    @property
    def name(self) -> str:
        """The object's name as CloudTrail writes it today."""
        unique = f"_{self.unique}" if self.unique else ""
        return f"{self.account_id}_CloudTrail_{self.region}_{self.delivered_at:%Y%m%dT%H%MZ}{unique}{self.suffix}"


_VERSION = "?etag="
_VERSION_END = re.compile(r"\?etag=[^/?.]*$")


def with_version(key: str, etag: str) -> str:
    """Name one version of an object, as rows do that come from another than the first that was read."""
    return f"{key}{_VERSION}{etag.strip(chr(34))}"


def without_version(name: str) -> str:
    """Give the key of the object that `with_version` named, or the key itself: it may hold such words elsewhere."""
    return _VERSION_END.sub("", name)


class NotTrail(StrEnum):
    """Why an object is not one of the trail's."""

    SIBLING = "sibling"
    """An Insight, digest, network-activity or aggregated object: never ingest our own output."""

    LOOSE = "loose"
    """A JSON file whose name tells neither account nor time of delivery."""

    FOREIGN = "foreign"
    """No JSON at all."""


def parse_key(key: str) -> TrailKey | NotTrail:
    """Read an object's key, or say why it is none of the trail's."""
    if _SIBLING.search(key):
        return NotTrail.SIBLING
    match = _NAME.fullmatch(key.rpartition("/")[2])
    if match is None:
        return NotTrail.LOOSE if key.endswith((".json", ".json.gz")) else NotTrail.FOREIGN
    try:
        delivered_at = datetime.strptime(match["time"], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return NotTrail.LOOSE
    return TrailKey(match["account"], match["region"], delivered_at, match["unique"] or "", match["suffix"])


def format_key(key: TrailKey, *, prefix: str = "", organization_id: str = "", folder: str = "CloudTrail") -> str:
    """Give the whole key of a trail object in AWS's layout; `folder` is `CloudTrail-Insight` for Insight objects."""
    parts = [prefix.strip("/"), "AWSLogs", organization_id, key.account_id, folder, key.region]
    name = key.name.replace("_CloudTrail_", f"_{folder}_", 1)
    return "/".join([*(part for part in parts if part), f"{key.delivered_at:%Y/%m/%d}", name])


def folder_may_hold(folder: str, window: Window) -> bool:
    """Tell whether a folder (ending in `/`) can hold trail objects delivered in a window.

    Only a date folder of AWS's layout outside the window, or a sibling's folder, is ruled out.
    """
    if _SIBLING_FOLDER.search(folder):
        return False
    match = _DATE_FOLDER.search(folder)
    if match is None:
        return True
    span = _span(int(match["year"]), match["month"], match["day"])
    return span is None or span.overlaps(window)


def _span(year: int, month: str | None, day: str | None) -> Window | None:
    try:
        start = datetime(year, int(month or 1), int(day or 1), tzinfo=UTC)
    except ValueError:
        return None
    if day:
        return Window(start, start + DAY)
    next_month = (start + timedelta(days=32)).replace(day=1) if month else start.replace(year=year + 1)
    return Window(start, next_month)
