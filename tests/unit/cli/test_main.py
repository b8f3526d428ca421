from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights import __version__

Command = Callable[..., Any]
SPAN = ("--start", "2026-11-01", "--end", "2026-11-02")


def test_version(command: Command) -> None:
    """The version is printed, and nothing else."""
    answer = command("--version")

    assert (answer.status, answer.out) == (0, f"trail-insights {__version__}\n")


def test_help_names_the_commands(command: Command) -> None:
    """The help lists every command with what it does."""
    answer = command("--help")

    assert answer.status == 0
    for name in ("simulate", "run", "list", "show", "counts", "quality", "demo"):
        assert f" {name} " in answer.out


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["lsit"], "lsit"),
        (["run", "--start", "2026-11-01"], "--end"),
        (["list", "--jsno"], "--jsno"),
        (["run", *SPAN, "--workers", "0"], "--workers"),
        (["simulate", "--out", "t", "--start", "2026-11-01", "--days", "0"], "--days"),
        (["simulate", "--out", "t", "--start", "2026-11-01", "--layout", "flat"], "--layout"),
    ],
    ids=["command", "missing option", "option", "workers", "days", "layout"],
)
def test_wrong_use(command: Command, arguments: list[str], culprit: str) -> None:
    """Wrong use ends with status 2, names the culprit on standard error, and does nothing."""
    answer = command(*arguments)

    assert answer.status == 2
    assert culprit in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list"], "the setting lake.url is empty"),
        (
            ["list", "--lake", "gs://bucket"],
            "'gs://bucket' is no place we can open: write s3://bucket/prefix or a path",
        ),
        (["list", "--settings", "mine.toml"], "the settings file mine.toml is not there"),
        (["counts", "--lake", "lake", "--start", "tomorrow", "--end", "2026-11-02"], "'tomorrow' is not a time"),
        (["quality", "--lake", "lake", "--start", "2026-11-02", "--end", "2026-11-01"], "its end must be later"),
        (["simulate", "--out", "t", "--start", "2026-11-01", "--scenario", "loud"], "there is no scenario 'loud'"),
    ],
    ids=["no lake", "unknown store", "no settings file", "no time", "empty window", "unknown scenario"],
)
def test_failure_is_explained(command: Command, arguments: list[str], message: str) -> None:
    """A failure ends with status 1 and says on standard error what to do; no program reads it as a result."""
    answer = command(*arguments)

    assert answer.status == 1
    assert message in answer.err
    assert answer.err.startswith("error: ")
    assert answer.out == ""


def test_wrong_setting_is_named(command: Command, tmp_path: Path) -> None:
    """A mistyped key of the settings file is named, with the one that was meant."""
    file = tmp_path / "mine.toml"
    file.write_text('[lake]\nulr = "lake"\n')

    answer = command("list", "--settings", file)

    assert answer.status == 1
    assert "there is no setting lake.ulr: did you mean url?" in answer.err


def test_message_stays_on_one_line(command: Command) -> None:
    """However narrow the terminal, a path can be copied out of a message; nothing in it can rewrite the terminal."""
    answer = command("list", "--settings", f"{'long-' * 60}\x1b[2J.toml")

    assert answer.status == 1
    assert answer.err.count("\n") == 1
    assert "long-" * 60 in answer.err
    assert "\x1b" not in answer.err


def test_ctrl_c(command: Command, monkeypatch: pytest.MonkeyPatch, lake: Path) -> None:
    """Ctrl-C ends a command with the status a shell expects, without a stack of code lines."""

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("insights.cli.look.table.read", pressed)

    answer = command("list", "--lake", lake)

    assert answer.status == 130
    assert "Traceback" not in answer.err
