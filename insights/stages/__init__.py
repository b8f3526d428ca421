"""The pipeline, one module a step: each has `run(window, workspace) -> Report`, may run again, knows no scheduler."""
