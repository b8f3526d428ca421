from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from insights.records.object_keys import NotTrail, TrailKey, folder_may_hold, format_key, parse_key
from insights.windows import HOUR, Window

REGIONS = st.from_regex(r"[a-z]{2}(-gov|-iso)?-(north|south|east|west|central){1,2}-[1-9]", fullmatch=True)
KEYS = st.builds(
    TrailKey,
    account_id=st.from_regex(r"[0-9]{12}", fullmatch=True),
    region=REGIONS,
    delivered_at=st.datetimes(datetime(2013, 11, 13), datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
    unique=st.from_regex(r"[A-Za-z0-9]{16}", fullmatch=True),
    suffix=st.sampled_from([".json.gz", ".json"]),
)
PREFIXES = st.lists(st.from_regex(r"[A-Za-z0-9!_.*'()-]{1,20}", fullmatch=True), max_size=3).map("/".join)
ORGANIZATIONS = st.one_of(st.just(""), st.from_regex(r"o-[a-z0-9]{10,32}", fullmatch=True))


@given(KEYS, PREFIXES, ORGANIZATIONS)
def test_round_trip(key: TrailKey, prefix: str, organization_id: str) -> None:
    """Whatever the prefix and layout, a key that is written is read as what it was."""
    assert parse_key(format_key(key, prefix=prefix, organization_id=organization_id)) == key


@given(KEYS, PREFIXES, st.sampled_from(["Insight", "Digest", "NetworkActivity", "Aggregated"]))
def test_siblings(key: TrailKey, prefix: str, sibling: str) -> None:
    """A sibling's key is never taken for one of the trail's."""
    assert parse_key(format_key(key, prefix=prefix, folder=f"CloudTrail-{sibling}")) is NotTrail.SIBLING


@given(KEYS, PREFIXES, ORGANIZATIONS)
def test_no_folder_hides_an_object(key: TrailKey, prefix: str, organization_id: str) -> None:
    """On the way to an object no folder is passed over in a search of the hour it was delivered in."""
    hour = Window(key.delivered_at, key.delivered_at + HOUR)
    parts = format_key(key, prefix=prefix, organization_id=organization_id).split("/")[:-1]

    assert all(folder_may_hold("/".join(parts[: depth + 1]) + "/", hour) for depth in range(len(parts)))


@given(st.text())
def test_any_text(text: str) -> None:
    """Any key whatever is a trail object's or says why not."""
    assert isinstance(parse_key(text), TrailKey | NotTrail)
