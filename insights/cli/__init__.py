"""The command line: the same stage functions, no Airflow needed."""
