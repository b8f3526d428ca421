"""Deliver a simulated trail: objects in AWS's key layout, in the order in which CloudTrail would write them.

Each account and Region is delivered every five minutes. A call reaches CloudTrail after a delay and waits there for the
next delivery; real trails show lags of 0.1 to 9.9 minutes from the call to the minute in the object's name (median 3.3,
95th percentile 7.1). A few records come hours late, a few come twice, and few objects are sorted.
"""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from isal import igzip

from insights.records.object_keys import TrailKey, format_key
from insights.simulate.callers import callers_of, service_itself
from insights.simulate.calls import Calls, no_calls
from insights.simulate.incidents import planned_calls
from insights.simulate.plan import TrailPlan
from insights.simulate.rendering import Renderer
from insights.simulate.services import APIS, ApiKind
from insights.simulate.traffic import ordinary_traffic

DELIVERY_MINUTES = 5

_HOUR_MINUTES = 60
_DELAY_SECONDS = (6.0, 66.0, 294.0)  # least, mean beyond it, most: with the wait, real lags
_LATE_SECONDS = (1 * 3600.0, 8 * 3600.0)
_MOST_DELIVERIES_UNTIL_REPEATED = 36
_SORTED_OBJECTS_SHARE = 0.4
_NAME_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class TrailObject:
    """One object of a trail bucket: `body` is the gzip of `{"Records":[...]}` with `records` records."""

    key: str
    body: bytes
    delivered_at: datetime
    records: int


def simulate(plan: TrailPlan) -> Iterator[TrailObject]:
    """Give a trail's objects in order of delivery.

    The same plan gives the same objects; their bytes are equal on machines of one kind (the compressor chooses its
    instructions by processor), their records everywhere. Deliveries go on after the end of the plan until everything
    is delivered. Memory holds one hour of calls as columns, what is late, and the objects of one minute.
    """
    shards = [_Shard(plan, account, region) for account in plan.accounts for region in plan.regions]
    begin, end = (int(instant.timestamp()) for instant in (plan.window.start, plan.window.end))
    minute, calls_until = begin // 60, begin
    while calls_until < end or any(shard.has_undelivered for shard in shards):
        if calls_until < end and minute * 60 >= calls_until:
            hour_end = min(calls_until + _HOUR_MINUTES * 60, end)
            for shard in shards:
                shard.call(calls_until, hour_end)
            calls_until = hour_end
        delivered = [delivery for shard in shards for delivery in shard.deliver(minute)]
        yield from sorted(delivered, key=lambda delivery: (delivery.delivered_at, delivery.key))
        minute += 1


class _Shard:
    """One account in one Region: calls that are made, on their way, and delivered."""

    def __init__(self, plan: TrailPlan, account_id: str, region: str) -> None:
        self._plan, self._account_id, self._region = plan, account_id, region
        self._rng = np.random.default_rng([plan.seed, int(account_id), *region.encode()])
        self._naming = np.random.default_rng([plan.seed, int(account_id), *region.encode(), 0])
        hosts = sorted({api.event_source for api in APIS if api.kind is ApiKind.SERVICE_EVENT})
        ordinary = (*callers_of(account_id, plan.seed), *(service_itself(account_id, host) for host in hosts))
        self._planned = planned_calls(plan, account_id, region, first_caller=len(ordinary))
        self._traffic = ordinary_traffic(
            region,
            calls_per_hour=plan.calls_per_hour,
            data_share=plan.data_share,
            usual=self._planned.usual,
            callers=ordinary,
            rng=self._rng,
        )
        self._renderer = Renderer(account_id, region, (*ordinary, *self._planned.callers))
        self._delivery_offset = int(self._rng.integers(DELIVERY_MINUTES))
        self._undelivered = no_calls()
        self._repeats: dict[int, list[str]] = defaultdict(list)

    @property
    def has_undelivered(self) -> bool:
        """Whether calls or repeated records are still on their way."""
        return len(self._undelivered) > 0 or len(self._repeats) > 0

    def call(self, begin: int, end: int) -> None:
        """Make the calls of a span of at most an hour, in seconds since 1970, and send them on their way."""
        ordinary = self._traffic.calls_between(begin, end, self._rng)
        ordinary = self._planned.without_silenced(ordinary[ordinary["at"] < int(self._plan.window.end.timestamp())])
        calls = np.concatenate([ordinary, self._planned.between(begin, end)])
        self._send(calls)
        waiting = np.concatenate([self._undelivered, calls])
        self._undelivered = waiting[np.lexsort((waiting["arrives"], waiting["due"]))]

    def deliver(self, minute: int) -> list[TrailObject]:
        """Give the objects of a minute since 1970, none where this is not a time of delivery."""
        if minute % DELIVERY_MINUTES != self._delivery_offset:
            return []
        waiting = self._undelivered
        due = int(np.searchsorted(waiting["due"], minute, side="right"))
        calls, self._undelivered = waiting[:due], waiting[due:]
        repeated = self._repeats.pop(minute, [])
        if self._rng.random() < _SORTED_OBJECTS_SHARE:
            calls = calls[np.argsort(calls["at"], kind="stable")]
        records = self._renderer.render(calls, self._rng)
        self._repeat_some(records, minute)
        size = self._plan.records_per_object
        everything = records + repeated
        return [self._object(everything[i : i + size], minute) for i in range(0, len(everything), size)]

    def _send(self, calls: Calls) -> None:
        """Fill in when CloudTrail has each call, and the minute of its delivery."""
        least, mean_beyond, most = _DELAY_SECONDS
        delay = np.minimum(least + self._rng.exponential(mean_beyond, len(calls)), most)
        # What was planned is never late: whether a demonstration shows its incident must not depend on luck.
        is_late = (self._rng.random(len(calls)) < self._plan.late_share) & ~calls["is_planned"]
        delay[is_late] = self._rng.uniform(*_LATE_SECONDS, np.count_nonzero(is_late))
        calls["is_late"] = is_late
        calls["arrives"] = calls["at"] + delay
        arrival_minute = np.ceil(calls["arrives"] / 60).astype(np.int64)
        calls["due"] = arrival_minute + (self._delivery_offset - arrival_minute) % DELIVERY_MINUTES

    def _repeat_some(self, records: list[str], minute: int) -> None:
        """Put a share of the records on their way a second time, into a later object."""
        chosen = np.flatnonzero(self._rng.random(len(records)) < self._plan.duplicate_share)
        deliveries = np.minimum(self._rng.geometric(0.3, len(chosen)), _MOST_DELIVERIES_UNTIL_REPEATED)
        for place, later in zip(chosen.tolist(), deliveries.tolist(), strict=True):
            self._repeats[minute + later * DELIVERY_MINUTES].append(records[place])

    def _object(self, records: list[str], minute: int) -> TrailObject:
        delivered_at = datetime.fromtimestamp(minute * 60, UTC) + timedelta(seconds=int(self._naming.integers(60)))
        text = f'{{"Records":[{",".join(records)}]}}'
        return TrailObject(
            key=self._key(delivered_at),
            body=igzip.compress(text.encode(), 1, mtime=0),
            delivered_at=delivered_at,
            records=len(records),
        )

    def _key(self, delivered_at: datetime) -> str:
        plan = self._plan
        unique = "".join(_NAME_LETTERS[i] for i in self._naming.integers(len(_NAME_LETTERS), size=16))
        key = TrailKey(self._account_id, self._region, delivered_at, unique)
        organization_id = plan.organization_id if plan.layout == "organization" else ""
        return format_key(key, prefix=plan.prefix, organization_id=organization_id)
