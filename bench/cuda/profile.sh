#!/usr/bin/env bash
# What each kernel of one step costs: bench/cuda/profile.sh [BATCH|prefill...]   (needs ncu of Nsight Compute; $NODE and $CACHE as in reproduce.sh)
# BATCH: a decode step of so many sequences; prefill: 8,192 tokens in 8 prompts.
# Five layers are measured, one by one with cold caches and nothing beside them, and the figures of a layer taken 27 times: so the sum is
# not the time of a step, but says where it goes.
set -uo pipefail
cd "$(dirname "$0")/../.."
node=${NODE:-node}
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latent-serve}
[ $# -gt 0 ] || set -- 1 64 256
layers=5
for batch in "$@"; do
  csv=$(mktemp)
  step=(--profile --prefill 1024 "$batch")
  [ "$batch" = prefill ] && step=(--profile-prefill --prefill 8192 1)
  ncu --profile-from-start off --graph-profiling node --clock-control none --csv --metrics gpu__time_duration.sum --target-processes all \
    "$node" bench/cuda/steps.ts --cache "$cache" --layers $layers --steps 4 "${step[@]}" > "$csv" || tail -5 "$csv"
  echo "== $batch, 1,024 tokens of context"
  "$node" bench/cuda/profile.ts "$csv" $layers 27
  rm -f "$csv"
done
