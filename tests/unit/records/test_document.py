import gzip
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from insights.records.document import Document, read_document
from insights.records.event import REASONS

NAME = "trail.json.gz"


def packed(text: str | bytes) -> bytes:
    return gzip.compress(text.encode() if isinstance(text, str) else text, mtime=0)


def reasons(document: Document) -> list[tuple[str, int | None]]:
    return [(refusal.reason, refusal.index) for refusal in document.refusals]


@pytest.fixture
def good(record, body) -> bytes:
    return body(record(1), record(2))


class TestObjects:
    @pytest.mark.parametrize(
        ("saved_anew", "detail"),
        [
            (gzip.compress, "packed twice"),
            (lambda text: b"\xef\xbb\xbf" + text, "begins with a byte order mark"),
            (lambda text: text.decode().encode("utf-16"), "UTF-16"),
        ],
        ids=["gzip", "BOM", "UTF-16"],
    )
    def test_saved_anew(self, good: bytes, saved_anew: Callable[[bytes], bytes], detail: str) -> None:
        """Of an object that a program has packed or saved anew it is said what the program did."""
        document = read_document(NAME, packed(saved_anew(gzip.decompress(good))))

        assert reasons(document) == [("not_json", None)]
        assert document.refusals[0].detail.startswith(detail)

    def test_records(self, good: bytes) -> None:
        """All records of an object are read in order."""
        document = read_document(NAME, good)

        assert [each.event_id[:8] for each in document.records] == ["00000001", "00000002"]
        assert (document.records_in, document.refusals, document.others) == (2, [], {})

    def test_multi_member(self, good: bytes) -> None:
        """A gzip of several members is one text."""
        text = gzip.decompress(good)

        assert len(read_document(NAME, packed(text[:100]) + packed(text[100:])).records) == 2

    def test_not_compressed(self, good: bytes) -> None:
        """Plain JSON is read, whatever its name says."""
        plain = gzip.decompress(good)

        assert len(read_document("trail.json", plain).records) == 2
        assert len(read_document(NAME, plain).records) == 2

    def test_members_beside_records(self, record) -> None:
        """What else a document has beside Records does not matter."""
        assert len(read_document(NAME, packed(json.dumps({"a": 1, "Records": [record()], "b": [{}]}))).records) == 1

    def test_no_record(self) -> None:
        """A list without entries is no error."""
        assert read_document(NAME, packed('{"Records":[]}')) == Document()

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda good: b"", "empty_object"),
            (lambda good: b"\x00\x01 something", "not_gzip"),
            (lambda good: good[:-30], "truncated_gzip"),
            (lambda good: good[:-4], "truncated_gzip"),
            (lambda good: good[:5], "truncated_gzip"),
            (lambda good: good + b"tail", "truncated_gzip"),
            (lambda good: good[:-8] + b"\x00\x00\x00\x00" + good[-4:], "corrupt_gzip"),
            (lambda good: good[:20] + b"\xff\xff\xff\xff" + good[24:], "corrupt_gzip"),
        ],
        ids=[
            "empty", "not gzip", "blocks cut", "trailer cut", "header cut", "bytes behind", "wrong checksum",
            "wrong block",
        ],
    )  # fmt: skip
    def test_damage(self, good: bytes, damage: Callable[[bytes], bytes], reason: str) -> None:
        """An object that cannot be unpacked is one refusal with a reason and its bytes, and counts no records."""
        content = damage(good)
        document = read_document(NAME, content)

        assert reasons(document) == [(reason, None)]
        assert document.refusals[0].content == content
        assert (document.records, document.records_in) == ([], 0)
        assert reason in REASONS

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("", "not_json"),
            ("hello", "not_json"),
            ('{"Records":[{"eventName":"A"},', "not_json"),
            ('{"a":1}\n{"b":2}\n', "not_json"),
            ('{"@timestamp":"2026-11-01T13:05:07.123Z"}\n{"@timestamp":""}\n', "not_json"),
            ("[" * 100_000, "not_json"),
            ('{"Other":[' + "[" * 100_000 + "]" * 100_000 + "]}", "not_json"),
            ("[]", "no_records"),
            ("{}", "no_records"),
            ("null", "no_records"),
            ('{"Records":{}}', "no_records"),
            ('{"records":[]}', "no_records"),
        ],
        ids=[
            "no text", "words", "text cut", "lines", "Logstash", "open brackets", "too deep", "list", "object", "null",
            "Records is no list", "small letter",
        ],
    )  # fmt: skip
    def test_no_trail(self, text: str, reason: str) -> None:
        """A text that is no trail object is one refusal with a reason and the text, and counts no records."""
        document = read_document(NAME, packed(text))

        assert reasons(document) == [(reason, None)]
        assert document.refusals[0].content == text.encode()
        assert (document.records, document.records_in) == ([], 0)
        assert reason in REASONS

    def test_deep_record(self, record: Callable[..., dict[str, Any]]) -> None:
        """A record that is nested more deeply than any parser goes costs itself alone."""
        before, after = json.dumps(record(1)), json.dumps(record(3))
        deep = json.dumps(record(2, requestParameters="deep")).replace('"deep"', '{"a":' * 5000 + '"],"' + "}" * 5000)
        document = read_document(NAME, packed(f'{{"Records":[{before},{deep},{after}]}}'))

        assert [each.event_id[:8] for each in document.records] == ["00000001", "00000003"]
        assert document.positions == [0, 2]
        assert reasons(document) == [("not_json", 1)]
        assert document.refusals[0].content == deep.encode()

    @pytest.mark.parametrize(
        "content",
        [gzip.compress(b" " * 2**20, mtime=0), gzip.compress(b" " * 2**14, mtime=0) * 100, b"{" + b" " * 2**20],
        ids=["one member", "many members", "not compressed"],
    )
    def test_too_large(self, content: bytes) -> None:
        """What unpacks to more than the limit is refused, naming the limit and the setting; up to the limit it is
        read."""
        document = read_document(NAME, content, limit_bytes=2**20 - 1)

        assert reasons(document) == [("object_too_large", None)]
        assert "1,048,575" in document.refusals[0].detail
        assert "ingest.unpacked_megabytes" in document.refusals[0].detail
        assert reasons(read_document(NAME, content, limit_bytes=2**21)) == [("not_json", None)]

    def test_memory_of_a_bomb(self) -> None:
        """Of a bomb no more than the limit is ever unpacked."""
        bomb = gzip.compress(bytes(2**26), mtime=0)
        tracemalloc.start()
        read_document(NAME, bomb, limit_bytes=2**22)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert len(bomb) < 2**17
        assert peak_bytes < 2**24

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda good: good + good, "not_json"),
            (lambda good: good[:-30], "truncated_gzip"),
            (lambda good: good + b"tail", "truncated_gzip"),
            (lambda good: good[:-8] + b"\x00\x00\x00\x00" + good[-4:], "corrupt_gzip"),
            (lambda good: good[:20] + b"\xff\xff\xff\xff" + good[24:], "corrupt_gzip"),
        ],
        ids=["two documents", "blocks cut", "bytes behind", "wrong checksum", "wrong block"],
    )
    def test_damage_near_the_limit(self, good: bytes, damage: Callable[[bytes], bytes], reason: str) -> None:
        """What is unpacked piece by piece, since it might reach the limit, has its damage found like everything."""
        assert reasons(read_document(NAME, damage(good), limit_bytes=2**13)) == [(reason, None)]

    def test_good_near_the_limit(self, good: bytes) -> None:
        """Up to the last byte of the limit an object is read, several members and zeros behind them included."""
        text = gzip.decompress(good)
        members = packed(text[:100]) + packed(text[100:]) + bytes(512)

        assert len(read_document(NAME, members, limit_bytes=len(text)).records) == 2
        assert reasons(read_document(NAME, members, limit_bytes=len(text) - 1)) == [("object_too_large", None)]

    def test_explanations(self) -> None:
        """The detail says what a mistaken object is instead."""
        logstash = read_document(NAME, packed('{"@timestamp":1}\n{}\n')).refusals[0]
        strange = read_document(NAME, packed('{"message":"x","level":3}')).refusals[0]

        assert logstash.detail == "one JSON object a line (Logstash): not a trail object"
        assert strange.detail == "the members are level, message"


class TestRecords:
    """One bad record costs itself: records 0 and 2 of the object are good, record 1 is what the test says."""

    def read(self, record, middle: Any, replace: tuple[bytes, bytes] = (b"", b"")) -> Document:
        text = json.dumps({"Records": [record(0), middle, record(2)]}).encode().replace(*replace)
        return read_document(NAME, packed(text))

    @pytest.mark.parametrize("middle", [None, 1, "text", [], True])
    def test_no_object(self, record, middle: Any) -> None:
        """An entry that is no JSON object is refused."""
        document = self.read(record, middle)

        assert reasons(document) == [("record_not_an_object", 1)]
        assert (len(document.records), document.positions, document.records_in) == (2, [0, 2], 3)

    @pytest.mark.parametrize("member", ["eventTime", "eventSource", "eventName", "awsRegion"])
    def test_missing(self, record, member: str) -> None:
        """A record without a member that every record must have is refused, naming the member."""
        incomplete = record(1)
        del incomplete[member]
        document = self.read(record, incomplete)

        assert reasons(document) == [("missing_field", 1)]
        assert document.refusals[0].detail == member
        assert json.loads(document.refusals[0].content) == incomplete

    @pytest.mark.parametrize(
        "members",
        [
            {"eventTime": None},
            {"eventTime": 1793538307},
            {"eventTime": "yesterday"},
            {"eventTime": "2026-11-01T13:05:07.5+99:00"},
            {"eventTime": "0001-01-01T00:00:00.000+05:00"},
            {"eventTime": "9999-12-31T23:59:59.999Z"},
            {"eventTime": "2026-11-01"},
            {"eventTime": "2026-11-01T13Z"},
            {"eventName": None},
            {"eventSource": ["ec2.amazonaws.com"]},
            {"awsRegion": 1},
        ],
        ids=str,
    )
    def test_invalid(self, record, members: dict[str, Any]) -> None:
        """A record in which such a member has no usable value is refused, quoting the value."""
        document = self.read(record, record(1, **members))
        ((name, value),) = members.items()

        assert reasons(document) == [("invalid_field", 1)]
        assert document.refusals[0].detail == f"{name} is {json.dumps(value)}"

    def test_invalid_utf8(self, record) -> None:
        """Text that is not UTF-8 costs its record."""
        document = self.read(record, record(1, userAgent="BROKEN"), (b"BROKEN", b"\xff\xfe"))

        assert reasons(document) == [("invalid_text", 1)]
        assert b"\xff\xfe" in document.refusals[0].content

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" * 5000], ids=["NaN", "inf", "1e999", "digits"])
    def test_impossible_number(self, record, number: str) -> None:
        """A number that JSON does not have, or nobody can hold, costs its record."""
        document = self.read(record, record(1, newMember=["NUMBER"]), (b'"NUMBER"', number.encode()))

        assert reasons(document) == [("not_json", 1)]

    def test_duplicate_member(self, record) -> None:
        """Of a member that is there twice the last counts, as JSON parsers agree."""
        text = '{"Records":[{"eventName":"First",' + json.dumps(record(1, eventName="Second"))[1:] + "]}"

        assert [each.event_name for each in read_document(NAME, packed(text)).records] == ["Second"]

    def test_lone_surrogate(self, record) -> None:
        """Half a surrogate pair is legal JSON: the record stays, the text beside the column that cannot hold it."""
        document = self.read(record, record(1, userAgent="a\ud800b"))

        assert document.refusals == []
        assert document.records[1].user_agent == "a?b"
        assert json.loads(document.others[1]) == {"userAgent": "a\ud800b"}


def test_parts(record) -> None:
    """A document is cut in order; each record keeps its place and what does not fit its columns."""
    entries = [record(0), "no record", record(2, newMember=1), record(3), record(4, newMember=2)]
    document = read_document(NAME, packed(json.dumps({"Records": entries})))

    parts = list(document.parts(2))
    assert [[each.event_id[:8] for each in part.records] for part in parts] == [
        ["00000000", "00000002"],
        ["00000003", "00000004"],
    ]
    assert [part.positions for part in parts] == [[0, 2], [3, 4]]
    assert [part.others for part in parts] == [{1: '{"newMember": 1}'}, {1: '{"newMember": 2}'}]
    assert [part.positions for part in Document(document.records[:3]).parts(2)] == [[0, 1], [2]]


def test_without(record) -> None:
    """What is left of a document keeps its place and what does not fit its columns."""
    entries = [record(0), "no record", record(2, newMember=1), record(3), record(4, newMember=2)]
    left = read_document(NAME, packed(json.dumps({"Records": entries}))).without({0, 2})

    assert [each.event_id[:8] for each in left.records] == ["00000002", "00000004"]
    assert (left.positions, left.others) == ([2, 4], {0: '{"newMember": 1}', 1: '{"newMember": 2}'})
    assert Document(left.records).without({0}).positions == [1]


class TestJunk:
    """An object of junk costs about its size."""

    def test_rest_is_refused_together(self) -> None:
        """After so many refusals the rest is refused in one, which says how many there are and where they begin."""
        document = read_document(NAME, packed('{"Records":[' + ",".join(["0"] * 5_000) + "]}"))

        *single, rest = document.refusals
        assert [each.index for each in single] == list(range(1_000))
        assert (rest.reason, rest.index, rest.records) == ("mostly_refused", 1_000, 4_000)
        assert document.records_in == 5_000

    def test_good_records_make_up_for_bad_ones(self, record) -> None:
        """As long as hardly more than half are refused, every good record is kept."""
        entries = [entry for i in range(3_000) for entry in ("0", json.dumps(record(i)))]
        document = read_document(NAME, packed('{"Records":[' + ",".join(entries) + "]}"))

        assert (len(document.records), len(document.refusals), document.records_in) == (3_000, 3_000, 6_000)

    def test_dense(self) -> None:
        """What has many entries that are no records is not taken apart: a packed megabyte would need 40 GB."""
        body = packed('{"Records":[' + ",".join(["0"] * 2_000_000) + "]}")
        tracemalloc.start()
        document = read_document(NAME, body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert reasons(document) == [("mostly_no_records", None)]
        assert peak < 20 * 2**20

    def test_large_and_good(self, record) -> None:
        """Records with long lists of numbers are read, however many commas they have."""
        dense = record(1) | {"requestParameters": {"numbers": [0] * 600_000}, "errorCode": None}

        assert len(read_document(NAME, packed(json.dumps({"Records": [dense]}, separators=(",", ":")))).records) == 1
