"""lm-evaluation-harness, unmodified: --model local-completions on tasks of our own, tokenizer and all from the server."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import BASE_URL, JUDGE_ANSWERS, check, close, context_length, equal, post, post_root, run_checks

CLIENTS = Path(__file__).resolve().parent.parent
TASKS = ["latent_sums", "latent_capitals", "latent_golden"]
TOLERANCE = 1e-3
"""Natural logarithm; how sequences are batched makes more than 1e-5 of difference in fp32."""


def golden_cases():
    """Greedy answers of Hugging Face transformers, where their text becomes the very tokens that it generated."""
    cases = json.loads((CLIENTS / "../../training/golden.json").read_text(encoding="utf-8"))["cases"]
    for case in cases:
        prompt = post_root("/detokenize", {"tokens": case["prompt_ids"]})["prompt"]
        body = {"prompt": prompt + case["text"], "add_special_tokens": False}
        eos = case["generated_ids"][-1:]
        ids = post_root("/tokenize", body)["tokens"]
        if ids == case["prompt_ids"] + case["generated_ids"] or ids + eos == case["prompt_ids"] + case["generated_ids"]:
            yield {"prompt": prompt, "text": case["text"]}


def run_harness(folder):
    """Runs the command line in a folder with the tasks; returns its table of results and its samples by task."""
    shutil.copytree(CLIENTS / "lm-eval", folder, dirs_exist_ok=True)
    lines = [json.dumps(case) for case in golden_cases()] if JUDGE_ANSWERS else []
    tasks = TASKS if JUDGE_ANSWERS else TASKS[:2]
    Path(folder, "golden.jsonl").write_text("\n".join(lines), encoding="utf-8")
    # Nothing is fetched from the hub, and nothing of it is kept.
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": f"{folder}/hub"}
    command = [sys.executable, "-m", "lm_eval", "--model", "local-completions", "--include_path", "."]
    command += ["--model_args", f"model=default,base_url={BASE_URL}/completions,max_length={context_length()}"]
    command += ["--tasks", ",".join(tasks), "--batch_size", "4", "--output_path", "results", "--log_samples"]
    run = subprocess.run(command, cwd=folder, env={**os.environ, **offline}, capture_output=True, text=True)
    assert run.returncode == 0, f"exit code {run.returncode}\n{run.stdout}\n{run.stderr}"
    assert "Using remote tokenizer" in run.stderr, run.stderr
    (results,) = Path(folder).glob("results/*/results_*.json")
    samples = {
        task: [json.loads(line) for line in next(results.parent.glob(f"samples_{task}_*")).open(encoding="utf-8")]
        for task in tasks
    }
    return json.loads(results.read_text(encoding="utf-8"))["results"], samples


@check("lm-eval: local-completions runs multiple choice, loglikelihood and generate_until")
def evaluate():
    global results, samples
    with tempfile.TemporaryDirectory(prefix="latent-serve-lm-eval-") as folder:
        results, samples = run_harness(folder)
    equal([len(samples["latent_capitals"]), len(samples["latent_sums"])], [6, 4])
    if JUDGE_ANSWERS:
        equal(results["latent_capitals"]["acc,none"], 1.0)
        equal(results["latent_sums"]["exact_match,trimmed"], 1.0)


@check("lm-eval: the greedy answers of transformers are greedy here")
def golden():
    if not JUDGE_ANSWERS:
        return
    assert len(samples["latent_golden"]) >= 15, len(samples["latent_golden"])
    equal([(sample["doc"]["text"], sample["acc"]) for sample in samples["latent_golden"] if sample["acc"] != 1.0], [])


@check("lm-eval: its loglikelihoods are the server's prompt_logprobs")
def loglikelihoods():
    for sample in samples["latent_capitals"]:
        for arguments, ((loglikelihood, is_greedy),) in zip(sample["arguments"].values(), sample["resps"], strict=True):
            context, continuation = arguments["arg_0"], arguments["arg_1"]
            num_context = len(post_root("/tokenize", {"prompt": context, "add_special_tokens": False})["tokens"])
            body = {"model": "default", "prompt": context + continuation, "add_special_tokens": False}
            (choice,) = post("/completions", {**body, "max_tokens": 1, "prompt_logprobs": 0})["choices"]
            tokens = [next(iter(token.values())) for token in choice["prompt_logprobs"][num_context:]]
            close(float(loglikelihood), sum(token["logprob"] for token in tokens), TOLERANCE)
            equal(is_greedy == "True", all(token["rank"] == 1 for token in tokens))


@check("lm-eval: its generations are the server's")
def generations():
    for sample in samples["latent_sums"]:
        body = {"model": "default", "prompt": sample["arguments"]["gen_args_0"]["arg_0"], "add_special_tokens": False}
        answer = post("/completions", {**body, "temperature": 0, "max_tokens": 24, "stop": ["\n"]})
        equal(sample["resps"], [[answer["choices"][0]["text"]]])


run_checks()
