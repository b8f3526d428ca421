"""The trail as CloudTrail describes it: DescribeTrails, GetTrail, ListTrails, GetTrailStatus, ListPublicKeys."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from insights.api.service import Request, Service
from insights.errors import SettingsError
from insights.integrity.places import place_of
from insights.integrity.public_keys import PublicKey, parse_public_keys
from insights.records.trail_arn import TrailArn
from insights.stages.selection import selection_of
from insights.storage import ledger
from insights.storage.partitions import account_regions, day_of
from insights.storage.tables import read_columns, reading
from insights.windows import DAY, format_instant


def describe_trails(service: Service, request: Request) -> dict[str, Any]:
    """Describe the trail, if it is among those asked for; trails that are not there are left out, as AWS does."""
    is_shadow = request.region != service.trail.home_region
    if is_shadow and not request.get("includeShadowTrails", True):
        return {"trailList": []}
    asked = request.get("trailNameList", [])
    found = not asked or any(_is_found(service, request, name) for name in asked)
    return {"trailList": [_described(service)] if found else []}


def get_trail(service: Service, request: Request) -> dict[str, Any]:
    """Describe the trail of a name."""
    request.trail(service, request.parameters["Name"])
    return {"Trail": _described(service)}


def list_trails(service: Service, request: Request) -> dict[str, Any]:
    """Name the trail."""
    trail = service.trail
    return {"Trails": [{"TrailARN": str(trail), "Name": trail.name, "HomeRegion": trail.home_region}]}


def get_trail_status(service: Service, request: Request) -> dict[str, Any]:
    """Tell what was delivered last in the Region, as far as it was read.

    Whether the trail is switched on cannot be seen in its bucket: that objects came within a day stands for it.
    """
    request.trail(service, request.parameters["Name"])
    latest = _latest_delivery(service, request)
    if latest is None:
        return {"IsLogging": False}
    return {
        "IsLogging": service.workspace.now() - latest < DAY,
        "LatestDeliveryTime": latest.timestamp(),
        "LatestDeliveryAttemptTime": format_instant(latest),
        "LatestDeliveryAttemptSucceeded": format_instant(latest),
    }


def list_public_keys(service: Service, request: Request) -> dict[str, Any]:
    """List the keys that were valid at some time of a span; without one, those that are valid now."""
    if request.get("NextToken") is not None:
        raise request.refused("NextToken", "there is only one page: NextToken must not be given")
    end = request.get("EndTime") or service.workspace.now()
    start = request.get("StartTime") or min(service.workspace.now(), end)
    if start > end:
        raise request.refused("StartTime", "The start time must not be after the end time.")
    keys = [key for key in _public_keys(service) if key.validity.start <= end and start < key.validity.end]
    return {"PublicKeyList": [_key(key) for key in sorted(keys, key=lambda key: key.validity)]}


def _is_found(service: Service, request: Request, name: str) -> bool:
    """Tell whether a name or ARN is the trail's.

    Raises:
        ApiError: it is neither a name nor an ARN.
    """
    return request.named_trail(service, name) is not None


def _described(service: Service) -> dict[str, Any]:
    trail, settings = service.trail, service.workspace.settings
    return {
        "Name": trail.name,
        **_bucket(settings.trail.url),
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "HomeRegion": trail.home_region,
        "TrailARN": str(trail),
        "LogFileValidationEnabled": bool(settings.trail.public_keys),
        "HasCustomEventSelectors": "Data" in settings.trail.categories,
        "HasInsightSelectors": bool(selection_of(service.workspace).pairs),
        "IsOrganizationTrail": _is_of_organization(service, trail),
    }


def _bucket(url: str) -> dict[str, str]:
    place = place_of(url) if url else None
    if place is None or not place.bucket:
        return {}
    prefix = place.prefix.strip("/")
    return {"S3BucketName": place.bucket} | ({"S3KeyPrefix": prefix} if prefix else {})


def _is_of_organization(service: Service, trail: TrailArn) -> bool:
    """Tell whether the trail brings other accounts than its own."""
    accounts = {account for account, _ in account_regions(service.workspace.lake, ledger.TABLE)}
    return bool(accounts - {trail.account_id, "-"})


def _latest_delivery(service: Service, request: Request) -> datetime | None:
    """Give when the newest object of the Region was delivered that the caller may know of."""
    lake, allowed = service.workspace.lake, request.caller.accounts
    latest: list[datetime] = []
    for account, region in account_regions(lake, ledger.TABLE):
        if region == request.region and (allowed is None or account in allowed):
            folders = lake.list_folder(f"{ledger.TABLE}/account_id={account}/region={region}/").folders
            newest = max(folders, key=lambda folder: day_of(folder).start, default=None)
            for info in lake.list(newest) if newest else ():
                content = lake.get(info.key)[0]
                with reading(f"{lake.url}/{info.key}"):
                    rows = read_columns(content, ["delivered_at"], required=["delivered_at"])
                latest.append(pc.max(rows["delivered_at"]).as_py())
    return max(latest, default=None)


def _public_keys(service: Service) -> list[PublicKey]:
    file = service.workspace.settings.trail.public_keys
    if not file:
        return []
    try:
        return list(parse_public_keys(Path(file).read_bytes()).values())
    except OSError as error:
        raise SettingsError(f"trail.public_keys: {file} cannot be read: {error.strerror}") from error


def _key(key: PublicKey) -> dict[str, Any]:
    return {
        "Value": base64.b64encode(key.value).decode(),
        "ValidityStartTime": key.validity.start.timestamp(),
        "ValidityEndTime": key.validity.end.timestamp(),
        "Fingerprint": key.fingerprint,
    }
