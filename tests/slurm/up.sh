#!/usr/bin/env bash
# One-node Slurm with two pretended GPUs on the loopback address, without cgroups, systemd or an accounting database.
# usage, as root: up.sh FOLDER     needs Debian's slurm-wlm and munge
set -euo pipefail
folder=$(realpath -m "$1")
node=$(hostname -s)
memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 - 1024))
mkdir -p "$folder"/{state,spool,log} /run/munge /var/log/munge /var/lib/munge /etc/slurm
chmod 755 "$folder"

[ -s /etc/munge/munge.key ] || dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none
chown munge:munge /etc/munge/munge.key /run/munge /var/log/munge /var/lib/munge
chmod 400 /etc/munge/munge.key
chmod 755 /run/munge
pgrep -x munged >/dev/null || runuser -u munge -- /usr/sbin/munged
for _ in $(seq 50); do munge -n 2>/dev/null | unmunge >/dev/null 2>&1 && break; sleep 0.2; done

for i in 0 1; do [ -e "$folder/gpu$i" ] || mknod "$folder/gpu$i" c 1 3; done
echo "NodeName=$node Name=gpu File=$folder/gpu[0-1]" >"$folder/gres.conf"
cat >"$folder/slurm.conf" <<C
ClusterName=test
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=2
KillWait=5
MinJobAge=600
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=1000
C
# The step that the executor starts inside a job looks only here.
ln -sf "$folder/slurm.conf" "$folder/gres.conf" /etc/slurm/
/usr/sbin/slurmctld -c -f "$folder/slurm.conf"
/usr/sbin/slurmd -c -f "$folder/slurm.conf"
for _ in $(seq 100); do sinfo -h -o %T 2>/dev/null | grep -q idle && exit 0; sleep 0.2; done
echo "Slurm did not come up; see $folder/log" >&2
exit 1
