"""Clients that an Airflow connection makes."""

from __future__ import annotations

import json

import pytest

from insights.notify.aws import client_factory
from insights.orchestration.aws import aws_access

EXTRA = {
    "region_name": "eu-west-1",
    "endpoint_url": "http://127.0.0.1:1",
    "service_config": {"events": {"endpoint_url": "http://127.0.0.1:2"}, "s3": {"endpoint_url": "http://127.0.0.1:3"}},
    "config_kwargs": {"read_timeout": 7},
}


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": EXTRA}
    monkeypatch.setenv("AIRFLOW_CONN_LAKE", json.dumps(connection))


def test_endpoint_of_each_service() -> None:
    """A service is reached where the connection says; one that it does not name, where it says all are."""
    access = aws_access("lake")
    clients = client_factory(access.client)

    assert access.endpoint_url == "http://127.0.0.1:3"
    assert clients("events", None).meta.endpoint_url == "http://127.0.0.1:2"
    assert clients("sns", None).meta.endpoint_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(("asked", "region"), [(None, "eu-west-1"), ("us-west-2", "us-west-2")])
def test_region(asked: str | None, region: str) -> None:
    """A client is of the Region asked for, or of the connection's."""
    assert client_factory(aws_access("lake").client)("logs", asked).meta.region_name == region


def test_configuration() -> None:
    """What the connection configures of botocore goes before what we ask for; the rest of ours stays."""
    config = client_factory(aws_access("lake").client)("sns", None).meta.config

    assert (config.read_timeout, config.connect_timeout) == (7, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
