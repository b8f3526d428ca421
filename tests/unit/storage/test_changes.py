from datetime import UTC, datetime
from pathlib import Path

from insights.records.partitions import EventHour
from insights.storage import changes
from insights.storage.opening import open_store

HOUR = EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 13, tzinfo=UTC))


def test_nothing_is_pending_once_all_is_judged(tmp_path: Path) -> None:
    """Not even where the lake is a folder, which keeps the folders of marks that are gone."""
    lake = open_store(str(tmp_path))
    changes.mark(lake, HOUR, "v1")
    ((place, marks),) = changes.pending(lake).items()
    changes.clear(lake, marks)

    assert (place, [each.hour for each in marks]) == (("111122223333", "us-east-1"), [HOUR.start])
    assert changes.pending(lake) == {}


def test_one_mark_for_each_version(tmp_path: Path) -> None:
    """Marking a version twice is marking it once; another version has a mark of its own."""
    lake = open_store(str(tmp_path))
    for version in ("v1", "v1", "v2"):
        changes.mark(lake, HOUR, version)

    assert len(changes.pending(lake)["111122223333", "us-east-1"]) == 2
