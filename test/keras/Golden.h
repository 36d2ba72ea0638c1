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
inline std::vector<Case> casesIn(const std::string &folder) {
  std::vector<Case> found;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path() / "case.json");
    if (entry.is_directory() && file)
      found.push_back({entry.path().string() + "/", formats::Json::parse(file)});
  }
  std::ranges::sort(found, {}, &Case::name);
  return found;
}
/// Of "layers" or "refuse".
inline std::vector<Case> cases(const std::string &kind) { return casesIn("test/golden/" + kind); }

/// One model file of a case, with the weights that an architecture goes with.
struct ModelFile {
  std::string path;
  std::optional<std::string> weights;
  formats::Json json;
};
inline std::vector<ModelFile> modelFiles(const Case &golden) {
  std::vector<ModelFile> files;
  for (const formats::Json &json : golden.json["files"]) {
    files.push_back({golden.folder + json["path"].get<std::string>(), std::nullopt, json});
    if (json.contains("weights"))
      files.back().weights = golden.folder + json["weights"].get<std::string>();
  }
  return files;
}

/// Whether the message has all words that the case asks for.
inline void expectWords(const Case &golden, const std::string &message) {
  for (const formats::Json &word : golden.json["message_words"])
    EXPECT_NE(message.find(word.get<std::string>()), std::string::npos)
        << golden.name() << " should say " << word << ", but says: " << message;
}

/// "a/b/kernel" and a shape make a parameter of layer b in the nested model a.
inline keras::Parameter parameter(const std::string &symbol, Shape shape, bool trainable = true) {
  keras::Parameter result{symbol, {}, "", std::move(shape), trainable};
  for (size_t start = 0; start <= symbol.size();) {
    size_t end = std::min(symbol.find('/', start), symbol.size());
    result.layerPath.push_back(symbol.substr(start, end - start));
    start = end + 1;
  }
  result.name = result.layerPath.back();
  result.layerPath.pop_back();
  return result;
}

} // namespace hornet::golden
