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
/// those strings here. Input error (with `file` and `attribute` as given): not UTF-8, not JSON
/// (with the position), ends early, nested deeper than 500.
Expected<Json> parseJson(std::string_view text, const std::string &file,
                         const std::string &attribute = "");

} // namespace hornet::formats
