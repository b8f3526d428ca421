from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_nobody_was_let_in(command: Callable[..., Any], tmp_path: Path) -> None:
    """A server that knows no credentials does not start by itself: letting everybody in has to be said."""
    answer = command("serve", "--lake", tmp_path)

    assert answer.status == 1
    assert "api.keys" in answer.err
    assert "say --no-auth" in answer.err


def test_no_secret(command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose secret is not there is told at the start, with what to do."""
    monkeypatch.setenv("TRAIL_INSIGHTS__API__KEYS", '[{id = "READER", secret = "env:READER_SECRET"}]')
    answer = command("serve", "--lake", tmp_path)

    assert answer.status == 1
    assert "READER is not there: set the variable READER_SECRET" in answer.err


def test_others_could_reach_it(command: Callable[..., Any], tmp_path: Path) -> None:
    """Without authentication it listens on this machine's own interface only."""
    for host in ("0.0.0.0", "::", "192.0.2.1"):  # noqa: S104 - refused
        answer = command("serve", "--lake", tmp_path, "--no-auth", "--host", host)
        assert answer.status == 1
        assert f"{host} can be reached by others" in answer.err


def test_no_lake(command: Callable[..., Any], tmp_path: Path) -> None:
    """A lake that is not there is told at the start, and none is made."""
    arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"
    answer = command("serve", "--lake", tmp_path / "nowhere", "--no-auth", "--trail-arn", arn)

    assert answer.status == 1
    assert "there is no lake in" in answer.err
    assert not (tmp_path / "nowhere").exists()


def test_no_arn(command: Callable[..., Any], tmp_path: Path) -> None:
    """An ARN that is none is told at the start."""
    answer = command("serve", "--lake", tmp_path, "--no-auth", "--trail-arn", "my-trail")

    assert answer.status == 1
    assert "trail.arn: 'my-trail' is no trail ARN" in answer.err
