# The software of every rule, from the lock. Build and turn into the image that the Snakefile names:
#   docker build -t netspectra . && apptainer build netspectra.sif docker-daemon://netspectra:latest
FROM python:3.12-slim
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
