"""DuckDB as most people write it: `read_json` with a type for the whole document, then `unnest`."""

from __future__ import annotations

import sys

from with_duckdb import load_plainly, run

if __name__ == "__main__":
    run(load_plainly(sys.argv[1]), sys.argv[2])
