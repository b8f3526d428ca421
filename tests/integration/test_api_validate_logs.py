"""`aws cloudtrail validate-logs` against a signed trail."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from insights.cli.simulate import write
from insights.simulate import TrailPlan, simulate
from insights.simulate.digests import TRAIL_NAME, public_key_list, seeded_key, with_digests
from insights.windows import parse_instant
from tests.integration.endpoints import ACCOUNT, REGION, serving


@pytest.fixture
def signed(cloud: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Puts a signed trail of three hours into a bucket, tampered with or not, and serves its public keys."""
    start = parse_instant("2026-11-01T12:00")
    plan = TrailPlan(1, start, 3 / 24, (ACCOUNT,), (REGION,), calls_per_hour=30)
    key, bucket = seeded_key(plan.seed), cloud.store("s3://trail-bucket")
    (tmp_path / "keys.json").write_bytes(public_key_list(plan, key))
    delivered = list(write(bucket, with_digests(plan, simulate(plan), key, bucket="trail-bucket", root="")))
    (tmp_path / "lake" / "state").mkdir(parents=True)  # what the first run leaves in a lake
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL_NAME}"
    with serving(
        tmp_path / "lake",
        "--keys",
        str(tmp_path / "keys.json"),
        arn=arn,
        TRAIL_INSIGHTS__TRAIL__URL="s3://trail-bucket",
    ) as endpoint:

        def validated(tamper: bool) -> subprocess.CompletedProcess[str]:
            if tamper:
                log = next(each for each in delivered if "/CloudTrail/" in each.key)
                bucket.put(log.key, gzip.compress(b'{"Records":[]}'))
            return endpoint.aws(
                "validate-logs", "--trail-arn", arn, "--start-time", "2026-11-01T12:00:00Z", "--end-time",
                "2026-11-01T16:00:00Z", "--verbose", AWS_ENDPOINT_URL_S3=cloud.url,
            )  # fmt: skip

        yield validated


def test_validate_logs(signed: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """`aws cloudtrail validate-logs` takes the trail and its keys from here: all is valid, until a file is changed."""
    intact = signed(tamper=False)
    assert intact.returncode == 0, intact.stderr + intact.stdout
    assert re.search(r"(\d+)/\1 log files valid", intact.stdout)
    assert re.search(r"(\d+)/\1 digest files valid", intact.stdout)

    changed = signed(tamper=True)
    assert changed.returncode == 1
    assert "INVALID" in changed.stdout
