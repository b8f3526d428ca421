"""`insights simulate`: write a seeded trail with labelled incidents."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from insights.cli.options import JsonOption, window_of
from insights.cli.output import Output, writing
from insights.integrity.places import place_of
from insights.records.event import LATEST
from insights.simulate import (
    SCENARIOS,
    SignedDigest,
    TrailObject,
    TrailPlan,
    public_key_list,
    scenario,
    seeded_key,
    truth,
    with_digests,
)
from insights.simulate import simulate as simulate_trail
from insights.simulate.digests import BUCKET
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.windows import HOUR, parse_instant

_IN_FLIGHT = 32

Delivered = TypeVar("Delivered", TrailObject, TrailObject | SignedDigest)


def simulate(  # noqa: PLR0913 - each is an option of the command
    *,
    out: Annotated[str, typer.Option("--out", help="Where the trail goes: s3://bucket/prefix or a folder.")],
    start: Annotated[str, typer.Option("--start", help="First instant of the trail (UTC).")],
    days: Annotated[float, typer.Option("--days", min=0.01, max=3660, help="Length in days.")] = 8.0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    name: Annotated[str, typer.Option("--scenario", help=f"One of: {', '.join(SCENARIOS)}.")] = "default",
    calls_per_hour: Annotated[
        float, typer.Option("--calls-per-hour", min=0, max=10_000_000, help="Mean per account and Region.")
    ] = 200.0,
    layout: Annotated[str, typer.Option("--layout", help="account or organization.")] = "account",
    truth_file: Annotated[Path | None, typer.Option("--truth", help="Where the list of incidents goes (JSON).")] = None,
    keys_file: Annotated[
        Path | None, typer.Option("--digests", help="Add signed digests; their public keys go there (JSON).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a trail in AWS's key layout, with the incidents it holds listed in a truth file."""
    output = Output(as_json)
    if layout not in ("account", "organization"):
        raise typer.BadParameter(f"{layout!r} is neither account nor organization", param_hint="--layout")
    plan = scenario(
        name,
        start=window_of(parse_instant(start), LATEST).start,
        days=days,
        seed=seed,
        calls_per_hour=calls_per_hour,
        layout="organization" if layout == "organization" else "account",
    )
    store = open_store(out, create=True)
    objects = digests = records = 0
    hours = max(round(days * 24), 1)
    with output.progress() as steps, closing(write(store, _delivered(plan, store, keys_file))) as written:
        for each in written:
            objects += isinstance(each, TrailObject)
            digests += isinstance(each, SignedDigest)
            records += each.records if isinstance(each, TrailObject) else 0
            steps.advance("simulated hours", min(int((each.delivered_at - plan.start) / HOUR), hours), hours)
    incidents = truth(plan)
    if truth_file is not None:
        with writing(truth_file):
            truth_file.write_text(json.dumps(incidents, indent=2) + "\n", encoding="utf-8")
    output.document({"objects": objects, "digests": digests, "records": records, "incidents": incidents})
    output.say(f"{records} records in {objects} objects, incidents: {len(incidents)}; in {out}")


def _delivered(plan: TrailPlan, store: ObjectStore, keys_file: Path | None) -> Iterator[TrailObject | SignedDigest]:
    """Simulate a trail, with digests where there is a file for their public keys."""
    if keys_file is None:
        yield from simulate_trail(plan)
        return
    key, place = seeded_key(plan.seed), place_of(store.url)
    with writing(keys_file):
        keys_file.write_bytes(public_key_list(plan, key))
    yield from with_digests(plan, simulate_trail(plan), key, bucket=place.bucket or BUCKET, root=place.prefix)


def write(store: ObjectStore, objects: Iterable[Delivered]) -> Generator[Delivered]:
    """Put objects, a few at a time, and yield each once it is there. Close it if you do not read it to its end."""
    with ThreadPoolExecutor(8) as pool:
        flying: list[tuple[Delivered, Future[None]]] = []
        for each in objects:
            attributes = each.attributes if isinstance(each, SignedDigest) else None
            flying.append((each, pool.submit(store.put, each.key, each.body, attributes=attributes)))
            if len(flying) >= _IN_FLIGHT:
                done, future = flying.pop(0)
                future.result()
                yield done
        for done, future in flying:
            future.result()
            yield done
