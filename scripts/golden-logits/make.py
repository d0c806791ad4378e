"""Small random models with the logits that `mlx_lm` computes of them, for the tests of the decoders.

    python3 -m venv VENV && VENV/bin/pip install 'mlx[cpu]==0.32.2' mlx-lm==0.32.2
    VENV/bin/python scripts/golden-logits/make.py models/language/tests/fixtures/golden

Names of models behind the folder make only those. Each model is a folder as `mlx_lm` writes it, and `golden.safetensors` beside its weights: `tokens` (positions) and
`logits` (positions, vocabulary), computed from the weights as they are stored but with 32-bit numbers throughout.
"""

import math
import sys
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_map_with_path
from mlx_lm.utils import load_model, quantize_model, save_config, save_model
from mlx_lm.models import llama, qwen2, qwen3, qwen3_5

POSITIONS = 40

COMMON = dict(
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    vocab_size=160,
    max_position_embeddings=256,
    rms_norm_eps=1e-6,
    rope_theta=10_000.0,
)

MODELS = {
    # Biases of queries, keys and values; two query heads for each key; the embedding is the head too.
    "qwen2-4bit": (qwen2, dict(model_type="qwen2", tie_word_embeddings=True), dict(group_size=64, bits=4)),
    # Norms of queries and keys; heads that together are wider than the residual stream.
    "qwen3-4bit": (
        qwen3,
        dict(model_type="qwen3", tie_word_embeddings=True, head_dim=32, rope_theta=1e6),
        dict(group_size=64, bits=4),
    ),
    # Not quantised; a head of its own.
    "qwen3-bf16": (qwen3, dict(model_type="qwen3", tie_word_embeddings=False, head_dim=16), None),
    # Three query heads for each key; wavelengths as Llama 3.1 stretches them; a head of its own.
    "llama-4bit": (
        llama,
        dict(
            model_type="llama",
            tie_word_embeddings=False,
            num_attention_heads=6,
            head_dim=32,
            rope_scaling=dict(
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=64,
            ),
        ),
        dict(group_size=64, bits=4),
    ),
    # As SmolLM2, and heads that fill no whole tile; wavelengths stretched evenly.
    "llama-bf16": (
        llama,
        dict(
            model_type="llama",
            tie_word_embeddings=True,
            num_attention_heads=3,
            num_key_value_heads=1,
            head_dim=20,
            rope_scaling=dict(type="linear", factor=2.0),
        ),
        None,
    ),
    # Layers that are quantised in ways of their own.
    "qwen3-mixed": (
        qwen3,
        dict(model_type="qwen3", tie_word_embeddings=False, head_dim=32),
        dict(group_size=32, bits=8),
    ),
    # Three gated delta-nets and one attention; two value heads for each key head. Nested as beside a vision tower, some
    # of whose tensors, and some of the layers that guess several tokens ahead, are in the file.
    "qwen3_5-4bit": (
        qwen3_5,
        dict(
            model_type="qwen3_5",
            text_config=COMMON
            | dict(
                model_type="qwen3_5_text",
                tie_word_embeddings=True,
                num_hidden_layers=4,
                head_dim=32,
                linear_num_key_heads=2,
                linear_num_value_heads=4,
                linear_key_head_dim=16,
                linear_value_head_dim=16,
                linear_conv_kernel_dim=4,
                full_attention_interval=4,
                rope_parameters=dict(rope_type="default", rope_theta=1e6, partial_rotary_factor=0.25),
            ),
        ),
        dict(group_size=64, bits=4),
    ),
    # Not quantised, a head of its own, another kernel; no width fills whole tiles, and no entry is nested.
    "qwen3_5-bf16": (
        qwen3_5,
        dict(
            model_type="qwen3_5",
            tie_word_embeddings=False,
            head_dim=24,
            linear_num_key_heads=1,
            linear_num_value_heads=3,
            linear_key_head_dim=20,
            linear_value_head_dim=12,
            linear_conv_kernel_dim=3,
            full_attention_interval=2,
            rope_parameters=dict(rope_type="default", rope_theta=1e4, partial_rotary_factor=0.5),
        ),
        None,
    ),
}


def mixed(path, module):
    """6, 3 and 2 bits, other groups, and a layer that is not quantised."""
    if not hasattr(module, "to_quantized"):
        return False
    if "down_proj" in path:
        return dict(group_size=64, bits=6)
    if "v_proj" in path:
        return dict(group_size=64, bits=3)
    if "up_proj" in path:
        return dict(group_size=32, bits=2)
    return "o_proj" not in path


def randomise(path, value):
    if path.endswith("A_log"):
        # From states that stay for long to those that are gone at once.
        return mx.log(mx.random.uniform(0.02, 4.0, value.shape))
    if path.endswith("conv1d.weight"):
        return 0.6 * mx.random.normal(value.shape)
    if "norm" in path:
        return 1 + 0.2 * mx.random.normal(value.shape)
    if path.endswith("bias"):
        return 0.5 * mx.random.normal(value.shape)
    if "embed_tokens" in path:
        return mx.random.normal(value.shape)
    return mx.random.normal(value.shape) * (1.3 / math.sqrt(value.shape[-1]))


def add_other_parts(file):
    weights = mx.load(str(file))
    mx.eval(weights)
    weights["vision_tower.blocks.0.norm1.weight"] = mx.ones((4,), dtype=mx.bfloat16)
    weights["language_model.mtp.norm.weight"] = mx.ones((4,), dtype=mx.bfloat16)
    mx.save_safetensors(str(file), weights, metadata={"format": "mlx"})


def make(folder, family, entries, quantisation, seed):
    mx.random.seed(seed)
    config = dict(entries) if "text_config" in entries else COMMON | entries
    vocabulary = (config | config.get("text_config", {}))["vocab_size"]
    model = family.Model(family.ModelArgs.from_dict(config))
    stored = lambda path: mx.float32 if path.endswith("A_log") else mx.bfloat16
    model.update(tree_map_with_path(lambda path, value: randomise(path, value).astype(stored(path)), model.parameters()))
    if quantisation:
        predicate = mixed if folder.name.endswith("mixed") else None
        model, config = quantize_model(model, config, **quantisation, quant_predicate=predicate)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(folder, model)
    index = folder / "model.safetensors.index.json"
    index.unlink(missing_ok=True)
    if "text_config" in config:
        add_other_parts(folder / "model.safetensors")
    save_config(config, config_path=folder / "config.json")

    # As any user of the folder reads it.
    model, _ = load_model(folder)
    model.set_dtype(mx.float32)
    tokens = mx.random.randint(0, vocabulary, (POSITIONS,))
    logits = model(tokens[None])[0]
    assert logits.dtype == mx.float32 and logits.shape == (POSITIONS, vocabulary)
    mx.save_safetensors(str(folder / "golden.safetensors"), dict(tokens=tokens.astype(mx.uint32), logits=logits))
    print(f"{folder.name}: logits ± {mx.std(logits).item():.2f}")


def main():
    target = Path(sys.argv[1])
    for seed, (name, (family, entries, quantisation)) in enumerate(MODELS.items()):
        if name in sys.argv[2:] or not sys.argv[2:]:
            make(target / name, family, entries, quantisation, seed)


if __name__ == "__main__":
    main()
