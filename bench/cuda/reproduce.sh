#!/usr/bin/env bash
# Every figure of docs/cuda.md, on a machine with an NVIDIA GPU: bench/cuda/reproduce.sh [PART...]
# Parts: kernels timings session exactness width range repeatability shipped evaluation sampling packing startup steps profile serve vllm (default: all). Each is bounded in time; the figures come last.
# Needs Node 24 ($NODE, default: node), `npm ci && npm run build`, and `install-cuda` with its files under $CACHE (default: the usual
# place); kernels also needs python3 with PyTorch, width transformers too, vllm vLLM. Nothing is fetched from a network.
set -uo pipefail
cd "$(dirname "$0")/../.."
node=${NODE:-node}
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/latent-serve}
export CACHE=$cache
summary=$(mktemp)
trap 'rm -rf "$summary" "${model:-}"' EXIT

# part NAME SECONDS LINES COMMAND...: runs the command, and keeps its last lines for the end.
part() {
  local name=$1 seconds=$2 lines=$3 log
  shift 3
  log=$(mktemp)
  echo "== $name"
  timeout "$seconds" "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]}
  { echo "== $name (exit $status)"; tail -n "$lines" "$log"; } >> "$summary"
  rm -f "$log"
}

wants() { [ ${#parts[@]} -eq 0 ] || printf '%s\n' "${parts[@]}" | grep -qx "$1"; }
parts=("$@")

wants kernels && part kernels 300 12 python3 test/kernels/run_all.py
wants timings && part "timings of kernels" 200 140 python3 test/kernels/run_all.py bench bench_fused bench_few
wants session && part session 150 21 "$node" test/cuda/hopper.ts
wants exactness && part exactness 240 90 "$node" test/cuda/exactness.ts f32 bf16
wants width && part "full width" 120 8 "$node" test/cuda/full-width.ts
if wants range; then
  for script in long-prompt large-activations isolation; do part "$script" 90 12 "$node" "test/cuda/$script.ts"; done
fi
if wants shipped; then
  for dtype in float32 bfloat16; do
    part "shipped model, $dtype" 60 3 "$node" test/cuda/shipped-model.ts --device cuda --dtype "$dtype" --cache-dir "$cache" --log-level warn
  done
fi
wants repeatability && part repeatability 300 26 "$node" test/cuda/repeatability.ts
wants evaluation && part evaluation 240 26 "$node" test/cuda/evaluation.ts
wants sampling && part sampling 120 10 "$node" test/cuda/device-sampling.ts
if wants packing; then
  for precision in bf16 int8; do part "packing, $precision" 120 4 "$node" bench/cuda/packing.ts --precision "$precision"; done
fi
if wants startup; then
  LATENT_SERVE_DEVICE=cuda part "start-up" 400 4 "$node" bench/cuda/start-up.ts
fi
if wants steps; then
  for options in "" "--quantization int8" "--kv-cache-dtype fp8" "--kv-cache-dtype int8" \
    "--kv-cache-dtype auto --context 8192" "--kv-cache-dtype fp8 --context 8192" "--kv-cache-dtype int8 --context 8192"; do
    # shellcheck disable=SC2086
    part "steps $options" 150 8 "$node" bench/cuda/steps.ts --cache "$cache" $options 1 8 64 256
  done
  part "steps, portable kernels" 150 8 "$node" bench/cuda/steps.ts --cache "$cache" --kernels portable --prefill 1024 1 8
fi
if wants profile; then
  for step in 1 64 256 prefill; do
    NODE=$node part "profile, $step" 100 34 bench/cuda/profile.sh "$step"
  done
fi
if wants serve || wants vllm; then
  model=$(mktemp -d)
  "$node" bench/cuda/make-model.ts "$model"
fi
if wants serve; then
  export LATENT_SERVE_DEVICE=cuda LATENT_SERVE_LOAD_FORMAT=dummy LATENT_SERVE_CACHE_DIR=$cache LATENT_SERVE_MAX_NUM_SEQS=256
  export LATENT_SERVE_MAX_MODEL_LEN=4k
  part "engine and HTTP" 300 10 "$node" bench/cuda/waves.ts "$model" 1 8 64 256
fi
wants vllm && part "vLLM" 500 4 python3 bench/cuda/vllm_waves.py "$model" 1 8 64 256
echo
cat "$summary"
