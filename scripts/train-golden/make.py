"""Losses and weights of `mlx_lm`'s own training loop on small random models, for the tests of `sayso-model-train`.

    python3 -m venv VENV && VENV/bin/pip install 'mlx[cpu]==0.32.2' mlx-lm==0.32.2
    VENV/bin/python scripts/train-golden/make.py models/language/tests/fixtures/golden models/train/tests/fixtures/golden

The models are those of scripts/golden-logits. For each case `NAME.json` holds the settings, the examples and the loss of
every iteration, `NAME.safetensors` the trained weights before (`start.…`) and after (`end.…`). Everything is computed
with 32-bit numbers. Names of cases behind the folders make only those.
"""

import json
import os
import sys
from pathlib import Path

# Otherwise every fused kernel is compiled by the C++ compiler first, which takes minutes.
os.environ["MLX_DISABLE_COMPILE"] = "1"

import mlx.core as mx
import mlx.optimizers as optim
import numpy as np
from mlx.utils import tree_flatten, tree_map
from mlx_lm.tuner.datasets import CacheDataset
from mlx_lm.tuner.trainer import TrainingArgs, train
from mlx_lm.tuner.utils import linear_to_lora_layers
from mlx_lm.utils import load_model

ITERATIONS = 12
VOCABULARY = 160

# Which model, what is trained, and with which optimizer.
CASES = {
    "lora": ("llama-bf16", "lora", "adam", {}),
    "dora": ("qwen3-bf16", "dora", "adamw", {"weight_decay": 0.1}),
    "qlora": ("qwen3-4bit", "lora", "adam", {"bias_correction": True}),
    "qdora": ("qwen2-4bit", "dora", "sgd", {"momentum": 0.9}),
    "full": ("llama-bf16", "full", "adafactor", {"scale_parameter": True, "relative_step": False}),
    "muon": ("qwen3-mixed", "lora", "muon", {}),
    "accumulated": ("llama-4bit", "lora", "sgd", {}),
    "hybrid": ("qwen3_5-bf16", "lora", "adam", {}),
}
CLASSES = {
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "sgd": optim.SGD,
    "adafactor": optim.Adafactor,
    "muon": optim.Muon,
}


def examples(random):
    """Texts with a rule that can be learnt: the second half repeats the first."""
    made = []
    for _ in range(26):
        half = int(random.integers(3, 24))
        first = random.integers(1, VOCABULARY, half).tolist()
        made.append((first + first, half))
    return made


class Encoded(list):
    """Examples that are tokens already, for the data set that mlx_lm.lora uses."""

    def process(self, example):
        return example


class Losses:
    """Takes the loss of each iteration from the training loop."""

    def __init__(self):
        self.losses = []

    def on_train_loss_report(self, report):
        self.losses.append(report["train_loss"])

    def on_val_loss_report(self, report):
        pass


def run(models, case, target):
    model_name, kind, optimizer, settings = CASES[case]
    model, _ = load_model(models / model_name)
    model.update(tree_map(lambda p: p.astype(mx.float32) if mx.issubdtype(p.dtype, mx.floating) else p, model.parameters()))
    mx.random.seed(3)
    np.random.seed(3)
    model.freeze()
    if kind == "full":
        model.layers[-1].unfreeze()
    else:
        parameters = {"rank": 4, "dropout": 0.0, "scale": 20.0}
        linear_to_lora_layers(model, len(model.layers), parameters, use_dora=kind == "dora")
    start = dict(tree_flatten(model.trainable_parameters()))
    # A start at zero has no gradient for lora_a, and would test only half.
    start = {name: mx.random.normal(array.shape) * 0.05 if name.endswith("lora_b") else array for name, array in start.items()}
    model.load_weights(list(start.items()), strict=False)
    start = {name: mx.array(array) for name, array in start.items()}
    rate = {"sgd": 0.001, "muon": 0.003, "adam": 3e-4}.get(optimizer, 1e-3)
    accumulation = 3 if case == "accumulated" else 1
    data = examples(np.random.default_rng(5))
    losses = Losses()
    args = TrainingArgs(batch_size=4, iters=ITERATIONS, steps_per_report=1, steps_per_save=1000, max_seq_length=64,
                        adapter_file=target / "unused.safetensors", grad_accumulation_steps=accumulation)
    np.random.seed(7)
    train(model, CLASSES[optimizer](learning_rate=rate, **settings), CacheDataset(Encoded(data)), None, args, training_callback=losses)
    (target / "unused.safetensors").unlink()
    end = dict(tree_flatten(model.trainable_parameters()))
    arrays = {f"start.{name}": array for name, array in start.items()}
    arrays |= {f"end.{name}": array for name, array in end.items()}
    mx.save_safetensors(str(target / f"{case}.safetensors"), arrays)
    description = {
        "model": model_name, "kind": kind, "optimizer": optimizer, "settings": settings, "rate": rate, "batch": 4,
        "accumulation": accumulation, "seed": 7, "rank": 4, "scale": 20.0, "losses": losses.losses,
        "examples": [{"tokens": [int(t) for t in tokens], "answer": int(answer)} for tokens, answer in data],
    }
    (target / f"{case}.json").write_text(json.dumps(description) + "\n")
    print(case, [round(loss, 4) for loss in losses.losses])


if __name__ == "__main__":
    models, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[3:] or CASES:
        run(models, case, target)
