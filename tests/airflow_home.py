"""An Airflow for tests: a home of its own, SQLite, our DAGs and plugin.

To be set up before anything imports Airflow, which reads its environment then; that is why nothing here imports it at
the top, and why tests that do not ask for it do not pay for it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@cache
def set_up() -> Path:
    """Point this process's Airflow to a temporary home without a database; gives its folder."""
    home = Path(tempfile.mkdtemp(prefix="trail-insights-airflow-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return home


@cache
def set_up_database() -> None:
    """Make the metadata database."""
    set_up()
    from airflow.utils.db import initdb

    initdb()
