"""What is unusual. Pure: counts in, episodes out; no input or output, no clock, no log.

`detector.detect` is the way in. Below it, one idea a module: `counts` (a table becomes hours of cells), `memory` (what
is kept of every series), `expectation`, `scores`, `thresholds`, `unusual` (which minutes), `likelihood` (from when to
when), `spikes`, `drops`, `muting`, `levels`, `learning`, `hour` (their order). `attribution`, `explanation`: by whom.
"""
