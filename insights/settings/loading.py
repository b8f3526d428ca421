"""Reading the settings: the file, then the environment over it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from insights.errors import SettingsError
from insights.settings.refusals import explain, refuse_senseless, refuse_unknown_keys
from insights.settings.tables import Settings

ENVIRONMENT_PREFIX = "TRAIL_INSIGHTS__"
SETTINGS_VARIABLE = "TRAIL_INSIGHTS_SETTINGS"
DEFAULT_PATH = Path("include/trail-insights.toml")

_LIKE_OURS = re.compile("TRAIL_?INSIGHTS?_+", re.IGNORECASE)


def load_settings(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings file and the environment.

    Args:
        path: The file; by default what `TRAIL_INSIGHTS_SETTINGS` names, else `include/trail-insights.toml` if there is
            one.
        environment: Overrides, `TRAIL_INSIGHTS__TABLE__KEY`.

    Raises:
        SettingsError: a file that was named is missing or no TOML, or a key or value is wrong.
    """
    if path is not None:
        return parse_settings(_read(path, "name another one, or create it"), environment)
    if named := environment.get(SETTINGS_VARIABLE):
        return parse_settings(_read(Path(named), f"create it or unset {SETTINGS_VARIABLE}"), environment)
    return parse_settings(_read(DEFAULT_PATH, None), environment)


def parse_settings(document: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Check a settings document with its overrides.

    Raises:
        SettingsError: a table, key or value is wrong; the message names it and what is allowed.
    """
    merged: dict[str, Any] = {
        name: dict(table) if isinstance(table, Mapping) else table for name, table in document.items()
    }
    for variable, text in (environment or {}).items():
        if variable.startswith(ENVIRONMENT_PREFIX):
            _override(merged, variable, text)
        elif variable != SETTINGS_VARIABLE and _LIKE_OURS.match(variable):
            _refuse_misspelt(variable)
    refuse_unknown_keys(merged)
    try:
        settings = msgspec.convert(merged, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(explain(error, merged)) from error
    refuse_senseless(settings)
    return settings


def _read(path: Path, remedy: str | None) -> dict[str, Any]:
    """Read a file; without a remedy one that is not there is empty."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if remedy is None:
            return {}
        raise SettingsError(f"the settings file {path} is not there: {remedy}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read: {error.strerror}") from error


def _override(document: dict[str, Any], variable: str, text: str) -> None:
    parts = variable.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
    if len(parts) != 2:
        remedy = _right_variable(variable) or f"{ENVIRONMENT_PREFIX}TABLE__KEY"
        raise SettingsError(f"the environment variable {variable} names no setting: write {remedy}")
    table = document.setdefault(parts[0], {})
    if isinstance(table, dict):
        table[parts[1]] = _value(text)


def _refuse_misspelt(variable: str) -> None:
    """Refuse a variable that is nearly one of ours, which would be overlooked.

    Others may well begin as ours do: one may hold a secret of `api.keys`, and Kubernetes makes some for each service.
    """
    if right := _right_variable(variable):
        raise SettingsError(f"the environment variable {variable} sets nothing: write {right}")


def _right_variable(variable: str) -> str | None:
    """Give the variable that a misspelt one stands for."""
    import difflib  # takes as long as all settings

    tables = msgspec.structs.fields(Settings)
    keys = [(table.name, key.name) for table in tables for key in msgspec.structs.fields(table.type)]
    right = {f"{table}__{key}".upper(): f"{ENVIRONMENT_PREFIX}{table}__{key}".upper() for table, key in keys}
    right["SETTINGS"] = SETTINGS_VARIABLE
    name = _LIKE_OURS.sub("", variable).upper()
    # A key alone, whose table is left out.
    found = [right[each] for each in right if each.endswith(f"__{name}")]
    found += [right[each] for each in difflib.get_close_matches(name, right, n=1, cutoff=0.85)]
    return " or ".join(found) or None


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
