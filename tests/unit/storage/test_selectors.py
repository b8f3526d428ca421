from __future__ import annotations

import pytest

from insights.errors import ConflictError, StorageError
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.storage import selectors
from insights.storage.opening import open_store

BOTH = Selection.of([(InsightType.CALL_RATE, ["Data", "Management"]), (InsightType.ERROR_RATE, ["Data"])])


@pytest.mark.parametrize("selection", [BOTH, Selection(frozenset())])
def test_round_trip(selection: Selection) -> None:
    """What was put is read, nothing at all too."""
    lake = open_store("memory://lake")
    selectors.write(lake, selection, over=selectors.read(lake))

    assert selectors.read(lake).selection == selection


def test_never_put() -> None:
    """Never having put any is not the same as having put none."""
    assert selectors.read(open_store("memory://lake")).selection is None


def test_race() -> None:
    """Of two who read the same selectors only one puts others over them."""
    lake = open_store("memory://lake")
    first = second = selectors.read(lake)
    selectors.write(lake, BOTH, over=first)

    with pytest.raises(ConflictError):
        selectors.write(lake, Selection(frozenset()), over=second)
    assert selectors.read(lake).selection == BOTH


def test_damaged() -> None:
    """A file that holds something else is named, not taken for no selectors."""
    lake = open_store("memory://lake")
    lake.put(selectors.KEY, b'[{"insight_type": "Other", "event_categories": []}]')

    with pytest.raises(StorageError, match=r"insight-selectors\.json holds no Insight selectors"):
        selectors.read(lake)
