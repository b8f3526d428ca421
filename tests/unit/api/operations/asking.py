"""When the small lake is asked, and for what."""

from __future__ import annotations

from insights.windows import parse_instant

NOW = parse_instant("2026-11-02T00:00")


def attribute(key: str, value: str) -> dict[str, str]:
    return {"AttributeKey": key, "AttributeValue": value}
