// mlx-c declares its accessors of 16-bit floats on aarch64 only, and mlx-rs calls them everywhere. The same names, with
// the numbers as their bits; half.rs declares them to Rust.
#include "mlx/c/error.h"
#include "mlx/c/private/mlx.h"
#include <cstdint>
#include <cstring>

namespace {
template <class Number> int item(uint16_t *out, const mlx_array array) {
    try {
        Number number = mlx_array_get_(array).item<Number>();
        static_assert(sizeof number == sizeof *out);
        std::memcpy(out, &number, sizeof number);
        return 0;
    } catch (std::exception &error) {
        mlx_error(error.what());
        return 1;
    }
}

template <class Number> const uint16_t *data(const mlx_array array) {
    try {
        return reinterpret_cast<const uint16_t *>(mlx_array_get_(array).data<Number>());
    } catch (std::exception &error) {
        mlx_error(error.what());
        return nullptr;
    }
}
} // namespace

extern "C" {
int mlx_array_item_float16(uint16_t *out, const mlx_array array) { return item<mlx::core::float16_t>(out, array); }
int mlx_array_item_bfloat16(uint16_t *out, const mlx_array array) { return item<mlx::core::bfloat16_t>(out, array); }
const uint16_t *mlx_array_data_float16(const mlx_array array) { return data<mlx::core::float16_t>(array); }
const uint16_t *mlx_array_data_bfloat16(const mlx_array array) { return data<mlx::core::bfloat16_t>(array); }
}
