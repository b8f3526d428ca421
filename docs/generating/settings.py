"""What a user may set and type: settings, sensitivities, commands."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import msgspec
import typer
from msgspec.inspect import (
    BoolType,
    FloatType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    UnionType,
    VarTupleType,
    type_info,
)

from docs.generating.markdown import PROJECT, markdown_table, nothing_left, prose
from insights.cli.main import app
from insights.settings import DetectSettings, Settings
from insights.statistics.parameters import Parameters


def settings_tables() -> str:
    """List every setting by table: what it may be, its default, its meaning."""
    meanings = settings_meanings((PROJECT / "include" / "trail-insights.toml").read_text("utf-8"))
    parts = []
    for table in msgspec.structs.fields(Settings):
        rows = [
            (
                f"`{key.name}`",
                _allowed(type_info(key.type)),
                _toml(getattr(Parameters(), key.name) if table.name == "method" else key.default),
                prose(meanings.pop(f"{table.name}.{key.name}")),
            )
            for key in msgspec.structs.fields(table.type)
        ]
        parts.append(
            f"## [{table.name}]\n{table.type.__doc__}\n\n{markdown_table(('key', 'value', 'default', 'meaning'), rows)}"
        )
    nothing_left(meanings, "include/trail-insights.toml")
    return "\n\n".join(parts)


def settings_meanings(text: str) -> dict[str, str]:
    """Read the comment above each key of the settings file, by `table.key`."""
    table = ""
    comment: list[str] = []
    meanings: dict[str, str] = {}
    for line in text.splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            table, comment = header[1], []
        elif line.startswith("# "):
            comment.append(line[2:])
        elif key := re.match(r"#?(\w+) = ", line):
            # A key without a comment of its own shares the one above.
            meanings[f"{table}.{key[1]}"] = " ".join(comment) or next(reversed(meanings.values()))
            comment = []
    return meanings


def _allowed(kind: Any) -> str:
    match kind:
        case BoolType():
            return "`true`, `false`"
        case LiteralType(values):
            return ", ".join(f"`{_toml(value).strip('`')}`" for value in values)
        case IntType(gt=above, ge=low, le=high) | FloatType(gt=above, ge=low, le=high):
            least = f"{low:g}" if above is None else f"more than {above:g}"
            return f"{least} … {high:g}" if high is not None else least + " or more" * (above is None)
        case UnionType(types=(kind, NoneType())):
            return _allowed(kind)
        case VarTupleType(item_type=item):
            named = {StructType: "tables", StrType: "texts"}
            return f"list of {named.get(type(item)) or _allowed(item)}"
        case _:
            return "text"


def _toml(value: Any) -> str:
    return f"`{msgspec.json.encode(value).decode().replace(',', ', ')}`"


def presets() -> str:
    """List what the named sensitivities set."""
    knobs = {
        "score_factor": "own record ×",
        "active_factor": "own record of minutes with calls ×",
        "count_factor": "largest count ×",
        "min_excess_calls": "calls above expected",
        "new_series_score": "score of a new series",
        "onboarding_days": "days a new service is held back",
    }
    names: tuple[str, ...] = get_args(get_type_hints(DetectSettings)["sensitivity"])
    order = sorted(names, key=lambda name: -Parameters.preset(name).score_factor)
    rows = [(f"`{name}`", *(f"{getattr(Parameters.preset(name), knob):g}" for knob in knobs)) for name in order]
    return markdown_table(("sensitivity", *knobs.values()), rows)


def commands() -> str:
    """List every command with its options."""
    parts = []
    for name, command in _commands().items():
        rows = [(_option(option), _default(option), prose(option.help or "")) for option in command.params]
        arguments = "".join(f" {p.name.upper()}" for p in command.params if p.param_type_name == "argument")
        options = markdown_table(("option", "default", "meaning"), rows)
        parts.append(f"## `insights {name}{arguments}`\n{command.help}\n\n{options}")
    return "\n\n".join(parts)


def _commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{option.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def _default(option: Any) -> str:
    if option.required:
        return "required"
    return "" if option.default in (None, False) else f"`{option.default}`"
