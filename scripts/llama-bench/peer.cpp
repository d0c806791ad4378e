// llama.cpp under the same tasks as `sayso-lab bench cpu`: a model of the same shape with random weights, which this
// program writes itself, and one task for each line of standard input.
//
//   peer FOLDER TYPE THREADS
//
// "writing N", "reading N", "answering READ WRITTEN" and "judging TEXT SHARED OWN" each answer with a line of
// milliseconds, one for each step.
#include "ggml-cpu.h"
#include "gguf.h"
#include "llama.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

// The shape of Qwen3-0.6B.
constexpr int LAYERS = 28, HIDDEN = 1024, HEADS = 16, KEY_VALUE_HEADS = 8, HEAD_DIM = 128;
constexpr int INTERMEDIATE = 3072, VOCABULARY = 151936;
// Tokens that are cached, and candidates.
constexpr int PREFIX = 40, CANDIDATES = 4;
// Tokens that there is room for.
constexpr int CONTEXT = 512;

[[noreturn]] static void fail(const std::string &what) {
    fprintf(stderr, "peer: %s\n", what.c_str());
    exit(1);
}

static void write_model(const std::string &path, ggml_type type) {
    gguf_context *file = gguf_init_empty();
    gguf_set_val_str(file, "general.architecture", "qwen3");
    gguf_set_val_str(file, "tokenizer.ggml.model", "no_vocab");
    gguf_set_val_u32(file, "qwen3.vocab_size", VOCABULARY);
    gguf_set_val_u32(file, "qwen3.context_length", 40960);
    gguf_set_val_u32(file, "qwen3.embedding_length", HIDDEN);
    gguf_set_val_u32(file, "qwen3.block_count", LAYERS);
    gguf_set_val_u32(file, "qwen3.feed_forward_length", INTERMEDIATE);
    gguf_set_val_u32(file, "qwen3.attention.head_count", HEADS);
    gguf_set_val_u32(file, "qwen3.attention.head_count_kv", KEY_VALUE_HEADS);
    gguf_set_val_u32(file, "qwen3.attention.key_length", HEAD_DIM);
    gguf_set_val_u32(file, "qwen3.attention.value_length", HEAD_DIM);
    gguf_set_val_f32(file, "qwen3.attention.layer_norm_rms_epsilon", 1e-6f);
    gguf_set_val_f32(file, "qwen3.rope.freq_base", 1e6f);

    ggml_context *tensors = ggml_init({size_t(1) << 30, nullptr, false});
    std::mt19937 random(1);
    const auto add = [&](ggml_tensor *tensor, const std::string &name) {
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(file, tensor);
    };
    const auto norm = [&](const std::string &name, int width) {
        ggml_tensor *tensor = ggml_new_tensor_1d(tensors, GGML_TYPE_F32, width);
        std::fill_n(static_cast<float *>(tensor->data), width, 1.0f);
        add(tensor, name + ".weight");
    };
    const auto matrix = [&](const std::string &name, int outputs, int inputs) {
        ggml_tensor *tensor = ggml_new_tensor_2d(tensors, type, inputs, outputs);
        std::uniform_real_distribution<float> weight(-1.5f / std::sqrt(inputs), 1.5f / std::sqrt(inputs));
        // A few rows again and again: what a weight is changes no time.
        constexpr int ROWS = 64;
        std::vector<float> rows(size_t(ROWS) * inputs);
        for (float &value : rows) value = weight(random);
        for (int row = 0; row < outputs; row += ROWS) {
            char *out = static_cast<char *>(tensor->data) + size_t(row) * ggml_row_size(type, inputs);
            std::rotate(rows.begin(), rows.begin() + 7 * 32, rows.end());
            ggml_quantize_chunk(type, rows.data(), out, 0, ROWS, inputs, nullptr);
        }
        add(tensor, name + ".weight");
    };
    matrix("token_embd", VOCABULARY, HIDDEN);
    norm("output_norm", HIDDEN);
    for (int layer = 0; layer < LAYERS; layer++) {
        const std::string at = "blk." + std::to_string(layer) + ".";
        norm(at + "attn_norm", HIDDEN);
        matrix(at + "attn_q", HEADS * HEAD_DIM, HIDDEN);
        matrix(at + "attn_k", KEY_VALUE_HEADS * HEAD_DIM, HIDDEN);
        matrix(at + "attn_v", KEY_VALUE_HEADS * HEAD_DIM, HIDDEN);
        matrix(at + "attn_output", HIDDEN, HEADS * HEAD_DIM);
        norm(at + "attn_q_norm", HEAD_DIM);
        norm(at + "attn_k_norm", HEAD_DIM);
        norm(at + "ffn_norm", HIDDEN);
        matrix(at + "ffn_gate", INTERMEDIATE, HIDDEN);
        matrix(at + "ffn_up", INTERMEDIATE, HIDDEN);
        matrix(at + "ffn_down", HIDDEN, INTERMEDIATE);
    }
    // Whole or not at all.
    const std::string aside = path + ".new";
    if (!gguf_write_to_file(file, aside.c_str(), false)) fail("cannot write " + aside);
    std::filesystem::rename(aside, path);
    gguf_free(file);
    ggml_free(tensors);
}

using Clock = std::chrono::steady_clock;

static double milliseconds(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Peer {
    llama_context *context;
    llama_batch batch;
    std::mt19937 random{2};

    llama_token token() { return random() % VOCABULARY; }

    void add(llama_token token, int position, std::vector<llama_seq_id> sequences, bool logits) {
        const int at = batch.n_tokens++;
        batch.token[at] = token;
        batch.pos[at] = position;
        batch.n_seq_id[at] = sequences.size();
        std::copy(sequences.begin(), sequences.end(), batch.seq_id[at]);
        batch.logits[at] = logits;
    }

    void run() {
        if (llama_decode(context, batch) != 0) fail("llama_decode fails");
        batch.n_tokens = 0;
    }

    void forget(int from) {
        for (int sequence = 0; sequence < CANDIDATES; sequence++) {
            llama_memory_seq_rm(llama_get_memory(context), sequence, from, -1);
        }
    }

    void read_prefix() {
        forget(0);
        for (int at = 0; at < PREFIX; at++) add(token(), at, {0, 1, 2, 3}, at + 1 == PREFIX);
        run();
    }

    llama_token likeliest() {
        const float *logits = llama_get_logits_ith(context, -1);
        return std::max_element(logits, logits + VOCABULARY) - logits;
    }
};

int main(int count, char **arguments) {
    if (count != 4) fail("FOLDER TYPE THREADS are needed");
    const std::string name = arguments[2];
    const int threads = std::stoi(arguments[3]);
    const ggml_type types[] = {GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_K};
    const auto type = std::find_if(std::begin(types), std::end(types), [&](ggml_type type) {
        return name == ggml_type_name(type);
    });
    if (type == std::end(types)) fail("TYPE is one of q4_0, q4_1, q4_K");
    const std::string path = std::string(arguments[1]) + "/random-" + name + ".gguf";
    llama_log_set([](ggml_log_level level, const char *text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
    }, nullptr);
    if (!std::filesystem::exists(path)) write_model(path, *type);

    llama_backend_init();
    llama_model *model = llama_model_load_from_file(path.c_str(), llama_model_default_params());
    if (!model) fail("cannot load " + path);
    llama_context_params options = llama_context_default_params();
    options.n_ctx = CONTEXT;
    options.n_seq_max = CANDIDATES;
    options.n_threads = options.n_threads_batch = threads;
    options.no_perf = true;
    // One cache for all sequences, so that the prefix is there once.
    options.kv_unified = true;
    llama_context *context = llama_init_from_model(model, options);
    if (!context) fail("cannot make a context");
    // Threads that live on; without a pool they are started anew for each pass.
    ggml_threadpool_params pool_options = ggml_threadpool_params_default(threads);
    ggml_threadpool *pool = ggml_threadpool_new(&pool_options);
    llama_attach_threadpool(context, pool, pool);
    Peer peer{context, llama_batch_init(CONTEXT, 0, CANDIDATES)};
    peer.batch.n_tokens = 0;

    char line[256];
    while (puts("ready"), fflush(stdout), fgets(line, sizeof line, stdin)) {
        int a = 0, b = 0, c = 0;
        if (sscanf(line, "writing %d", &a) == 1) {
            peer.read_prefix();
            for (int number = 0; number < a; number++) {
                const auto start = Clock::now();
                peer.add(peer.likeliest(), PREFIX + number, {0}, true);
                peer.run();
                printf("%.4f ", milliseconds(start));
            }
        } else if (sscanf(line, "reading %d", &a) == 1) {
            peer.forget(0);
            const auto start = Clock::now();
            for (int at = 0; at < a; at++) peer.add(peer.token(), at, {0}, at + 1 == a);
            peer.run();
            peer.likeliest();
            printf("%.4f ", milliseconds(start));
        } else if (sscanf(line, "answering %d %d", &a, &b) == 2) {
            if (PREFIX + a + b > CONTEXT) fail("the text does not fit");
            peer.read_prefix();
            const auto start = Clock::now();
            for (int at = 0; at < a; at++) peer.add(peer.token(), PREFIX + at, {0}, at + 1 == a);
            peer.run();
            // The last token that is written is not read.
            for (int number = 0; number + 1 < b; number++) {
                peer.add(peer.likeliest(), PREFIX + a + number, {0}, true);
                peer.run();
            }
            peer.likeliest();
            printf("%.4f ", milliseconds(start));
        } else if (sscanf(line, "judging %d %d %d", &a, &b, &c) == 3) {
            peer.read_prefix();
            const auto start = Clock::now();
            // The last token of a candidate has nothing behind it and is not read.
            for (int at = 0; at < a + b; at++) peer.add(peer.token(), PREFIX + at, {0, 1, 2, 3}, at + 1 >= a);
            for (int candidate = 0; candidate < CANDIDATES; candidate++) {
                for (int at = 0; at + 1 < c; at++) peer.add(peer.token(), PREFIX + a + b + at, {candidate}, true);
            }
            peer.run();
            printf("%.4f ", milliseconds(start));
        } else {
            fail(std::string("no such task: ") + line);
        }
        ggml_threadpool_pause(pool);
        puts("");
    }
}
