"""What a record says of itself when it came late or corrects another.

Format: AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events", on
the member `addendum`. Its reasons `DELIVERY_DELAY` and `SERVICE_OUTAGE` only say why an ordinary record is late.
`UPDATED_DATA` marks another telling of an event that was recorded before, under an event id of its own.
"""

from __future__ import annotations

import json

CORRECTION = "UPDATED_DATA"
"""The reason of a record that tells of another one's event anew."""


def corrected_event_id(addendum_json: str | None) -> str | None:
    """Give the id of the event a record corrects, or None where it is a record of its own.

    >>> corrected_event_id('{"reason": "UPDATED_DATA", "originalEventID": "0b0a4f0e"}')
    '0b0a4f0e'
    >>> corrected_event_id('{"reason": "DELIVERY_DELAY"}')
    """
    if addendum_json is None or CORRECTION not in addendum_json:
        return None
    # No number is looked at here; one of any length must not stop what reads records.
    addendum = json.loads(addendum_json, parse_int=float)
    if not isinstance(addendum, dict) or addendum.get("reason") != CORRECTION:
        return None
    original = addendum.get("originalEventID")
    # Half a surrogate pair is legal JSON, and no text that a column can hold.
    return original.encode("utf-8", "replace").decode() if isinstance(original, str) and original else None
