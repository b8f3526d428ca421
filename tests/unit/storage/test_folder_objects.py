"""What only a folder has to keep: its lock, and attributes in files of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from insights.errors import ConflictError
from insights.storage.opening import open_store


def test_attributes_of_a_copied_bucket(tmp_path: Path) -> None:
    """A folder takes attributes from what `aws s3api head-object` prints, saved beside the object."""
    (tmp_path / "key.json.gz").write_bytes(b"content")
    (tmp_path / "key.json.gz.metadata.json").write_text(
        '{"AcceptRanges": "bytes", "ContentLength": 7, "Metadata": {"signature": "5f"}}'
    )

    assert open_store(str(tmp_path)).get_with_attributes("key.json.gz") == (b"content", {"signature": "5f"})


def test_unreadable_attributes(tmp_path: Path) -> None:
    """A file of attributes that is none gives none."""
    (tmp_path / "key").write_bytes(b"content")
    (tmp_path / "key.metadata.json").write_bytes(b"\xff[")

    assert open_store(str(tmp_path)).get_with_attributes("key") == (b"content", {})


def test_two_stores_of_one_folder(tmp_path: Path) -> None:
    """Two openings of one folder, as two processes have them, respect each other's versions."""
    one, two = open_store(str(tmp_path)), open_store(str(tmp_path))
    one.put("key", b"first")
    version = two.get("key")[1]
    one.put("key", b"second", replacing=version)

    with pytest.raises(ConflictError):
        two.put("key", b"third", replacing=version)


def test_lock_is_no_object(tmp_path: Path) -> None:
    """What a folder needs to lock is not listed as an object of the lake."""
    store = open_store(str(tmp_path))
    store.put("key", b"first")
    store.put("key", b"second", replacing=store.get("key")[1])

    assert [info.key for info in store.list("")] == ["key"]
    assert [info.key for info in store.list_folder("").objects] == ["key"]
