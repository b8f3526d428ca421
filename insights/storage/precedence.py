"""Which copy of an event stays in the table: decided by the names of their objects, so that it does not depend on the
order of arrival.

CloudTrail delivers a record in an object that is named after the record's own account and Region. A copy of it in
another object never takes its place: whoever may write to the bucket could lay one below an account or Region that has
no digests, and nobody would refute it. Above both stand objects that a digest was found to vouch for when copies were
told apart. Among objects that are alike in this the smallest key wins; of a record and its
corrections (`addendum`), the correction from the greatest key, which is the last that was delivered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.object_keys import TrailKey, parse_key, without_version
from insights.records.partitions import EventHour
from insights.storage.event_keys import corrected_ids


def precedence(
    hour: EventHour,
    table: pa.Table,
    names: Sequence[str],
    origin: npt.NDArray[np.int64],
    vouched: Collection[str] = (),
) -> npt.NDArray[np.int64]:
    """Rank the copies of an hour's events, the one that stays lowest.

    Args:
        table: The rows, with `addendum_json`.
        names: The rows' objects in alphabetical order.
        origin: The object of each row, as its place in `names`.
        vouched: Names of objects that come before all others.
    """
    is_correction = pc.is_valid(corrected_ids(table)).to_numpy(zero_copy_only=False)
    ranks = np.where(is_correction, -1 - origin, origin)
    # A batch shares its names: a few of them have copies in this hour, and to read a name costs as much as ten records.
    present, place = np.unique(origin, return_inverse=True)
    classes = [0 if names[i] in vouched else 1 if _is_of(hour, names[i]) else 2 for i in present.tolist()]
    return ranks + 2 * len(names) * np.array(classes, dtype=np.int64)[place]


def _is_of(hour: EventHour, name: str) -> bool:
    """Tell whether an object is named after the account and Region of an hour."""
    key = parse_key(without_version(name))
    return isinstance(key, TrailKey) and (key.account_id, key.region) == (hour.account_id, hour.region)
