"""pandas as most people write it: gzip and json of the standard library, one frame for each account and Region."""

from __future__ import annotations

import gzip
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd  # noqa: TID253
from shape import COUNTED, FLAGS, NESTED, PARTITIONS, TEXTS, TIME


def flat(record: dict[str, Any], key: str) -> dict[str, Any]:
    row = {column: record.get(name) for name, column in (TEXTS | FLAGS).items()}
    row |= {column: json.dumps(record[name]) if name in record else None for name, column in NESTED.items()}
    return row | caller(record.get("userIdentity") or {}) | {"event_time": record[TIME], "object_key": key}


def caller(identity: dict[str, Any]) -> dict[str, Any]:
    arn, invoked_by, kind = identity.get("arn"), identity.get("invokedBy"), identity.get("type")
    head, found, rest = (arn or "").partition(":assumed-role/")
    principal = identity.get("principalId") if kind != "AssumedRole" else None
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    return {
        "identity_type": kind,
        "identity_arn": arn,
        "identity_key": (f"{head}{found}{rest.split('/', 1)[0]}" if found else arn)
        or invoked_by
        or principal
        or identity.get("accountId"),
        "identity_account_id": identity.get("accountId"),
        "identity_user_name": identity.get("userName") or issuer.get("userName"),
        "identity_invoked_by": invoked_by,
        "access_key_id": identity.get("accessKeyId"),
    }


def frame(paths: list[Path]) -> pd.DataFrame:
    rows = [
        flat(record, str(path))
        for path in paths
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    ]
    events = pd.DataFrame(rows).drop_duplicates("event_id")
    events["event_time"] = pd.to_datetime(events["event_time"])
    events["account_id"], events["region"] = events["recipient_account_id"], events["aws_region"]
    events["date"] = events["event_time"].dt.strftime("%Y-%m-%d")
    events["hour"] = events["event_time"].dt.strftime("%H")
    return events


def main(trail: str, out: str) -> None:
    counts = []
    for _, paths in groupby(sorted(Path(trail).rglob("*.json.gz")), key=lambda path: path.parts[:-4]):
        events = frame(list(paths))
        minute = events["event_time"].dt.floor("min").rename("minute")
        keys = ["account_id", "region", minute, *COUNTED]
        counts.append(events.groupby(keys, dropna=False).size().rename("count").reset_index())
        events.to_parquet(Path(out, "events"), partition_cols=list(PARTITIONS), compression="zstd", index=False)
    Path(out, "minute_counts").mkdir()
    pd.concat(counts).to_parquet(Path(out, "minute_counts", "counts.parquet"), index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
