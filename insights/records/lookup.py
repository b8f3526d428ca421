"""What CloudTrail's event history tells of an event beside the record: who called, and on what.

Format: AWS CloudTrail API Reference, data types `Event` and `Resource`. AWS does not document where `Username` comes
from; its answers show the name of a user, the session of a role, `root`, or the service that called.
"""

from __future__ import annotations

import json
from typing import Any


def username(user_identity_json: str) -> str | None:
    """Give the `Username` of a `userIdentity`, or None where it names nobody."""
    identity = _parsed(user_identity_json)
    if not isinstance(identity, dict):
        return None
    kind = identity.get("type")
    if kind in ("AssumedRole", "FederatedUser"):
        session = _text(identity, "principalId").partition(":")[2] or _text(identity, "arn").rpartition("/")[2]
        return session or _text(identity, "userName") or None
    if kind == "Root":
        return _text(identity, "userName") or "root"
    return _text(identity, "userName") or _text(identity, "invokedBy") or None


def resources(resources_json: str) -> list[tuple[str, str]]:
    """Give type and name of each resource of a record's `resources`; either may be empty."""
    entries = _parsed(resources_json)
    if not isinstance(entries, list):
        return []
    return [
        (_text(each, "type"), _text(each, "ARN") or _text(each, "ARNPrefix"))
        for each in entries
        if isinstance(each, dict)
    ]


def _parsed(text: str) -> Any:
    """Read what is looked at for its texts only: numbers may have any length, and too deep a nesting has none."""
    try:
        return json.loads(text, parse_int=float)
    except RecursionError:
        return None


def _text(of: dict[str, Any], name: str) -> str:
    """Give a member's text as columns hold it: a `?` for each half of a surrogate pair."""
    value = of.get(name)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
