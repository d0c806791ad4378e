"""What `mlx_lm` writes behind prompts, always the likeliest token, and its logits before the first.

    python write.py FOLDER PROMPTS.json OUTPUT.safetensors LIMIT END

Prompts are lists of tokens. The output holds `logits` (prompts, vocabulary) and `tokens` (prompts, LIMIT): the token
END and everything behind it is END. Computed from the weights as they are stored, with 32-bit numbers throughout.
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache
from mlx_lm.utils import load_model


def write(model, prompt, limit, end):
    cache = make_prompt_cache(model)
    logits = first = model(mx.array(prompt)[None], cache=cache)[0, -1]
    tokens = []
    while len(tokens) < limit and (token := mx.argmax(logits).item()) != end:
        tokens.append(token)
        logits = model(mx.array([[token]]), cache=cache)[0, -1]
    return first, tokens + [end] * (limit - len(tokens))


def main():
    folder, prompts, output, limit, end = sys.argv[1:]
    limit, end = int(limit), int(end)
    model, _ = load_model(Path(folder))
    model.set_dtype(mx.float32)
    logits, tokens = zip(*(write(model, prompt, limit, end) for prompt in json.loads(Path(prompts).read_text())))
    mx.save_safetensors(output, dict(logits=mx.stack(logits), tokens=mx.array(tokens, dtype=mx.uint32)))


if __name__ == "__main__":
    main()
