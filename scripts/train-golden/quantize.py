"""What `mlx_lm` makes of a small random model in every number of bits, for the tests of `sayso-model-train`.

    VENV/bin/python scripts/train-golden/quantize.py models/language/tests/fixtures/golden/qwen3-bf16 OUTPUT.json

For each number of bits and group size: type, shape and SHA-256 of the bytes of every tensor.
"""

import hashlib
import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten
from mlx_lm.utils import load_model, quantize_model


def described(array):
    data = np.array(array.view(mx.uint8)).tobytes()
    return [str(array.dtype).removeprefix("mlx.core."), list(array.shape), hashlib.sha256(data).hexdigest()]


if __name__ == "__main__":
    found = {}
    for bits in [2, 3, 4, 5, 6, 8]:
        for group_size in [32, 64, 128]:
            model, config = load_model(Path(sys.argv[1]))
            model, _ = quantize_model(model, config, group_size, bits)
            tensors = dict(tree_flatten(model.parameters()))
            found[f"{bits} {group_size}"] = {name: described(array) for name, array in sorted(tensors.items())}
    Path(sys.argv[2]).write_text(json.dumps(found, indent=1) + "\n")
