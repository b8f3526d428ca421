import json

import msgspec
import numpy as np
import pytest

from insights.records import batches
from insights.records.batches import Batch, halves, parts
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
    batch = Batch.of((each, source) for source, each in enumerate(documents))

    found = list(batch.documents())
    assert [source for _, source in found] == [0, 1]
    assert [each.records for each, _ in found] == [each.records for each in documents]
    assert [each.positions for each, _ in found] == [[0, 2], [0, 1]]
    assert [each.others for each, _ in found] == [each.others for each in documents]


def test_codes_of_absent_texts(documents: list[Document]) -> None:
    """What stands in place of an absent text's code is the code of some text: Arrow looks it up, unchecked, where it
    puts dictionaries together."""
    batch = Batch.of((each, source) for source, each in enumerate(documents))
    errors = batch.codes["error_code"].array()

    assert errors.to_pylist() == [None, "AccessDenied", None, None]
    assert np.frombuffer(errors.indices.buffers()[1], np.int32, len(errors)).tolist() == [0, 0, 0, 0]


def test_codes_of_many_texts(record) -> None:
    """As many texts as a batch has records have a code each."""
    agents = [f"agent/{i}" for i in range(batches.BATCH_RECORDS)]
    one = document(record(1))
    one.records = [msgspec.structs.replace(one.records[0], user_agent=agent) for agent in agents]
    batch = Batch.of([(one, 0)])

    assert batch.codes["user_agent"].array().to_pylist() == agents


def test_halves(documents: list[Document]) -> None:
    """Halves have all records once, be they of several objects or of one; a single record cannot be cut."""
    first, second = halves([(each, source) for source, each in enumerate(documents)])
    assert [each.records for each, _ in first] == [documents[0].records]
    assert [each.records for each, _ in second] == [documents[1].records]

    one, other = halves(second)
    assert [record for half in (one, other) for each, _ in half for record in each.records] == documents[1].records
    assert [source for half in (one, other) for _, source in half] == [1, 1]
    with pytest.raises(ValueError, match="cannot be cut"):
        list(halves(one))


def test_room(record, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is full by its records, or by the text of its objects."""
    one = document(record(1))
    monkeypatch.setattr(batches, "BATCH_RECORDS", 3)
    batch = Batch()
    rooms = []
    for _ in range(4):
        rooms.append(batch.has_room(one))
        batch.add(one, 0)
    assert rooms == [True, True, True, False]

    monkeypatch.setattr(batches, "BATCH_BYTES", 4000)
    for long in ({"requestParameters": {"text": "x" * 2000}}, {"userAgent": "x" * 2000}, {"newMember": "x" * 2000}):
        full = document(record(1, **long))
        batch = Batch.of([(full, 0)])
        assert batch.has_room(one)
        assert not batch.has_room(full)


@pytest.mark.parametrize("member", ["userAgent", "requestID", "requestParameters"])
def test_parts(record, member: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object of long texts is cut into parts of a batch's bytes, whatever member they are of."""
    monkeypatch.setattr(batches, "BATCH_BYTES", 10_000)
    whole = document(*(record(i, **{member: f"{i}{'x' * 3000}"}) for i in range(7)))
    found = list(parts(whole))

    assert [record for part in found for record in part.records] == whole.records
    assert max(len(part.records) for part in found) == 2
    assert all(Batch().has_room(part) for part in found)
    assert [len(part.records) for part in parts(document(record(1), record(2)))] == [2]
