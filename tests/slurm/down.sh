#!/usr/bin/env bash
# Stop what up.sh started. usage: down.sh FOLDER
for daemon in slurmd slurmctld; do
    [ -s "$1/$daemon.pid" ] && kill "$(cat "$1/$daemon.pid")"
done
[ -s /run/munge/munged.pid ] && kill "$(cat /run/munge/munged.pid)"
rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
