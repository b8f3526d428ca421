"""`insights verify`: whether the trail is as CloudTrail delivered it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from insights.cli.options import JsonOption, SettingsOption, TrailOption, instant_of, settings_of, window_of
from insights.cli.output import Output
from insights.errors import SettingsError
from insights.integrity.public_keys import KeysOfRegion, parse_public_keys
from insights.integrity.tally import Tally
from insights.integrity.verdicts import Finding, Kind
from insights.settings import Settings
from insights.stages.verification import verify_trail
from insights.stages.workspace import Workspace
from insights.windows import Window, parse_instant

_COLUMNS = ("account", "Region", "digests*", "log files*")


def verify(  # noqa: PLR0913 - each is an option of the command
    *,
    trail: TrailOption = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", help="Public keys, as list-public-keys prints them; default: integrity.keys_file, else AWS."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First instant of delivery (UTC); default: everything.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", help="First instant after the window; default with --start: now.")
    ] = None,
    account: Annotated[list[str] | None, typer.Option("--account", help="Only this account; may be repeated.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only this Region; may be repeated.")] = None,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify CloudTrail's digests, and every log file by them; ends with 1 if anything is not as it was delivered."""
    output = Output(as_json)
    workspace = Workspace(_chosen(settings_of(settings, trail=trail), account, region))
    window = _window(start, end, workspace)
    file = workspace.settings.integrity.keys_file
    with output.progress() as steps:
        tallies = verify_trail(
            window, workspace, _read_keys(keys or (Path(file) if file else None)), progress=steps.advance
        )
    output.document(_document(tallies))
    _print(output, tallies)
    if any(tally.problems for tally in tallies):
        raise typer.Exit(1)


def _chosen(settings: Settings, accounts: list[str] | None, regions: list[str] | None) -> Settings:
    trail = msgspec.structs.replace(
        settings.trail,
        accounts=tuple(accounts or settings.trail.accounts),
        regions=tuple(regions or settings.trail.regions),
    )
    return msgspec.structs.replace(settings, trail=trail)


def _window(start: str | None, end: str | None, workspace: Workspace) -> Window | None:
    if start is None and end is None:
        return None
    if start is None:
        raise typer.BadParameter("it needs --start: say from when on digests are expected", param_hint="--end")
    return window_of(parse_instant(start), instant_of(end, default=workspace.now()))


def _read_keys(file: Path | None) -> KeysOfRegion | None:
    """Read a list of public keys; it may hold those of several Regions."""
    if file is None:
        return None
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"the list of public keys {file} cannot be read: {error.strerror}") from error
    keys = parse_public_keys(content)
    return lambda region: keys


def _document(tallies: list[Tally]) -> dict[str, object]:
    return {
        "places": [
            {
                "account": tally.account_id,
                "region": tally.region,
                "digests": tally.numbers("digest"),
                "log_files": tally.numbers("log file"),
            }
            for tally in tallies
        ],
        "problems": [_entry(tally, finding) for tally in tallies for finding in tally.problems],
        "notes": [
            _entry(tally, finding) for tally in tallies for finding in tally.findings if not finding.verdict.is_problem
        ],
    }


def _entry(tally: Tally, finding: Finding) -> dict[str, str]:
    return {
        "account": tally.account_id,
        "region": tally.region,
        "kind": finding.kind,
        "key": finding.key,
        "verdict": str(finding.verdict),
        "message": finding.sentence,
    }


def _print(output: Output, tallies: list[Tally]) -> None:
    problems = sum(len(tally.problems) for tally in tallies)
    output.table(f"problems: {problems}", _COLUMNS, [_row(tally) for tally in tallies])
    findings = [finding for tally in tallies for finding in tally.findings]
    for finding in findings:
        label = "INVALID: " if finding.verdict.is_problem else ""
        output.say(f"{finding.kind} {finding.key}: {label}{finding.sentence}")
    for verdict in dict.fromkeys(finding.verdict for finding in findings):
        output.say(f"{verdict.words}: {verdict.meaning}")


def _row(tally: Tally) -> tuple[str, ...]:
    return (tally.account_id, tally.region, _numbers(tally, "digest"), _numbers(tally, "log file"))


def _numbers(tally: Tally, kind: Kind) -> str:
    """Say how many are valid, and how many are anything else."""
    valid, *others = tally.numbers(kind).items()
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in (valid, *(o for o in others if o[1])))
