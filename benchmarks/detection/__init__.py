"""How well detection works: simulated and real populations with labelled incidents, our method and others'.

`worlds` names the populations and keeps their seeds apart, `scoring` measures insights against the truth.
"""
