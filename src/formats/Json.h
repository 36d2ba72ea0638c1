//===- Json.h - JSON as Python writes it ------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace hornet::formats {

/// Objects keep the file's order: the outputs of a Keras model may be a dict, whose order counts.
using Json = nlohmann::ordered_json;

/// Parses UTF-8 JSON. Python also writes the bare words NaN, Infinity and -Infinity: they become
/// those strings here, and so does a number beyond float64 (1e400), which Python reads as infinity.
/// Integers beyond 64 bits become float64; of a key given twice the last value counts. Input error
/// (with `file` and `attribute` as given): not UTF-8, not JSON (with line and column), ends early,
/// nested deeper than 500. Takes linear time, and no stack that grows with the text.
Expected<Json> parseJson(std::string_view text, const std::string &file,
                         const std::string &attribute = "");

} // namespace hornet::formats
