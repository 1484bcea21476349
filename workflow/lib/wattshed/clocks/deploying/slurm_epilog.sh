#!/bin/bash
# Epilog of slurm.conf, run by root on each node of a job: takes back what the prolog set, on the job's own GPUs.
#
# It exits with 0 whatever happens, because an epilog that fails drains its node. Failures go to the system's log.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
state="${WATTSHED_CLOCKS_STATE:-/run/wattshed}"
smi="${WATTSHED_NVIDIA_SMI:-nvidia-smi}"

say() {
    logger -t wattshed-epilog -- "job ${SLURM_JOB_ID:-?}: $1" 2>/dev/null || printf '%s\n' "$1" >&2
}

if [ -z "${SLURM_JOB_GPUS:-}" ]; then
    exit 0
fi
IFS=',' read -ra gpus <<< "$SLURM_JOB_GPUS"
for gpu in "${gpus[@]}"; do
    case "$gpu" in
        '' | *[!0-9]*) continue ;;
    esac
    note="$state/${SLURM_JOB_ID:-0}.$gpu"
    if [ ! -f "$note" ]; then
        continue
    fi
    knob="$(cat "$note" 2>/dev/null)"
    if [ "$knob" = power_limit ]; then
        default="$("$smi" -i "$gpu" --query-gpu=power.default_limit --format=csv,noheader,nounits 2>/dev/null)"
        answer="$("$smi" -i "$gpu" -pl "${default%%.*}" 2>&1)"
    else
        answer="$("$smi" -i "$gpu" -rgc 2>&1)"
    fi
    # shellcheck disable=SC2181
    if [ $? -eq 0 ]; then
        rm -f "$note"
    else
        say "GPU $gpu: the $knob was not reset: $answer; note kept in $note"
    fi
done
exit 0
