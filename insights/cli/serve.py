"""`insights serve`: CloudTrail's API over a lake, for the AWS command line and SDKs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from insights.api.caller import Anonymous, Authenticator, is_loopback
from insights.cli.options import LakeOption, SettingsOption, settings_of
from insights.cli.output import Output
from insights.errors import SettingsError
from insights.settings import Settings
from insights.stages.workspace import Workspace, tune_arrow

LARGEST_HEAD = 32 * 1024
MOST_CONNECTIONS = 256


def serve(
    *,
    lake: LakeOption = None,
    host: Annotated[str, typer.Option("--host", help="The interface to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 4580,
    trail_arn: Annotated[str | None, typer.Option("--trail-arn", help="The trail's ARN.")] = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Public keys of its digests, as list-public-keys prints them.")
    ] = None,
    no_auth: Annotated[
        bool,
        typer.Option(
            "--no-auth", help="Ask for no access key: let every process of this machine in, whatever it signs with."
        ),
    ] = False,
    settings: SettingsOption = None,
) -> None:
    """Answer CloudTrail's API from a lake: lookup-events, list-insights-data, put-insight-selectors and more."""
    import uvicorn

    from insights.api.protocol import create_api
    from insights.api.service import Service

    tune_arrow()
    workspace = Workspace(_chosen(settings_of(settings, lake=lake), trail_arn, keys), creates_lake=False)
    service = Service(workspace)
    authenticator = _anonymous(host) if no_auth else _signed(workspace)
    # A wrong lake or ARN is told now, not to the first client.
    trail, _ = service.trail, workspace.lake
    config = uvicorn.Config(
        create_api(service=lambda: service, authenticator=authenticator),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        # The parser that bounds what it keeps of headers; the other one does not.
        http="h11",
        h11_max_incomplete_event_size=LARGEST_HEAD,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    # Whoever reads the address may connect: from now on connections wait until they are answered.
    socket.listen(config.backlog)
    address = f"http://{host}:{socket.getsockname()[1]}"
    Output().say(f"{address} answers for {trail}; try: aws cloudtrail list-trails --endpoint-url {address}")
    server.run(sockets=[socket])


def _anonymous(host: str) -> Authenticator:
    if not is_loopback(f"[{host}]" if ":" in host else host):
        raise SettingsError(f"{host} can be reached by others: with --no-auth listen on 127.0.0.1 only")
    return Anonymous()


def _signed(workspace: Workspace) -> Authenticator:
    from insights.api.auth.keys import secret_in_environment
    from insights.api.auth.opening import open_authenticator

    settings = workspace.settings.api
    if not settings.keys:
        raise SettingsError(
            "no access keys are set up: name them in api.keys of the settings, or say --no-auth to let every process "
            "of this machine in"
        )
    return open_authenticator(settings, secret_of=secret_in_environment(os.environ), now=workspace.now)


def _chosen(settings: Settings, trail_arn: str | None, keys: Path | None) -> Settings:
    trail = msgspec.structs.replace(
        settings.trail,
        arn=settings.trail.arn if trail_arn is None else trail_arn,
        public_keys=settings.trail.public_keys if keys is None else str(keys),
    )
    return msgspec.structs.replace(settings, trail=trail)
