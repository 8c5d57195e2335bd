#!/bin/sh
# State of a job for Snakemake, from the controller: works without an accounting database.
state=$(scontrol show job "$1" -o 2>/dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p')
case "$state" in
COMPLETED) echo success ;;
PENDING | RUNNING | CONFIGURING | COMPLETING | SUSPENDED | REQUEUED | "") echo running ;;
*) echo failed ;;
esac
