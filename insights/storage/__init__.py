"""Where bytes live: object stores, the lake's partitions, the ledger of what was read."""
