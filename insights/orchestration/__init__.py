"""Airflow's side of the pipeline: schedules, windows of runs, one thin task a stage. Only this package imports it."""
