# The product on the official Airflow image. The base can be another build of the same Airflow: a mirror, a slim image.
ARG AIRFLOW_IMAGE=apache/airflow:3.3.2-python3.12
FROM ${AIRFLOW_IMAGE}

# Everything that is installed is named with its hash; what changes rarely comes first, so that a rebuild is quick.
COPY requirements.txt /opt/trail-insights/
RUN pip install --no-cache-dir --require-hashes --requirement /opt/trail-insights/requirements.txt

COPY pyproject.toml README.md LICENSE /opt/trail-insights/
COPY insights /opt/trail-insights/insights
RUN pip install --no-cache-dir --no-deps /opt/trail-insights

# Owned by root: the running process reads these and cannot change them.
COPY dags ${AIRFLOW_HOME}/dags
COPY plugins ${AIRFLOW_HOME}/plugins
COPY include ${AIRFLOW_HOME}/include

# A volume mounted here takes over this folder's owner.
RUN mkdir -p "${AIRFLOW_HOME}/auth"
