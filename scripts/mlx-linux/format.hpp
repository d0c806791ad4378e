// mlx-c calls std::format without including <format>, and the compiler of Debian 12 (GCC 12) has no <format> at all.
// Included before everything else.
#pragma once
#include <version>
#if __has_include(<format>)
#include <format>
#endif
#ifndef __cpp_lib_format
#include <sstream>
#include <string>
#include <string_view>
namespace std {
// Places are "{}" and nothing more: mlx-c has no others.
template <class... Parts> string format(string_view pattern, const Parts &...parts) {
    ostringstream out;
    auto put = [&](const auto &part) {
        auto place = pattern.find("{}");
        out << pattern.substr(0, place) << part;
        pattern.remove_prefix(place == string_view::npos ? pattern.size() : place + 2);
    };
    (put(parts), ...);
    out << pattern;
    return out.str();
}
} // namespace std
#endif
