"""Which trail the lake is about, what Insights are looked for in it, and how that is changed.

Selectors that were put through the API win over the settings, from the next run on. What is newly looked for is looked
for in all the history there is: its hours are marked as if they had just been counted, which is what `detect` goes by.
"""

from __future__ import annotations

from datetime import timedelta

from insights.errors import SettingsError
from insights.records.partitions import EventHour
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.records.trail_arn import TrailArn, parse_trail_arn
from insights.stages.workspace import Workspace
from insights.storage import changes, counts, selectors
from insights.storage.partitions import account_regions
from insights.windows import Window

DEFAULT_NAME = "trail-insights"
_USUAL_HOME = "us-east-1"
_NO_ACCOUNT = "000000000000"
_BETWEEN_MARKS = timedelta(days=30)
_ALWAYS = Window(counts.FIRST_HOUR, counts.LAST_HOUR)


def trail_of(workspace: Workspace) -> TrailArn:
    """Give the trail: by its ARN in the settings, else one named after the first account that there is.

    Raises:
        SettingsError: the setting is no trail ARN.
    """
    if arn := workspace.settings.trail.arn:
        try:
            return parse_trail_arn(arn)
        except ValueError as error:
            raise SettingsError(f"trail.arn: {error}; `aws cloudtrail list-trails` shows it") from error
    places = list(account_regions(workspace.lake, counts.TABLE))
    accounts = [*workspace.settings.trail.accounts, *(account for account, _ in places)]
    regions = sorted({region for _, region in places}, key=lambda region: (region != _USUAL_HOME, region))
    return TrailArn(next(iter(regions), _USUAL_HOME), next(iter(accounts), _NO_ACCOUNT), DEFAULT_NAME)


def selection_of(workspace: Workspace) -> Selection:
    """Give what is looked for: the selectors that were put, else what the settings name."""
    stored = selectors.read(workspace.lake).selection
    return _of_settings(workspace) if stored is None else stored


def put_selection(workspace: Workspace, selection: Selection) -> bool:
    """Look for this, and nothing else, from the next run on; tell whether anything is newly looked for.

    Raises:
        ConflictError: somebody else put selectors at the same time.
    """
    stored = selectors.read(workspace.lake)
    before = _of_settings(workspace) if stored.selection is None else stored.selection
    is_wider = bool(selection.pairs - before.pairs)
    if is_wider:
        # Marked first: a kill in between leaves marks too many, never too few.
        _mark_history(workspace)
    selectors.write(workspace.lake, selection, over=stored)
    return is_wider


def _of_settings(workspace: Workspace) -> Selection:
    chosen = workspace.settings.detect
    types = [
        kind
        for kind, is_on in ((InsightType.CALL_RATE, chosen.call_rate), (InsightType.ERROR_RATE, chosen.error_rate))
        if is_on
    ]
    return Selection.of((kind, chosen.categories) for kind in types)


def _mark_history(workspace: Workspace) -> None:
    """Mark enough counted hours of each place that detection joins them to one span, from the oldest to the newest."""
    lake = workspace.lake
    for account_id, region in counts.places(lake):
        last = None
        files = counts.files_of(lake, account_id, region, _ALWAYS)
        for file in files:
            if last is None or file.hour - last >= _BETWEEN_MARKS or file is files[-1]:
                changes.mark(lake, EventHour(account_id, region, file.hour), "selected anew")
                last = file.hour
