"""Options that several commands share, and the settings they make."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from insights.settings import Settings, load_settings

TrailOption = Annotated[str | None, typer.Option("--trail", help="The trail: s3://bucket/prefix or a folder.")]
LakeOption = Annotated[str | None, typer.Option("--lake", help="The lake: s3://bucket/prefix or a folder.")]
SettingsOption = Annotated[Path | None, typer.Option("--settings", help="The settings file (TOML).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
StartOption = Annotated[str, typer.Option("--start", help="First instant, like 2026-11-01T00:00 (UTC).")]
EndOption = Annotated[str, typer.Option("--end", help="First instant after the window.")]


def settings_of(settings: Path | None, *, trail: str | None = None, lake: str | None = None) -> Settings:
    """Load the settings; what the command line names wins."""
    chosen = load_settings(settings)
    if trail is not None:
        chosen = msgspec.structs.replace(chosen, trail=msgspec.structs.replace(chosen.trail, url=trail))
    if lake is not None:
        chosen = msgspec.structs.replace(chosen, lake=msgspec.structs.replace(chosen.lake, url=lake))
    return chosen
