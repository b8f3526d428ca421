"""Whether a trail is as CloudTrail delivered it: signatures, hashes, and digests that should be there. Does no I/O."""
