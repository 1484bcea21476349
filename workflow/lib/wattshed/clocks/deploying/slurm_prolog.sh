#!/bin/bash
# Prolog of slurm.conf, run by root on each node of a job: sets the job's own GPUs to the setting that it asks for.
#
#   sbatch --comment=wattshed:NAME ...     NAME is in the first column of clocks.tsv
#   sbatch --constraint=wattshed-NAME ...  the same, where nodes have such a feature
#
# It exits with 0 whatever happens, because a prolog that fails drains its node. Failures go to the system's log.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
table="${WATTSHED_CLOCKS_TABLE:-/etc/wattshed/clocks.tsv}"
state="${WATTSHED_CLOCKS_STATE:-/run/wattshed}"
smi="${WATTSHED_NVIDIA_SMI:-nvidia-smi}"

say() {
    logger -t wattshed-prolog -- "job ${SLURM_JOB_ID:-?}: $1" 2>/dev/null || printf '%s\n' "$1" >&2
}

# The configuration that the job asks for: one word of letters, digits, dots, dashes and underscores.
asked() {
    local word text
    for text in "${SLURM_JOB_COMMENT:-}" "${SLURM_JOB_CONSTRAINTS:-}"; do
        word="$(printf '%s' "$text" | grep -oE 'wattshed[:-][A-Za-z0-9._-]+' | head -n 1)"
        if [ -n "$word" ]; then
            printf '%s' "${word:9}"
            return
        fi
    done
}

# Knob and setting for a configuration on a GPU of this uuid and name; nothing if the table has none.
wanted() {
    NAME="$1" UUID="$2" GPU="$3" awk -F '\t' '
        /^#/ || NF < 5 { next }
        $1 != ENVIRON["NAME"] { next }
        $2 != "-" && $2 != ENVIRON["UUID"] { next }
        $2 == "-" && index(tolower(ENVIRON["GPU"]), tolower($3)) == 0 { next }
        $4 != "clock" && $4 != "power_limit" { next }
        $5 !~ /^[0-9]+$/ { next }
        { print $4, $5; exit }' "$table"
}

name="$(asked)"
if [ -z "$name" ] || [ -z "${SLURM_JOB_GPUS:-}" ]; then
    exit 0
fi
if [ ! -r "$table" ]; then
    say "$table cannot be read; the GPUs stay as they are"
    exit 0
fi
mkdir -p "$state" || say "$state cannot be made; the epilog will not know what to reset"
IFS=',' read -ra gpus <<< "$SLURM_JOB_GPUS"
for gpu in "${gpus[@]}"; do
    case "$gpu" in
        '' | *[!0-9]*) say "GPU '$gpu' is not an index; left as it is"; continue ;;
    esac
    uuid="$("$smi" -i "$gpu" --query-gpu=uuid --format=csv,noheader 2>/dev/null)"
    model="$("$smi" -i "$gpu" --query-gpu=name --format=csv,noheader 2>/dev/null)"
    read -r knob setting <<< "$(wanted "$name" "$uuid" "$model")"
    if [ -z "$setting" ]; then
        say "no configuration '$name' for GPU $gpu ($model); left as it is"
        continue
    fi
    # Noted first: if this script is killed, the epilog still resets the GPU.
    printf '%s\n' "$knob" > "$state/${SLURM_JOB_ID:-0}.$gpu" || say "GPU $gpu: nothing noted for the epilog"
    "$smi" -i "$gpu" -pm 1 > /dev/null 2>&1 || say "GPU $gpu: persistence mode was refused"
    if [ "$knob" = clock ]; then
        answer="$("$smi" -i "$gpu" -lgc "$setting,$setting" 2>&1)"
    else
        answer="$("$smi" -i "$gpu" -pl "$setting" 2>&1)"
    fi
    # shellcheck disable=SC2181
    if [ $? -eq 0 ]; then
        say "GPU $gpu: $knob $setting"
    else
        say "GPU $gpu: $knob $setting was refused: $answer"
    fi
done
exit 0
