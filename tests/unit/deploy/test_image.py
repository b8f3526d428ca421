"""What goes into the image, and what must not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_base_image_is_the_pinned_airflow() -> None:
    """Image, project and lock file name one Airflow, so that installing never replaces the image's own by another."""
    base = re.search(r"^ARG AIRFLOW_IMAGE=apache/airflow:([\d.]+)-python", (ROOT / "Dockerfile").read_text(), re.M)
    locked = re.search(r"^apache-airflow==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.M)
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

    assert base is not None
    assert locked is not None
    assert base[1] == locked[1]
    assert f"apache-airflow=={base[1]}" in dependencies


def test_dependencies_are_installed_by_hash() -> None:
    """The image takes no package whose content is not the locked one."""
    installs = re.findall(r"pip install .*", (ROOT / "Dockerfile").read_text())

    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []


def test_the_build_sees_only_what_is_named() -> None:
    """All is left out of the build but the named entries, and everything the Dockerfile copies is among them."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.M)

    assert rules[0] == "*"
    assert {f"!{source}" for line in copied for source in line.split()} <= set(rules)
    assert rules[-1] == "**/.env*"
