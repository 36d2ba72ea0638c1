//===- Message.h - What a refusal says ------------------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "formats/Json.h"

#include <fstream>
#include <gtest/gtest.h>

namespace hornet::training {

/// The message of an input error; fails the test when there was none, or another kind.
template <class T> std::string refusal(const Expected<T> &result) {
  EXPECT_FALSE(result) << "should have been refused";
  if (result)
    return "";
  EXPECT_TRUE(std::holds_alternative<InputError>(result.error())) << toString(result.error());
  return toString(result.error());
}

/// A JSON file, which may be Python's: NaN becomes a string.
inline formats::Json readJson(const std::string &path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  auto json = formats::parseJson(text, path);
  EXPECT_TRUE(json) << path;
  return json ? *json : formats::Json();
}
inline formats::Json readGolden(const std::string &name) {
  return readJson("test/golden/training/" + name);
}

} // namespace hornet::training
