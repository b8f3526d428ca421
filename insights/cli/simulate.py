"""`insights simulate`: write a seeded trail with labelled incidents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from insights.cli.options import JsonOption
from insights.cli.output import Output
from insights.simulate import SCENARIOS, TrailObject, scenario, truth
from insights.simulate import simulate as simulate_trail
from insights.storage.objects import ObjectStore, open_store
from insights.windows import HOUR, parse_instant

_IN_FLIGHT = 32


def simulate(
    *,
    out: Annotated[str, typer.Option("--out", help="Where the trail goes: s3://bucket/prefix or a folder.")],
    start: Annotated[str, typer.Option("--start", help="First instant of the trail (UTC).")],
    days: Annotated[float, typer.Option("--days", min=0.01, help="Length in days.")] = 8.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    name: Annotated[str, typer.Option("--scenario", help=f"One of: {', '.join(SCENARIOS)}.")] = "default",
    calls_per_hour: Annotated[float, typer.Option("--calls-per-hour", help="Mean per account and Region.")] = 200.0,
    layout: Annotated[str, typer.Option("--layout", help="account or organization.")] = "account",
    truth_file: Annotated[Path | None, typer.Option("--truth", help="Where the list of incidents goes (JSON).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a trail in AWS's key layout, with the incidents it holds listed in a truth file."""
    output = Output(as_json)
    if layout not in ("account", "organization"):
        raise typer.BadParameter(f"{layout!r} is neither account nor organization", param_hint="--layout")
    plan = scenario(
        name,
        start=parse_instant(start),
        days=days,
        seed=seed,
        calls_per_hour=calls_per_hour,
        layout="organization" if layout == "organization" else "account",
    )
    store = open_store(out, create=True)
    objects = records = 0
    hours = max(round(days * 24), 1)
    with output.progress() as steps:
        for each in write(store, simulate_trail(plan)):
            objects += 1
            records += each.records
            steps.advance("simulated hours", min(int((each.delivered_at - plan.start) / HOUR), hours), hours)
    incidents = truth(plan)
    if truth_file is not None:
        truth_file.write_text(json.dumps(incidents, indent=2) + "\n", encoding="utf-8")
    output.document({"objects": objects, "records": records, "incidents": incidents})
    output.say(f"{records} records in {objects} objects, incidents: {len(incidents)}; in {out}")


def write(store: ObjectStore, objects: Iterable[TrailObject]) -> Iterator[TrailObject]:
    """Put objects, a few at a time, and yield each once it is there."""
    with ThreadPoolExecutor(8) as pool:
        flying: list[tuple[TrailObject, Future[None]]] = []
        for each in objects:
            flying.append((each, pool.submit(store.put, each.key, each.body)))
            if len(flying) >= _IN_FLIGHT:
                done, future = flying.pop(0)
                future.result()
                yield done
        for done, future in flying:
            future.result()
            yield done
