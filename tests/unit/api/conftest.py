"""The API over a lake in memory, asked without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from insights.api.caller import Caller
from insights.api.protocol import create_api
from insights.api.service import Service
from insights.stages.workspace import Workspace

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
ANYBODY = Caller("anybody", may_read=True, may_write_selectors=True, accounts=None)


@dataclass
class Always:
    """Takes everybody for one caller; remembers what it was shown."""

    caller: Caller = ANYBODY

    def authenticate(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Caller:
        self.shown = (method, path, query, dict(headers), body)
        return self.caller


@dataclass
class Api:
    """Sends requests as AWS's clients do."""

    service: Service
    authenticator: Any

    def send(
        self,
        operation: str,
        body: bytes | str = b"{}",
        *,
        method: str = "POST",
        path: str = "/",
        region: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        sent = {"X-Amz-Target": f"{TARGET}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        if region:
            scope = f"AKIDEXAMPLE/20261101/{region}/cloudtrail/aws4_request"
            sent["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        app = create_api(service=lambda: self.service, authenticator=self.authenticator)

        async def answer() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
                return await client.request(method, path, content=body, headers=sent)

        return asyncio.run(answer())

    def ask(self, operation: str, *, region: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Give the answer to a request that is fine."""
        response = self.send(operation, json.dumps(parameters), region=region)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def refusal(self, operation: str, *, region: str | None = None, **parameters: Any) -> tuple[int, str]:
        """Give the status and error of a request that is not."""
        response = self.send(operation, json.dumps(parameters), region=region)
        return response.status_code, response.json()["__type"]


@pytest.fixture
def open_api() -> Callable[..., Api]:
    """Opens the API of a workspace for a caller; keyword arguments are what the caller has of their own."""

    def opened(workspace: Workspace, **caller: Any) -> Api:
        return Api(Service(workspace), Always(replace(ANYBODY, **caller)))

    return opened


@pytest.fixture
def api(pipeline: Any, open_api: Callable[..., Api]) -> Api:
    return open_api(pipeline.workspace)
