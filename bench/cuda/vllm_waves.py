"""vLLM beside waves.ts: the same waves, the same dummy weights, the same arithmetic of the rates, through vLLM's offline engine.

python3 bench/cuda/vllm_waves.py [--prompt-tokens 1024] [--max-tokens 128] [--rounds 3] [--gpu-memory-utilization 0.85] MODEL STREAMS...
MODEL is a folder of make-model.ts; needs vLLM (the figures of docs/cuda.md: 0.26.0 with torch 2.11). Besides what waves.ts prints, the rate
of the last half of the tokens, where no prompt is in any step.
"""
import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

# vLLM's own dummy weights, uniform within 1e-3, make nearly all tokens choose the same few experts, which flatters every figure. These have
# the spread of 0.02 that configs of the family initialise with, as `--load-format dummy` has: the bound of a uniform distribution of that deviation.
BOUND = 0.02 * 3**0.5


def spread_dummy_weights():
    """A general plugin of vLLM's: runs in each of its processes before the model loads. Norms (one dimension) become ones."""
    from vllm.model_executor.model_loader import dummy_loader, weight_utils

    plain = weight_utils.initialize_single_dummy_weight
    if getattr(plain, 'spread', False):
        return

    def spread(param, low=0.0, high=0.0, seed=1234):
        if param.dim() == 1 and param.is_floating_point() and param.device.type != 'meta':
            param.data.fill_(1.0)
        else:
            plain(param, -BOUND, BOUND, seed)

    spread.spread = True
    weight_utils.initialize_single_dummy_weight = spread
    dummy_loader.initialize_single_dummy_weight = spread


def register_plugin(folder):
    """Makes this file's plugin one that vLLM finds, here and in the processes it starts."""
    info = Path(folder) / 'latent_serve_peer-1.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: latent-serve-peer\nVersion: 1\n')
    (info / 'entry_points.txt').write_text('[vllm.general_plugins]\nspread_dummy_weights = vllm_waves:spread_dummy_weights\n')
    paths = [str(folder), str(Path(__file__).resolve().parent)]
    sys.path[:0] = paths
    os.environ['PYTHONPATH'] = os.pathsep.join([*paths, *filter(None, [os.environ.get('PYTHONPATH')])])


def write_config(model, folder):
    """The model's configuration as transformers takes it: JavaScript writes 0 where it insists on 0.0."""
    config = json.loads((Path(model) / 'config.json').read_text())
    config.pop('auto_map', None)
    for name in ('attention_dropout', 'aux_loss_alpha', 'routed_scaling_factor'):
        if name in config:
            config[name] = float(config[name])
    (Path(folder) / 'config.json').write_text(json.dumps(config))
    return config


def median(values):
    """The one that waves.ts takes: the upper of the two middle ones."""
    return sorted(values)[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--prompt-tokens', type=int, default=1024)
    parser.add_argument('--max-tokens', type=int, default=128)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--gpu-memory-utilization', type=float, default=0.85)
    parser.add_argument('model')
    parser.add_argument('streams', type=int, nargs='*', default=[1, 8, 64, 256])
    options = parser.parse_args()
    for name, value in {
        'VLLM_NO_USAGE_STATS': '1', 'HF_HUB_OFFLINE': '1', 'TRANSFORMERS_OFFLINE': '1', 'VLLM_HOST_IP': '127.0.0.1',
        'GLOO_SOCKET_IFNAME': 'lo', 'NCCL_SOCKET_IFNAME': 'lo', 'VLLM_USE_FLASHINFER_SAMPLER': '0',
    }.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory() as folder:
        register_plugin(folder)
        model = Path(folder) / 'model'
        model.mkdir()
        measure(options, str(model), write_config(options.model, model)['vocab_size'])


def measure(options, model, vocabulary):
    import numpy
    import vllm

    engine = vllm.LLM(
        model=model, load_format='dummy', skip_tokenizer_init=True, dtype='bfloat16', max_model_len=4096, max_num_seqs=256,
        gpu_memory_utilization=options.gpu_memory_utilization, enable_prefix_caching=False, seed=0,
        # A graph per batch that is measured: vLLM's 51 of its own choice take longer to capture and measure the same.
        compilation_config={'cudagraph_capture_sizes': [1, 2, 4, 8, 16, 32, 64, 128, 256]},
    )
    random = numpy.random.default_rng()

    def prompts(count):
        return [{'prompt_token_ids': ids} for ids in random.integers(0, vocabulary, (count, options.prompt_tokens)).tolist()]

    def wave(requests, tokens):
        sampling = vllm.SamplingParams(temperature=0.0, max_tokens=tokens, ignore_eos=True, detokenize=False)
        begin = time.perf_counter()
        outputs = engine.generate(requests, sampling, use_tqdm=False)
        seconds = time.perf_counter() - begin
        if any(len(output.outputs[0].token_ids) != tokens for output in outputs):
            raise RuntimeError('a request ended early')
        return seconds

    half = options.max_tokens // 2
    for count in options.streams:
        wave(prompts(count), 8)
        prefills, halves, wholes = [], [], []
        for _ in range(options.rounds):
            # No prefix cache, so the same prompts may be used thrice.
            requests = prompts(count)
            prefills.append(wave(requests, 1))
            halves.append(wave(requests, half))
            wholes.append(wave(requests, options.max_tokens))
        prefill, whole = median(prefills), median(wholes)
        decode = (whole - prefill) / (options.max_tokens - 1)
        late = (whole - median(halves)) / (options.max_tokens - half)
        print(
            f'vLLM {vllm.__version__}, {count} streams: decode {count / decode:.0f} tokens/s ({1000 * decode:.2f} ms a step), '
            f'prefill {count * options.prompt_tokens / prefill:.0f} tokens/s, '
            f'whole {count * options.max_tokens / whole:.0f} output tokens/s, last half {count / late:.0f} tokens/s',
            flush=True,
        )


if __name__ == '__main__':
    main()
