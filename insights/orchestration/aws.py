"""AWS through an Airflow connection."""

from __future__ import annotations

from typing import Any

from insights.storage.objects import AwsAccess


def aws_access(connection_id: str) -> AwsAccess:
    """Give access with the credentials, role, Region and endpoint of an Airflow connection."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    hook: Any = AwsBaseHook(aws_conn_id=connection_id, client_type="s3")
    return AwsAccess(session=hook.get_session, endpoint_url=hook.conn_config.get_service_endpoint_url("s3"))
