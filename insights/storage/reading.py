"""Which spans of delivery were read whole: what makes an hour complete.

A run reads a little past its window, so the hour after it is there in part, and a part of an hour looks like a drop, or
like the end of a burst. Detection therefore takes an hour for data only once everything that can be delivered for it
was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from insights.storage.objects import ObjectInfo, ObjectStore
from insights.windows import HOUR, Window, ceil, floor, joined

TABLE = "state/read"
_MINUTE = "%Y%m%dT%H%M"


def mark(store: ObjectStore, delivered: Window) -> None:
    """Note that all that was delivered in a span (to the minute) is in the lake."""
    for month in sorted({f"{day.start:%Y-%m}" for day in delivered.days()}):
        put(store, month, delivered)


def put(store: ObjectStore, month: str, span: Window) -> None:
    """Put a mark into the folder of one month, like `2026-11`."""
    store.put(f"{TABLE}/{month}/{span.start:{_MINUTE}}-{span.end:{_MINUTE}}", b"")


def marked(store: ObjectStore, window: Window) -> set[Window]:
    """Give the spans that were noted in the months a window touches."""
    found: set[Window] = set()
    for month in sorted({f"{day.start:%Y-%m}" for day in window.days()}):
        found.update(_span_of(info) for info in store.list(f"{TABLE}/{month}/"))
    return found


def by_month(store: ObjectStore) -> Iterator[tuple[str, dict[Window, ObjectInfo]]]:
    """Yield every month, like `2026-11`, with the marks in its folder."""
    for folder in store.list_folder(f"{TABLE}/").folders:
        yield folder.split("/")[-2], {_span_of(info): info for info in store.list(folder)}


def clipped(span: Window, month: str) -> Window:
    """Give the part of a span that the folder of a month, which it touches, answers for."""
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    end = (start + timedelta(days=31)).replace(day=1)
    return Window(max(span.start, start), min(span.end, end))


def spans(store: ObjectStore, window: Window) -> list[Window]:
    """Give what was read of the months a window touches, in order, joined where it hangs together."""
    return joined(marked(store, window))


def is_complete(hour: datetime, read: Iterable[Window], settle: timedelta) -> bool:
    """Tell whether all that can be delivered for an hour was read: up to `settle` after its end."""
    return any(span.start <= hour and hour + HOUR + settle <= span.end for span in read)


def end_of_complete(read: Iterable[Window], settle: timedelta) -> datetime | None:
    """Give the end of the newest complete hour, if there is one."""
    settled = ((span.start, floor(span.end - settle, HOUR)) for span in read)
    ends = [end for start, end in settled if end >= ceil(start, HOUR) + HOUR]
    return max(ends, default=None)


def _span_of(info: ObjectInfo) -> Window:
    start, _, end = info.key.rpartition("/")[2].partition("-")
    return Window(_instant(start), _instant(end))


def _instant(text: str) -> datetime:
    return datetime.strptime(text, _MINUTE).replace(tzinfo=UTC)
