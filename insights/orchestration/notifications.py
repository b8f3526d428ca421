"""The bucket's own notifications as a nudge: a queue is emptied, and all that Airflow learns is that something came.

They are a reason to look, never what is looked at: the listing says what there is, so a message that is lost, repeated
or made up costs at most a look, and the hourly run finds what nobody was told of.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from insights.records.notifications import TrailPart, created_objects

POLL_SECONDS = 15
"""How long a quiet queue is left alone."""

GATHERED = 0.2
"""The part of the time between two nudges for which the neighbours of the first message are waited for."""

MAXIMUM_BATCHES = 1000
"""So many messages ÷ 10 are taken at a time; what is left is no news after them."""

_REGION = re.compile(r"https://sqs\.(?P<region>[a-z0-9-]+)\.")


class DeliveryTrigger(BaseEventTrigger):
    """Empties a queue and fires, at most once in `minutes`, when a message named an object of the trail.

    It runs in the triggerer for as long as an asset is watched. Airflow stores the event: two numbers, no text.
    """

    def __init__(
        self,
        queue_url: str,
        bucket: str,
        prefix: str,
        accounts: Sequence[str],
        regions: Sequence[str],
        connection_id: str,
        minutes: int,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.queue_url = queue_url
        self.part = TrailPart(bucket, prefix, frozenset(accounts), frozenset(regions))
        self.connection_id = connection_id
        self.minutes = minutes
        self._client: Any = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give what the triggerer makes it from again."""
        arguments = {
            "queue_url": self.queue_url,
            "bucket": self.part.bucket,
            "prefix": self.part.prefix,
            "accounts": sorted(self.part.accounts),
            "regions": sorted(self.part.regions),
            "connection_id": self.connection_id,
            "minutes": self.minutes,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each burst of deliveries, for ever."""
        gather = self.minutes * 60 * GATHERED
        while True:
            seen = Counter(messages=0, objects=0)
            is_well = await self._empty_queue(seen)
            if seen["objects"]:
                await asyncio.sleep(gather)
                await self._empty_queue(seen)
                yield TriggerEvent(dict(seen))  # type: ignore[no-untyped-call]
                await asyncio.sleep(self.minutes * 60 - gather)
            else:
                await asyncio.sleep(POLL_SECONDS if is_well else self.minutes * 60)

    async def _empty_queue(self, seen: Counter[str]) -> bool:
        """Take and delete what waits, and count it; tell whether the queue could be read."""
        try:
            self._client = self._client or await sync_to_async(self._connect)()
            for _ in range(MAXIMUM_BATCHES):
                # In a thread: the triggerer's loop is everybody's.
                messages = await asyncio.to_thread(self._take)
                if not messages:
                    break
                seen["messages"] += len(messages)
                seen["objects"] += sum(self._objects_in(message) for message in messages)
        except Exception as error:
            # Raised, whatever it is, it would be started again every second.
            self._client = None
            self.log.error(
                "the queue %s cannot be emptied (%s): check trail.notifications, and allow sqs:ReceiveMessage and "
                "sqs:DeleteMessage on it; trying again in %d minutes",
                self.queue_url,
                error,
                self.minutes,
            )
            return False
        return True

    def _take(self) -> list[dict[str, str]]:
        answer = self._client.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages: list[dict[str, str]] = answer.get("Messages", [])
        if messages:
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            self._client.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        return messages

    def _objects_in(self, message: dict[str, str]) -> int:
        return sum(self.part.has(each) for each in created_objects(message["Body"]))

    def _connect(self) -> Any:
        match = _REGION.match(self.queue_url)
        return SqsHook(aws_conn_id=self.connection_id, region_name=match["region"] if match else None).get_conn()
