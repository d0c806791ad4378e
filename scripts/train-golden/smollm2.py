"""Trains adapters on SmolLM2 with `mlx_lm`'s own data sets and loop, and compares with what `sayso-train` did.

    smollm2.py prepare IMPORTED PLACE LINES.jsonl      # once: the plain base, the data and the recipes
    smollm2.py start PLACE KIND                        # adapters to start from, saved as mlx_lm saves them
    smollm2.py train PLACE KIND                        # twenty iterations; its losses and adapters
    smollm2.py compare PLACE KIND                      # fails unless sayso-train did the same
    smollm2.py fused PLACE KIND                        # fails unless it fused and packed the same (KIND-fused, KIND-4bit)

scripts/train-golden.sh calls it. Everything is computed with 32-bit numbers.
"""

import json
import os
import sys
import time
from pathlib import Path

# Otherwise every fused kernel is compiled by the C++ compiler first, which takes minutes.
os.environ["MLX_DISABLE_COMPILE"] = "1"

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx.utils import tree_flatten, tree_map, tree_unflatten
from mlx_lm.lora import CONFIG_DEFAULTS
from mlx_lm.tuner.datasets import CacheDataset, ChatDataset
from mlx_lm.tuner.trainer import TrainingArgs, train
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import dequantize_model, load, quantize_model, save, save_config

SYSTEM = "Reconstruct the intended syntax from the dictated text. Output only the result."
ITERATIONS, RANK, SCALE, RATE = 20, 16, 20.0, 1e-4
# The base and the way to train of each kind.
KINDS = {"lora": ("plain", "lora"), "dora": ("plain", "dora"), "qlora": ("packed", "lora")}

RECIPE = """base = "{base}"
output = "{kind}-sayso"
seed = 0
numbers = "float32"
[data]
train = ["data/train.jsonl"]
as_mlx_lm = true
[adapter]
rank = {rank}
scale = {scale}
magnitude = {magnitude}
start = "{kind}-start"
[optimizer]
name = "adam"
learning_rate = {rate}
[run]
iterations = {iterations}
batch = 4
report_every = 1
"""


def in_32_bits(model):
    floats = lambda p: p.astype(mx.float32) if mx.issubdtype(p.dtype, mx.floating) else p
    model.update(tree_map(floats, model.parameters()))


def prepare(imported, place, lines):
    (place / "packed").symlink_to(Path(imported).resolve())
    model, tokenizer, config = load(imported, return_config=True)
    model = dequantize_model(model)
    in_32_bits(model)
    config.pop("quantization", None)
    config.pop("quantization_config", None)
    save(place / "plain", imported, model, tokenizer, config)
    (place / "plain" / "model.safetensors.index.json").unlink()
    (place / "data").mkdir()
    with open(lines) as source, open(place / "data" / "train.jsonl", "w") as target:
        for line, _ in zip(source, range(400)):
            pair = json.loads(line)
            messages = [("system", SYSTEM), ("user", pair["dictated"]), ("assistant", pair["expected"])]
            messages = [{"role": role, "content": content} for role, content in messages]
            target.write(json.dumps({"messages": messages}) + "\n")
    for kind, (base, way) in KINDS.items():
        text = RECIPE.format(kind=kind, base=base, magnitude=str(way == "dora").lower(), rank=RANK, scale=SCALE,
                             rate=RATE, iterations=ITERATIONS)
        (place / f"{kind}.toml").write_text(text)


def settings(place, kind, layers):
    """What mlx_lm.lora would write into adapter_config.json for these settings."""
    config = dict(CONFIG_DEFAULTS)
    config |= {
        "model": str(place / KINDS[kind][0]), "train": True, "fine_tune_type": KINDS[kind][1],
        "data": str(place / "data/train.jsonl"), "num_layers": layers, "batch_size": 4, "iters": ITERATIONS,
        "val_batches": -1, "learning_rate": RATE, "steps_per_report": 1, "max_seq_length": 512,
        "adapter_path": str(place / f"{kind}-sayso"), "mask_prompt": True,
        "resume_adapter_file": str(place / f"{kind}-start/adapters.safetensors"),
        "lora_parameters": {"rank": RANK, "dropout": 0.0, "scale": SCALE},
    }
    return config


def adapted(place, kind):
    base, way = KINDS[kind]
    model, tokenizer = load(str(place / base))
    in_32_bits(model)
    model.freeze()
    mx.random.seed(0)
    parameters = {"rank": RANK, "dropout": 0.0, "scale": SCALE}
    linear_to_lora_layers(model, len(model.layers), parameters, use_dora=way == "dora")
    return model, tokenizer


def start(place, kind):
    model, _ = adapted(place, kind)
    folder = place / f"{kind}-start"
    folder.mkdir(exist_ok=True)
    mx.save_safetensors(str(folder / "adapters.safetensors"), dict(tree_flatten(model.trainable_parameters())))
    save_config(settings(place, kind, len(model.layers)), folder / "adapter_config.json")


class Losses:
    def __init__(self):
        self.losses, self.begun = [], time.perf_counter()

    def on_train_loss_report(self, report):
        self.losses.append(report["train_loss"])
        print(report["iteration"], report["train_loss"], f"{time.perf_counter() - self.begun:.0f} s", flush=True)

    def on_val_loss_report(self, report):
        pass


def run(place, kind):
    model, tokenizer = adapted(place, kind)
    model.load_weights(str(place / f"{kind}-start/adapters.safetensors"), strict=False)
    lines = [json.loads(line) for line in open(place / "data/train.jsonl")]
    data = CacheDataset(ChatDataset(lines, tokenizer, mask_prompt=True))
    folder = place / f"{kind}-mlx_lm"
    folder.mkdir(exist_ok=True)
    args = TrainingArgs(batch_size=4, iters=ITERATIONS, steps_per_report=1, steps_per_save=10_000, max_seq_length=512,
                        adapter_file=folder / "adapters.safetensors")
    losses = Losses()
    np.random.seed(0)
    train(model, optim.Adam(learning_rate=RATE), data, None, args, training_callback=losses)
    save_config(settings(place, kind, len(model.layers)), folder / "adapter_config.json")
    (folder / "losses.json").write_text(json.dumps(losses.losses))


def compare(place, kind):
    ours, theirs = place / f"{kind}-sayso", place / f"{kind}-mlx_lm"
    log = [json.loads(line) for line in open(ours / "log.jsonl")]
    found = [entry["loss"] for entry in log if entry["event"] == "loss"]
    expected = json.loads((theirs / "losses.json").read_text())
    assert len(found) == len(expected) == ITERATIONS, (len(found), len(expected))
    losses = max(abs(a - b) / b for a, b in zip(found, expected))
    mine, wanted = (mx.load(str(folder / "adapters.safetensors")) for folder in (ours, theirs))
    assert {name: array.shape for name, array in mine.items()} == {name: array.shape for name, array in wanted.items()}
    furthest = max(mx.abs(mine[name] - wanted[name]).max().item() for name in wanted)
    begin = mx.load(str(place / f"{kind}-start/adapters.safetensors"))
    square = lambda arrays: sum(mx.square(array).sum().item() for array in arrays)
    off = (square(mine[n] - wanted[n] for n in wanted) / square(wanted[n] - begin[n] for n in wanted)) ** 0.5
    configs = [(folder / "adapter_config.json").read_bytes() for folder in (ours, theirs)]
    print(f"{kind}: losses {expected[0]:.4f} to {expected[-1]:.4f}, off by {losses:.1e} at most; "
          f"adapters off by {furthest:.1e} at most, their change by {off:.1e}; config equal: {configs[0] == configs[1]}")
    # And mlx_lm loads what sayso-train wrote.
    model, _ = load(str(place / KINDS[kind][0]))
    load_adapters(model, str(ours))
    assert losses < 0.01 and furthest < 1e-3 and configs[0] == configs[1]


def fused(place, kind):
    """What mlx_lm fuses and packs, beside `KIND-fused` and `KIND-4bit` of sayso-train."""
    model, _, config = load(str(place / KINDS[kind][0]), adapter_path=str(place / f"{kind}-sayso"), return_config=True)
    model.update_modules(tree_unflatten([(n, m.fuse()) for n, m in model.named_modules() if hasattr(m, "fuse")]))
    wanted = dict(tree_flatten(model.parameters()))
    found = mx.load(str(place / f"{kind}-fused" / "model.safetensors"))
    assert found.keys() == wanted.keys()
    furthest = max(mx.abs(found[name] - wanted[name]).max().item() for name in wanted)
    print(f"{kind}: fused weights off by {furthest:.1e} at most")
    model.load_weights(list(found.items()))
    model, _ = quantize_model(model, config, 64, 4)
    wanted = dict(tree_flatten(model.parameters()))
    found = mx.load(str(place / f"{kind}-4bit" / "model.safetensors"))
    assert found.keys() == wanted.keys()
    same = sum(found[name].dtype == wanted[name].dtype and mx.array_equal(found[name], wanted[name]).item() for name in wanted)
    print(f"{kind}: {same} of {len(wanted)} packed tensors are equal")
    assert furthest < 1e-5 and same == len(wanted)


if __name__ == "__main__":
    step, *rest = sys.argv[1:]
    if step == "prepare":
        prepare(rest[0], Path(rest[1]), rest[2])
    else:
        {"start": start, "train": run, "compare": compare, "fused": fused}[step](Path(rest[0]), rest[1])
