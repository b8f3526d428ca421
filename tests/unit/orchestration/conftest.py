"""The timetable is an Airflow class: its tests need an Airflow home, and no database."""

from __future__ import annotations

import pytest

from tests import airflow_home


@pytest.fixture(scope="session", autouse=True)
def _airflow_home() -> None:
    airflow_home.set_up()
