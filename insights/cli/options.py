"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from insights.errors import WindowError
from insights.records.event import EARLIEST, LATEST
from insights.settings import Settings, load_settings
from insights.stages.workspace import Workspace
from insights.windows import Window, format_instant, parse_instant

TrailOption = Annotated[str | None, typer.Option("--trail", help="The trail: s3://bucket/prefix or a folder.")]
LakeOption = Annotated[str | None, typer.Option("--lake", help="The lake: s3://bucket/prefix or a folder.")]
SettingsOption = Annotated[Path | None, typer.Option("--settings", help="The settings file (TOML).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
StartOption = Annotated[str, typer.Option("--start", help="First instant, like 2026-11-01T00:00 (UTC).")]
EndOption = Annotated[str, typer.Option("--end", help="First instant after the window.")]
NowOption = Annotated[str | None, typer.Option("--end", help="First instant after the window; default: now.")]
"""Where `--end` may be left out."""


def instant_of(text: str | None, *, default: datetime) -> datetime:
    """Read an instant that may be left out."""
    return default if text is None else parse_instant(text)


def window_of(start: datetime, end: datetime) -> Window:
    """Give the window of a command.

    Raises:
        WindowError: it is empty, or reaches beyond the times that a call can have.
    """
    window = Window(start, end)
    if window.start < EARLIEST or window.end > LATEST:
        raise WindowError(
            f"the window {window} reaches beyond {format_instant(EARLIEST)}/{format_instant(LATEST)}, in which all "
            "calls lie: begin later or end earlier"
        )
    return window


def workspace_of(settings: Path | None, lake: str | None) -> Workspace:
    """Give the workspace of a command that reads a lake, which has to be there."""
    return Workspace(settings_of(settings, lake=lake), creates_lake=False)


def settings_of(settings: Path | None, *, trail: str | None = None, lake: str | None = None) -> Settings:
    """Load the settings; what the command line names wins."""
    chosen = load_settings(settings)
    if trail is not None:
        chosen = msgspec.structs.replace(chosen, trail=msgspec.structs.replace(chosen.trail, url=trail))
    if lake is not None:
        chosen = msgspec.structs.replace(chosen, lake=msgspec.structs.replace(chosen.lake, url=lake))
    return chosen
