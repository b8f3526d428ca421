"""A private Airflow: SQLite, LocalExecutor, its four components as processes of their own, and its REST API."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from insights.cli.demo.processes import DemoError, Processes, free_ports

PROJECT = Path(__file__).resolve().parents[3]
# Log servers would listen on every address; here the API server reads the logs from the disk.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
USER = "admin"


@dataclass(slots=True)
class Airflow:
    """An Airflow of our DAGs and plugin whose home is one folder.

    Attributes:
        home: AIRFLOW_HOME; database, logs and password live there.
        extra: Environment for its processes: the connection, our settings.
    """

    home: Path
    extra: dict[str, str]
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    processes: Processes = field(init=False)
    _token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not (PROJECT / "dags").is_dir():
            raise DemoError(f"there is no dags folder in {PROJECT}: run this from a checkout of the project")
        logs = self.home / "process-logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(logs, self._environment())

    @property
    def url(self) -> str:
        """Where its web interface is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Make the database and start the four components; returns when the API answers."""
        (self.home / "passwords.json").write_text(json.dumps({USER: self.password}), encoding="utf-8")
        (self.home / "passwords.json").chmod(0o600)
        command = [sys.executable, "-m", "airflow"]
        self.processes.run("db-migrate", [*command, "db", "migrate"])
        for component, options in COMPONENTS.items():
            self.processes.start(component, [*command, component, *options])
        self.processes.wait_until("Airflow's API", self._answers, seconds=120)
        self._token = self._login()

    def stop(self) -> None:
        """Stop the components."""
        self.processes.stop()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Call the REST API (`path` below /api/v2) and give its JSON.

        Raises:
            DemoError: it refused; the message has its answer.
        """
        headers = {"Authorization": f"Bearer {self._token}"}
        return call(method, f"{self.url}/api/v2{path}", body, headers)

    def wait_for_dags(self, *dag_ids: str) -> None:
        """Wait until the DAGs are known."""

        def are_there() -> bool:
            known = {dag["dag_id"] for dag in self.request("GET", "/dags?limit=100")["dags"]}
            return set(dag_ids) <= known

        self.processes.wait_until("the DAGs", are_there, seconds=90)

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run."""
        self.request("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Give a DAG's runs, the newest first."""
        found = self.request("GET", f"/dags/{dag_id}/dagRuns?limit=100&order_by=-run_after")["dag_runs"]
        return list(found)

    def _environment(self) -> dict[str, str]:
        self.port = self.port or free_ports(1)[0]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "AWS_", "TRAIL_INSIGHTS")) and name != "PYTHONDONTWRITEBYTECODE"
        }
        return {
            **inherited,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            # Four components and eight tasks write to one file; five seconds are soon over on a busy machine.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home.resolve()}/airflow.db?timeout=60",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "8",
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            # A finished task otherwise holds its slot for five seconds.
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **self.extra,
        }

    def _answers(self) -> bool:
        try:
            call("GET", f"{self.url}/api/v2/version")
        except (DemoError, OSError):
            return False
        return True

    def _login(self) -> str:
        answer = call("POST", f"{self.url}/auth/token", {"username": USER, "password": self.password})
        return str(answer["access_token"])


def call(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Call a server of ours and give its JSON, or None where it answers with nothing or something else.

    Raises:
        DemoError: it refused; the message has its answer.
    """
    request = urllib.request.Request(  # noqa: S310 - our own loopback address
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            is_json = "json" in answer.headers.get("Content-Type", "")
            return json.loads(answer.read()) if is_json else None
    except urllib.error.HTTPError as error:
        raise DemoError(f"{method} {url} was answered {error.code}: {error.read()[:500].decode()}") from error
