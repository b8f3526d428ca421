"""AWS through an Airflow connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from insights.storage.aws_access import AwsAccess


@dataclass(frozen=True, slots=True)
class HookAccess(AwsAccess):
    """Makes clients by the Amazon provider's hook: the connection says the endpoint of each service, how certificates
    are verified, and what else it configures of botocore, which goes before what we ask for."""

    connection_id: str = ""

    def client(self, service: str, region: str | None, config: Any) -> Any:
        """Make a boto3 client of a service in a Region."""
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        hook: Any = AwsBaseHook(aws_conn_id=self.connection_id, client_type=service, region_name=region)
        return hook.get_client_type(region_name=region, config=config.merge(hook.config))


def aws_access(connection_id: str) -> AwsAccess:
    """Give access with the credentials, role, Region and endpoints of an Airflow connection."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    hook: Any = AwsBaseHook(aws_conn_id=connection_id, client_type="s3")
    endpoint = hook.conn_config.get_service_endpoint_url("s3")
    return HookAccess(session=hook.get_session, endpoint_url=endpoint, connection_id=connection_id)
