"""Write the generated parts of these pages: whatever stands between `<!-- generated: NAME -->` and `<!-- end -->`.

    python docs/generate.py            writes them anew
    python docs/generate.py --check    changes nothing; names stale pages and ends with status 1

Tables of settings, commands, rules and columns come from the code that uses them, DAGs from their source (Airflow is
not imported). What code does not say, such as what a column means, stands in `words.toml`, which must be complete.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pyarrow as pa
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

from insights.cli.main import app
from insights.records import schemas
from insights.records.event import MEMBERS, REASONS, Refusal
from insights.records.partitions import EventHour
from insights.records.rules import EVENT_RULES, FactBetween, InSet, Matches, NotNull, Rule, UniqueInHour, WithinHour
from insights.settings import DetectSettings, Settings
from insights.stages import publish
from insights.statistics.parameters import Parameters
from insights.storage import counts, coverage, events, insights, integrity, ledger, publications, quality, quarantine
from insights.storage import reasons as candidates
from insights.storage.opening import open_store
from insights.storage.trail import TrailObject
from insights.windows import parse_instant

DOCS = Path(__file__).parent
PROJECT = DOCS.parent
WORDS: Mapping[str, Any] = tomllib.loads((DOCS / "words.toml").read_text(encoding="utf-8"))
TABLES = ("events", "minute_counts", "insights", "reasons", "quarantine", "ledger", "coverage", "integrity")

_SECTION = re.compile(r"(?<=<!-- generated: )([\w ]+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
_TYPES = {
    pa.string(): "text",
    pa.bool_(): "true or false",
    pa.int64(): "whole number",
    pa.float64(): "number",
    pa.binary(): "bytes",
    schemas.INSTANT: "instant",
    pa.list_(pa.string()): "list of texts",
}


def main(arguments: Sequence[str], folder: Path = DOCS) -> int:
    """Write the pages of a folder anew, or with `--check` only name those that are stale; give the exit status."""
    is_check = "--check" in arguments
    stale = [page for page in sorted(folder.glob("*.md")) if render(page.read_text("utf-8")) != page.read_text("utf-8")]
    for page in stale:
        print(f"{page.name} is stale: run make docs" if is_check else f"{page.name} written")
        if not is_check:
            page.write_text(render(page.read_text("utf-8")), encoding="utf-8")
    return int(is_check and bool(stale))


def render(page: str) -> str:
    """Give a page with its generated parts as they should be.

    Raises:
        KeyError: a part has a name nobody generates.
    """
    return _SECTION.sub(lambda part: f"{part[1]}{part[2]}{SECTIONS[part[1]]()}\n", page)


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
                _prose(meanings.pop(f"{table.name}.{key.name}")),
            )
            for key in msgspec.structs.fields(table.type)
        ]
        parts.append(
            f"## [{table.name}]\n{table.type.__doc__}\n\n{_table(('key', 'value', 'default', 'meaning'), rows)}"
        )
    _nothing_left(meanings, "include/trail-insights.toml")
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


def commands() -> str:
    """List every command with its options."""
    parts = []
    for name, command in _commands().items():
        rows = [(_option(option), _default(option), _prose(option.help or "")) for option in command.params]
        arguments = "".join(f" {p.name.upper()}" for p in command.params if p.param_type_name == "argument")
        parts.append(
            f"## `insights {name}{arguments}`\n{command.help}\n\n{_table(('option', 'default', 'meaning'), rows)}"
        )
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
    return _table(("sensitivity", *knobs.values()), rows)


def rules() -> str:
    """List the data-quality rules in the order of reports."""
    head = ("rule", "severity", "checked", "why", "what to do")
    return _table(head, [(f"`{r.id}`<br>{r.title}", r.severity, _checked(r), r.why, r.remedy) for r in EVENT_RULES])


def _checked(rule: Rule) -> str:
    match rule.check:
        case NotNull():
            return f"`{rule.column}` has a value"
        case UniqueInHour():
            return f"`{rule.column}` is unique in its hour"
        case WithinHour():
            return f"`{rule.column}` lies in the hour of its partition"
        case InSet(values):
            return f"`{rule.column}` is {' or '.join(f'`{value}`' for value in values)}"
        case Matches(pattern):
            return f"`{rule.column}` matches `{pattern}`"
        case FactBetween(fact, low, high):
            return f"`{fact}` is {low:g}" if low == high else f"`{fact}` lies in {low:g} … {high:g}"


def reasons() -> str:
    """List the reasons of quarantine rows, each with what to do."""
    remedies = dict(WORDS["reasons"])
    rows = [(f"`{reason}`", meaning, remedies.pop(reason)) for reason, meaning in REASONS.items()]
    _nothing_left(remedies, "words.toml [reasons]")
    return _table(("reason", "meaning", "what to do"), rows)


def files() -> str:
    """Name a file of each table, as the code that writes it does."""
    rows = [(f"`{table}`", WORDS["rows"][table], f"`{key}`") for table, key in _example_keys().items()]
    return _table(("folder", "a file holds", "for example"), rows)


def _example_keys() -> dict[str, str]:
    """Write one of everything to a store in memory and look how it is called."""
    store, hour = (
        open_store("memory://docs"),
        EventHour("111122223333", "us-east-1", parse_instant("2026-11-08T13:00Z")),
    )
    trail_object = TrailObject("…", "…", 1, hour.account_id, hour.region, hour.start, False)
    unit = ledger.unit_name([trail_object])
    store.put(events.hour_key(hour), b"")
    store.put(counts.hour_key(hour), b"")
    insights.write(store, _example_insight(hour))
    quarantine.write(store, [(trail_object, Refusal("not_json", "", None, b""))])
    outcome = {
        "records_in": 1,
        "kept": 0,
        "duplicate": 0,
        "out_of_scope": 0,
        "quarantined": 1,
        "partitions": [hour.path],
    }
    ledger.write(store, unit, [(trail_object, outcome)])
    store.put(candidates.day_key(hour.account_id, hour.region, hour.date), b"")
    store.put(coverage.day_key(hour.account_id, hour.region, hour.date), b"")
    store.put(integrity.day_key(hour.account_id, hour.region, hour.date), b"")
    quality.write(store, hour.day_path, quality.Judgement({}, {}, msgspec.Raw(b"{}")))
    place = (hour.account_id, hour.region)
    key = publish.object_key(place, hour.start, "e4a6a0577479b2b4")
    store.put(key, b"")
    publications.note_published(store, place, publications.Batch(object_key=key, items=(_example_item(hour),)))
    keys = {info.key.partition("/")[0]: info.key for info in store.list("")}
    # The second half of this name changes with the Parquet library.
    keys["quarantine"] = re.sub(r"-[0-9a-f]{12}\.", "-<hash of its content>.", keys["quarantine"])
    return {table: keys[table] for table in WORDS["rows"]}


def _example_item(hour: EventHour) -> publications.Item:
    return publications.Item(
        event_id="", event_time=str(hour.start), state="Start", record=msgspec.Raw(b"{}"), explanation=""
    )


def _example_insight(hour: EventHour) -> dict[str, Any]:
    blank: dict[Any, Any] = {pa.string(): "", pa.bool_(): False, pa.int64(): 0, pa.float64(): 0.0}
    row = {field.name: blank.get(field.type, hour.start) for field in schemas.INSIGHTS}
    return row | {"insight_id": "8db86c8d-67de-5a1d-ba74-7875f1c9d8c4"}


def columns(table: str) -> str:
    """List a table's columns with type and meaning; those of `events` name the record's member they come from."""
    schema: pa.Schema = getattr(schemas, table.upper())
    meanings = dict(WORDS["columns"][table])
    members = {member.column: f"`{member.name}`" for member in MEMBERS} if table == "events" else {}
    rows = []
    for field in schema:
        kind = _TYPES[field.type] + (", never null" if not field.nullable else "")
        known = [text for text in (members.get(field.name), meanings.pop(field.name, None)) if text]
        if not known:
            raise KeyError(f"words.toml does not say what {table}.{field.name} means")
        rows.append((f"`{field.name}`", kind, "; ".join(known)))
    _nothing_left(meanings, f"words.toml [columns.{table}]")
    return _table(("column", "type", "meaning"), rows)


def dags() -> str:
    """Describe every DAG from its source: when it runs, its tasks, its own words."""
    return "\n\n".join(_dag(path) for path in sorted((PROJECT / "dags").glob("*.py")))


def form() -> str:
    """List the fields of the form that triggers an initial analysis."""
    source = ast.parse((PROJECT / "insights/orchestration/schedule.py").read_text("utf-8"))
    fields = next(n.value for n in ast.walk(source) if isinstance(n, ast.Assign) and _names(n) == ["WINDOW_PARAMS"])
    assert isinstance(fields, ast.Dict)
    rows = []
    for field in fields.values:
        assert isinstance(field, ast.Call)
        said, default = _keywords(field), ast.literal_eval(field.args[0])
        rows.append((said["title"], "" if default is None else default, said["description"]))
    return _table(("field", "default", "meaning"), rows)


def _dag(path: Path) -> str:
    module = ast.parse(path.read_text("utf-8"))
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef))
    decorator = function.decorator_list[0]
    assert isinstance(decorator, ast.Call)
    said, flow = _keywords(decorator), ast.get_docstring(function) or ""
    used = {n.attr for n in ast.walk(function) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "tasks"}
    known = _tasks()
    rows = sorted((known[name] for name in used), key=lambda row: flow.index(row[0].strip("`")))
    return (
        f"## {function.name}\n"
        f"Runs {_when(said['schedule'])}; at most {said['max_active_runs']} at a time.\n{flow}\n\n"
        f"{ast.get_docstring(module)}\n\n{_table(('task', 'does', 'runs', 'changes'), rows)}"
    )


def _when(schedule: Any) -> str:
    if schedule is None:
        return "when somebody triggers it"
    if schedule == "@daily":
        return "every night at 00:00 UTC"
    if "SettledHourTimetable" in str(schedule):
        return "every hour, `trail.settle_minutes` after its end"
    if "deliveries" in str(schedule):
        return "when objects of the trail arrive, if `trail.notifications` is set"
    return "whenever " + " or ".join(f"`{_assets()[name]}`" for name in re.findall(r"\w+", schedule)) + " changes"


_TRIGGERS = {
    "all_success": "when all before it succeeded",
    "none_failed": "unless something before it failed",
    "all_done": "whatever became of the tasks before it",
}


def _tasks() -> dict[str, tuple[str, str, str, str]]:
    """Give the id of each task function's task, what it does, when it runs, and the assets it changes."""
    source = ast.parse((PROJECT / "insights/orchestration/tasks.py").read_text("utf-8"))
    found = {}
    for function in source.body:
        if isinstance(function, ast.FunctionDef) and function.decorator_list:
            call = function.decorator_list[0]
            said = _keywords(call) if isinstance(call, ast.Call) else {}
            trigger = _TRIGGERS[said.get("trigger_rule", "all_success")]
            outlets = [f"`{_assets()[name]}`" for name in re.findall(r"\w+", said.get("outlets", ""))]
            name = f"`{said.get('task_id', function.name)}`"
            found[function.name] = (name, ast.get_docstring(function) or "", trigger, ", ".join(outlets))
    return found


def _assets() -> dict[str, str]:
    """Give the name of every asset by the name of its constant."""
    source = ast.parse((PROJECT / "insights/orchestration/schedule.py").read_text("utf-8"))
    calls = [(_names(node)[0], node.value) for node in source.body if isinstance(node, ast.Assign)]
    return {
        name: _keywords(c)["name"] for name, c in calls if isinstance(c, ast.Call) and ast.unparse(c.func) == "Asset"
    }


def _names(node: ast.Assign) -> list[str]:
    return [ast.unparse(target) for target in node.targets]


def _keywords(call: ast.Call) -> dict[str, Any]:
    """Give the keyword arguments of a call: constants as they are, all else as source."""
    return {
        word.arg: word.value.value if isinstance(word.value, ast.Constant) else ast.unparse(word.value)
        for word in call.keywords
        if word.arg
    }


def _prose(text: str) -> str:
    """Keep what looks like a tag from being taken for one."""
    return text.replace("<", "&lt;")


def _nothing_left(known: Mapping[str, Any], where: str) -> None:
    if known:
        raise KeyError(f"{where} speaks of {', '.join(known)}, which the code does not know")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"


SECTIONS: dict[str, Callable[[], str]] = {
    "settings": settings_tables,
    "commands": commands,
    "presets": presets,
    "rules": rules,
    "reasons": reasons,
    "files": files,
    "dags": dags,
    "form": form,
    **{f"columns {table}": partial(columns, table) for table in TABLES},
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
