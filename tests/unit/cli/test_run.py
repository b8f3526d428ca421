"""Which span `insights run` hands to the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from insights.cli import run as cli
from insights.settings import Settings
from insights.stages import pipeline
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant

Command = Callable[..., Any]
NOON = parse_instant("2026-11-01T12:00:30")


class Handed(Exception):
    """What the pipeline was asked to do."""


@pytest.fixture
def handed(command: Command, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Window]:
    """Gives the window that the pipeline is handed by a command at noon."""

    def run(window: Window, settings: Settings, **options: Any) -> None:
        raise Handed(window)

    monkeypatch.setattr(pipeline, "run", run)
    monkeypatch.setattr(cli, "Workspace", partial(Workspace, now=lambda: NOON))

    def asked(*arguments: str) -> Window:
        with pytest.raises(Handed) as found:
            command("run", "--trail", "trail", "--lake", "lake", *arguments)
        return found.value.args[0]

    return asked


def test_past(handed: Callable[..., Window]) -> None:
    """A window that is over is read as it was asked for."""
    assert str(handed("--start", "2026-11-01T10:00", "--end", "2026-11-01T11:00")) == (
        "2026-11-01T10:00:00Z/2026-11-01T11:00:00Z"
    )


def test_today(handed: Callable[..., Window], capsys: pytest.CaptureFixture[str]) -> None:
    """Of a day that is not over that is read which can be delivered by now: the rest must not be noted as read."""
    window = handed("--start", "2026-11-01", "--end", "2026-11-02")

    assert window.end + timedelta(minutes=20) <= NOON
    assert str(window) == "2026-11-01T00:00:00Z/2026-11-01T11:40:00Z"
    assert "read up to 2026-11-01T11:40:00Z" in capsys.readouterr().out


def test_future(command: Command, handed: Callable[..., Window]) -> None:
    """A window of which nothing can be delivered yet is refused, with the instant up to which something can."""
    answer = command("run", "--trail", "t", "--lake", "l", "--start", "2026-11-01T11:50", "--end", "2026-11-01T13:00")

    assert answer.status == 1
    assert "is still to be delivered: end by 2026-11-01T11:40:00Z" in answer.err
