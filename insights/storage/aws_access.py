"""How AWS is reached: whose credentials, and which endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
