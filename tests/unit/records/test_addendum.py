import json
from typing import Any

import pytest

from insights.records.addendum import corrected_event_id

# The form of AWS CloudTrail User Guide, "CloudTrail record contents", addendum.
UPDATED = {
    "reason": "UPDATED_DATA",
    "updatedFields": "responseElements",
    "originalRequestID": "0000000a-1111-4111-8111-111111111111",
    "originalEventID": "0000000a-2222-4222-8222-222222222222",
}


def test_correction() -> None:
    """A record with updated data corrects the event it names."""
    assert corrected_event_id(json.dumps(UPDATED)) == "0000000a-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    "addendum",
    [
        {"reason": "DELIVERY_DELAY"},
        {"reason": "SERVICE_OUTAGE"},
        {"reason": "SOMETHING_NEW", "updatedFields": "UPDATED_DATA", "originalEventID": "x"},
        {"reason": "UPDATED_DATA"},
        {"reason": "UPDATED_DATA", "originalEventID": None},
        {"reason": "UPDATED_DATA", "originalEventID": ""},
        {"reason": "UPDATED_DATA", "originalEventID": ["x"]},
        ["UPDATED_DATA"],
        "UPDATED_DATA",
        None,
    ],
    ids=str,
)
def test_record_of_its_own(addendum: Any) -> None:
    """Late records, and addenda that name no event, correct none."""
    assert corrected_event_id(json.dumps(addendum)) is None


def test_no_addendum() -> None:
    """Nearly all records have none."""
    assert corrected_event_id(None) is None


def test_lone_surrogate() -> None:
    """An id that is no text comes back as one that can be written."""
    assert corrected_event_id(json.dumps(UPDATED | {"originalEventID": "a\ud800"})) == "a?"


def test_long_number() -> None:
    """A number that Python does not read as one beside the id does not keep the id from being read."""
    addendum = '{"reason": "UPDATED_DATA", "originalEventID": "0b0a4f0e", "size": %s}' % ("1" * 5000)
    assert corrected_event_id(addendum) == "0b0a4f0e"
