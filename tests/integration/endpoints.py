"""`insights serve`, as it is installed, and the AWS command line and boto3 that are pointed at it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config

ACCOUNT, REGION, NAME = "111122223333", "us-east-1", "trail_name"
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{NAME}"
BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "testing-key", "AWS_SECRET_ACCESS_KEY": "testing-secret", "AWS_DEFAULT_REGION": REGION}


@dataclass(frozen=True)
class Endpoint:
    """A server, and the two clients of it."""

    url: str

    def aws(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS command line with its endpoint changed, as a user would."""
        variables = os.environ | KEYS | {"AWS_ENDPOINT_URL_CLOUDTRAIL": self.url, "AWS_PAGER": ""} | environment
        command = [str(BIN / "aws"), "cloudtrail", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)

    def answer(self, *arguments: str) -> Any:
        done = self.aws(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def client(self, region: str = REGION) -> Any:
        import boto3

        config = Config(retries={"max_attempts": 1}, parameter_validation=False)
        return boto3.client(
            "cloudtrail",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="testing-key",
            aws_secret_access_key="testing-secret",
            config=config,
        )


@contextmanager
def serving(lake: Path, *options: str, arn: str = ARN, **environment: str) -> Iterator[Endpoint]:
    command = [str(BIN / "insights"), "serve", "--lake", str(lake), "--port", "0", "--no-auth", "--trail-arn", arn]
    process = subprocess.Popen([*command, *options], env=os.environ | environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.match(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found is not None
        yield Endpoint(found[0])
    finally:
        process.terminate()
        process.communicate()
