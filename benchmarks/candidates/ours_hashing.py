"""The product as it is set up by default: it keeps the hash of every object, to compare with CloudTrail's digests."""

from __future__ import annotations

import sys

from ours import main

if __name__ == "__main__":
    main(*sys.argv[1:], policy="warn")
