#include "test/keras/Golden.h"

namespace hornet::golden {

std::vector<Case> casesIn(const std::string &folder) {
  std::vector<Case> found;
  for (const auto &entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path() / "case.json");
    if (entry.is_directory() && file)
      found.push_back({entry.path().string() + "/", formats::Json::parse(file)});
  }
  std::ranges::sort(found, {}, &Case::name);
  return found;
}

std::vector<Case> cases(const std::string &kind) { return casesIn("test/golden/" + kind); }

std::vector<ModelFile> modelFiles(const Case &golden) {
  std::vector<ModelFile> files;
  for (const formats::Json &json : golden.json["files"]) {
    files.push_back({golden.folder + json["path"].get<std::string>(), std::nullopt, json});
    if (json.contains("weights"))
      files.back().weights = golden.folder + json["weights"].get<std::string>();
  }
  return files;
}

void expectWords(const Case &golden, const std::string &message) {
  for (const formats::Json &word : golden.json["message_words"])
    EXPECT_NE(message.find(word.get<std::string>()), std::string::npos)
        << golden.name() << " should say " << word << ", but says: " << message;
}

keras::Parameter parameter(const std::string &symbol, Shape shape, bool trainable) {
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
