"""What docker-compose.yaml and its Celery override promise to somebody who starts them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from insights.settings import parse_settings

ROOT = Path(__file__).parents[3]
MAIN = ROOT / "docker-compose.yaml"
CELERY = ROOT / "docker-compose.celery.yaml"
SECRETS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_ADMIN_PASSWORD",
    "REDIS_PASSWORD",
)
AIRFLOW_SERVICES = ("airflow-init", "api-server", "scheduler", "dag-processor", "triggerer")


def services(*files: Path) -> dict[str, dict[str, Any]]:
    """Lay compose files over each other as Compose does: mappings merge, all else is replaced."""
    merged: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, service in yaml.safe_load(file.read_text())["services"].items():
            below = merged.setdefault(name, {"environment": {}})
            for key, value in service.items():
                below[key] = {**below.get(key, {}), **value} if isinstance(value, dict) else value
    return merged


ALL = services(MAIN, CELERY)
LONG_RUNNING = sorted(set(ALL) - {"airflow-init"})


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command with these variables and no others, and keep what it says."""
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def compose_command(environment: dict[str, str]) -> list[str]:
    """Find Compose, whichever way it is installed, or skip."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and run(["docker", "compose", "version"], environment).returncode == 0:
        return ["docker", "compose"]
    pytest.skip("Docker Compose is not installed here: apt-get install docker-compose")


def config(*files: Path, secrets: Iterable[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Let Compose read the files with these secrets set and an empty .env."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **dict.fromkeys(secrets, "x")}
    (home / "empty.env").touch()
    chosen = [part for file in files for part in ("--file", str(file))]
    arguments = ["--env-file", str(home / "empty.env"), *chosen, "config", "--quiet"]
    return run([*compose_command(environment), *arguments], environment)


@pytest.mark.parametrize("file", [MAIN, CELERY], ids=lambda file: file.name)
def test_follows_the_compose_specification(file: Path) -> None:
    """Each file is valid by the published schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]

    result = run(command, dict(os.environ))

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("files", [(MAIN,), (MAIN, CELERY)], ids=["main", "celery"])
def test_compose_accepts_the_files(files: tuple[Path, ...], tmp_path: Path) -> None:
    """Compose's own parser takes the main file alone and with the override, once the secrets are set."""
    result = config(*files, secrets=SECRETS, home=tmp_path)

    assert result.returncode == 0, result.stderr


def test_compose_refuses_a_missing_secret(tmp_path: Path) -> None:
    """Without a password for the database nothing starts, and the message names the variable to set."""
    result = config(MAIN, secrets=set(SECRETS) - {"POSTGRES_PASSWORD"}, home=tmp_path)

    assert result.returncode != 0
    assert "set POSTGRES_PASSWORD in .env" in result.stderr


@pytest.mark.parametrize("name", sorted(ALL))
def test_secrets_come_from_the_environment(name: str) -> None:
    """No variable that holds a secret is spelt out: it is required, handed through, or refused by the container."""
    secret = re.compile(r"SECRET|PASSWORD$|FERNET|_CONN|BROKER|BACKEND|AUTH$|ACCESS_KEY|TOKEN")
    given = re.compile(r"\$\{\w+:\?|^\$\{LOCAL_S3_\w+:-\}$")

    spelt_out = {
        variable
        for variable, value in ALL[name]["environment"].items()
        if secret.search(variable) and value is not None and not given.search(value)
    }

    assert spelt_out == set()


@pytest.mark.parametrize("name", sorted(ALL))
def test_ports_are_published_on_loopback_only(name: str) -> None:
    """Nobody but this machine can reach a published port."""
    assert [port for port in ALL[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_services_are_watched_and_restarted(name: str) -> None:
    """Every service that keeps running says whether it is well, and comes back after a crash or a reboot."""
    assert ALL[name]["healthcheck"]["test"]
    assert ALL[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ALL))
def test_services_cannot_eat_the_machine(name: str) -> None:
    """Memory and logs are bounded."""
    assert ALL[name]["mem_limit"]
    assert {"max-size", "max-file"} <= set(ALL[name]["logging"]["options"])


@pytest.mark.parametrize("name", sorted(ALL))
def test_services_run_without_privileges(name: str) -> None:
    """No container is privileged, gains privileges, or keeps capabilities it does not name."""
    assert "privileged" not in ALL[name]
    assert ALL[name]["security_opt"] == ["no-new-privileges:true"]
    assert ALL[name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", sorted(ALL))
def test_images_are_pinned(name: str) -> None:
    """Each image names a version; ours names the product's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    image, _, tag = ALL[name]["image"].partition(":")

    assert tag == project["version"] if image == project["name"] else re.match(r"\d+\.\d+|\d+-\w+", tag)


def test_airflow_waits_for_its_database() -> None:
    """No Airflow process starts before the database is up to date."""
    waiting = [ALL[name]["depends_on"]["airflow-init"] for name in (*AIRFLOW_SERVICES[1:], "worker")]

    assert waiting == [{"condition": "service_completed_successfully"}] * 5


def test_airflow_knows_every_option() -> None:
    """Each AIRFLOW__SECTION__KEY is an option of the installed Airflow or its Celery provider: no misspelt name."""
    airflow = importlib.util.find_spec("airflow")
    assert airflow is not None
    assert airflow.submodule_search_locations is not None
    folder = Path(next(iter(airflow.submodule_search_locations)))
    sections = yaml.safe_load((folder / "config_templates/config.yml").read_text())
    provider = runpy.run_path(str(folder / "providers/celery/get_provider_info.py"))["get_provider_info"]()
    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in {**sections, **provider["config"]}.items()
        for option in content["options"]
    }

    used = {name for service in ALL.values() for name in service["environment"] if name.startswith("AIRFLOW__")}

    assert used - known == set()


def test_the_override_switches_every_process_to_celery() -> None:
    """All Airflow processes agree on the executor, with and without the override."""
    before = {services(MAIN)[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] for name in AIRFLOW_SERVICES}
    after = {ALL[name]["environment"]["AIRFLOW__CORE__EXECUTOR"] for name in (*AIRFLOW_SERVICES, "worker")}

    assert before == {"LocalExecutor"}
    assert after == {"CeleryExecutor"}


def test_the_override_adds_a_worker_and_a_broker() -> None:
    """The worker waits for the broker, which asks for a password."""
    assert set(ALL) - set(services(MAIN)) == {"redis", "worker"}
    assert ALL["worker"]["depends_on"]["redis"] == {"condition": "service_healthy"}
    assert "--requirepass" in ALL["redis"]["command"]


def test_a_worker_sees_what_the_scheduler_sees() -> None:
    """Tasks find the same variables and folders wherever they run."""
    own = {"DUMB_INIT_SETSID", "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"}

    def seen(name: str) -> tuple[dict[str, Any], list[str]]:
        environment = {key: value for key, value in ALL[name]["environment"].items() if key not in own}
        return environment, ALL[name]["volumes"]

    assert seen("worker") == seen("scheduler")


@pytest.mark.parametrize("files", [(MAIN,), (MAIN, CELERY)], ids=["main", "celery"])
def test_a_queue_is_watched(files: tuple[Path, ...]) -> None:
    """The triggerer runs, and knows the queue and the credentials that the DAG files are read with."""
    running = services(*files)
    names = {"TRAIL_INSIGHTS__TRAIL__NOTIFICATIONS", "TRAIL_INSIGHTS__TRAIL__URL", "AWS_ACCESS_KEY_ID"}

    assert running["triggerer"]["command"] == "triggerer"
    for name in ("triggerer", "dag-processor"):
        assert names <= set(running[name]["environment"])


def example_variables() -> dict[str, str]:
    """Read .env.example with its commented lines taken as set."""
    lines = re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    return {name: value.strip("'") for name, value in lines}


def test_the_example_names_every_variable() -> None:
    """Whatever the compose files take from the environment is explained in .env.example, and nothing else is."""
    text = MAIN.read_text() + CELERY.read_text()
    interpolated = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    handed_through = {key for service in ALL.values() for key, value in service["environment"].items() if value is None}

    of_compose_itself = {"COMPOSE_FILE", "COMPOSE_PROFILES"}
    assert set(example_variables()) - of_compose_itself == interpolated | handed_through


def test_the_example_settings_are_settings() -> None:
    """Each example of a TRAIL_INSIGHTS__ variable is accepted as it stands."""
    examples = {name: value for name, value in example_variables().items() if name.startswith("TRAIL_INSIGHTS__")}

    settings = parse_settings({}, examples)

    assert settings.trail.accounts == ("111122223333",)
    assert settings.lake.url == "s3://lake"


def script_of(name: str, key: str) -> str:
    """Give the shell script that a service runs, as the shell gets it."""
    script: str = ALL[name][key][-1]
    return script.replace("$$", "$")


def test_the_password_file_is_private_and_exact(tmp_path: Path) -> None:
    """The start-up step writes the admin's password unchanged, whatever it contains, where only Airflow reads it."""
    (tmp_path / "airflow").write_text("#!/bin/sh\n")
    (tmp_path / "airflow").chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    target = tmp_path / "passwords.json"
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "AIRFLOW_ADMIN_PASSWORD": 'a "quoted" \\ $HOME',
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(target),
    }

    result = run(["bash", "-ec", script_of("airflow-init", "command")], environment)

    assert result.returncode == 0, result.stderr
    assert json.loads(target.read_text()) == {"admin": 'a "quoted" \\ $HOME'}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("AWS_ACCESS_KEY_ID", "set LOCAL_S3_ACCESS_KEY in .env"),
        ("AWS_SECRET_ACCESS_KEY", "set LOCAL_S3_SECRET_KEY in .env"),
    ],
)
def test_the_trial_s3_server_does_not_start_open(missing: str, message: str) -> None:
    """Without both keys the S3 server, which would then let everybody in, refuses to start and says what to set."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", missing: ""}

    result = run(["/bin/sh", "-ec", script_of("local-s3", "entrypoint")], {**keys, "PATH": os.environ["PATH"]})

    assert result.returncode != 0
    assert message in result.stderr
