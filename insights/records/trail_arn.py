"""How a trail is named: its ARN, and the name in it.

Format: AWS CloudTrail User Guide, "Naming requirements for CloudTrail resources", and the ARN of resource type `trail`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):cloudtrail:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+):(?P<account>\d{12}):trail/(?P<name>.+)"
)
_NAME = re.compile(r"[A-Za-z0-9](?:[._-]?[A-Za-z0-9])*")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class TrailArn:
    """A trail: who owns it, its home Region and its name."""

    home_region: str
    account_id: str
    name: str
    partition: str = "aws"

    def __str__(self) -> str:
        return f"arn:{self.partition}:cloudtrail:{self.home_region}:{self.account_id}:trail/{self.name}"


def parse_trail_arn(text: str) -> TrailArn:
    """Read the ARN of a trail.

    Raises:
        ValueError: it is none.
    """
    match = _ARN.fullmatch(text)
    if match is None or not is_trail_name(match["name"]):
        raise ValueError(f"{text!r} is no trail ARN like arn:aws:cloudtrail:us-east-1:123456789012:trail/name")
    return TrailArn(match["region"], match["account"], match["name"], match["partition"])


def is_trail_name(text: str) -> bool:
    """Tell whether AWS would take a name: 3 to 128 letters, digits and single `.`, `_`, `-` between them; no address.

    >>> [is_trail_name(text) for text in ("management-events", "a..b", "-ab", "192.168.5.4", "ab")]
    [True, False, False, False, False]
    """
    return 3 <= len(text) <= 128 and bool(_NAME.fullmatch(text)) and not _ADDRESS.fullmatch(text)
