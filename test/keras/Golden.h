//===- Golden.h - The cases of test/golden, for tests over all of them --------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/Json.h"
#include "keras/Weights.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace hornet::golden {

struct Case {
  std::string folder; ///< with a slash at its end
  formats::Json json; ///< its case.json

  std::string name() const { return json["name"]; }
};

/// All cases in a folder, by name.
std::vector<Case> casesIn(const std::string &folder);
/// Of "layers" or "refuse".
std::vector<Case> cases(const std::string &kind);

/// One model file of a case, with the weights that an architecture goes with.
struct ModelFile {
  std::string path;
  std::optional<std::string> weights;
  formats::Json json;
};
std::vector<ModelFile> modelFiles(const Case &golden);

/// Whether the message has all words that the case asks for.
void expectWords(const Case &golden, const std::string &message);

/// "a/b/kernel" and a shape make a parameter of layer b in the nested model a.
keras::Parameter parameter(const std::string &symbol, Shape shape, bool trainable = true);

} // namespace hornet::golden
