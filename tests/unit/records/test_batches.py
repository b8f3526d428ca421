import json

import numpy as np
import pytest

from insights.records import batches
from insights.records.batches import Batch
from insights.records.document import Document, read_document


def document(*records: dict) -> Document:
    return read_document("x.json", json.dumps({"Records": records}).encode())


@pytest.fixture
def documents(record) -> list[Document]:
    """Objects whose records lack members, have such that no column takes, or were refused in between."""
    odd = {**record(2), "userIdentity": None, "errorCode": "AccessDenied", "newMember": 1}
    return [document(record(0), "no record", odd), document(record(3), record(4, tlsDetails={"tlsVersion": "TLSv1.3"}))]  # type: ignore[arg-type]


def test_documents(documents: list[Document]) -> None:
    """Records that were taken apart can be put together again."""
    batch = Batch()
    for source, each in enumerate(documents):
        batch.add(each, source)

    found = list(batch.documents())
    assert [source for _, source in found] == [0, 1]
    assert [each.records for each, _ in found] == [each.records for each in documents]
    assert [each.positions for each, _ in found] == [[0, 2], [0, 1]]
    assert [each.others for each, _ in found] == [each.others for each in documents]


def test_codes_of_absent_texts(documents: list[Document]) -> None:
    """What stands in place of an absent text's code is the code of some text: Arrow looks it up, unchecked, where it
    puts dictionaries together."""
    batch = Batch()
    for source, each in enumerate(documents):
        batch.add(each, source)
    errors = batch.codes["error_code"].array()

    assert errors.to_pylist() == [None, "AccessDenied", None, None]
    assert np.frombuffer(errors.indices.buffers()[1], np.int32, len(errors)).tolist() == [0, 0, 0, 0]


def test_halves(documents: list[Document]) -> None:
    """Halves have all records once, be they of several objects or of one."""
    batch = Batch()
    for source, each in enumerate(documents):
        batch.add(each, source)
    first, second = batch.halves()

    assert [each.records for each, _ in first.documents()] == [documents[0].records]
    assert [each.records for each, _ in second.documents()] == [documents[1].records]
    assert [len(half) for half in second.halves()] == [1, 1]


def test_room(record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is full by its records, or by the bytes of its texts."""
    one = document(record(1, requestParameters={"text": "x" * 1000}))
    monkeypatch.setattr(batches, "BATCH_RECORDS", 3)
    monkeypatch.setattr(batches, "BATCH_BYTES", 4000)
    batch = Batch()
    rooms = []
    for _ in range(4):
        rooms.append(batch.has_room(one))
        batch.add(one, 0)
    assert rooms == [True, True, True, False]

    monkeypatch.setattr(batches, "BATCH_BYTES", 1000)
    for full in (one, document(record(1, newMember="x" * 1000))):
        batch = Batch()
        batch.add(full, 0)
        assert not batch.has_room(one)
