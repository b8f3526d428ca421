"""DAGs as Airflow reads them, and a process of its own to see what importing them costs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests import airflow_home


@pytest.fixture(scope="session", autouse=True)
def _airflow_home() -> None:
    airflow_home.set_up()


@pytest.fixture(scope="session")
def dag_bag() -> Any:
    """Everything in the dags folder, read as the DAG processor reads it."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(str(airflow_home.PROJECT / "dags"))


@pytest.fixture(scope="session")
def modules_after() -> Callable[[str], set[str]]:
    """Gives the modules that a fresh interpreter has after running some Python text at the project's root."""

    def modules(program: str) -> set[str]:
        show = f"{program}\nimport sys\nprint('\\n'.join(sys.modules))"
        done = subprocess.run(
            [sys.executable, "-c", show],
            cwd=airflow_home.PROJECT,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        return set(done.stdout.split())

    return modules
