#!/usr/bin/env bash
# State of one SLURM job in the three words that Snakemake knows; needs no accounting database.
set -euo pipefail
state=$(scontrol show job --oneliner "$1" | grep -o 'JobState=[A-Z_]*' | cut -d= -f2)
case "$state" in
  COMPLETED) echo success ;;
  PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED | RESIZING) echo running ;;
  *) echo failed ;;
esac
