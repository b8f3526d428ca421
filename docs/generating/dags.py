"""DAGs, as their source describes them; Airflow is not imported."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from docs.generating.markdown import PROJECT, markdown_table

_TRIGGERS = {
    "all_success": "when all before it succeeded",
    "none_failed": "unless something before it failed",
    "all_done": "whatever became of the tasks before it",
}


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
    return markdown_table(("field", "default", "meaning"), rows)


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
        f"{ast.get_docstring(module)}\n\n{markdown_table(('task', 'does', 'runs', 'changes'), rows)}"
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
