#include "import/Import.h"

#include "formats/File.h"
#include "formats/Json.h"

#include <filesystem>
#include <gmock/gmock.h>

using namespace hornet;
using formats::Json;
using testing::HasSubstr;

namespace {

struct Case {
  std::string name;
  Json description;
};

std::vector<Case> refusedFiles() {
  std::vector<Case> cases;
  for (const auto &entry : std::filesystem::directory_iterator("test/golden/refuse")) {
    std::string path = entry.path().string() + "/case.json";
    if (auto bytes = formats::readFile(path))
      cases.push_back({entry.path().filename().string(),
                       *formats::parseJson(
                           {reinterpret_cast<const char *>(bytes->data()), bytes->size()}, path)});
  }
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

void PrintTo(const Case &refused, std::ostream *stream) { *stream << refused.name; }

class Refused : public testing::TestWithParam<Case> {};

/// Reads, imports and binds: the first error. Nothing when all of that works.
std::optional<Error> errorOf(const std::string &path) {
  auto model = keras::readModel(path);
  if (!model)
    return model.error();
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model);
  if (!imported)
    return imported.error();
  if (!model->weights)
    return std::nullopt;
  auto weights = keras::bindWeights(*model, *model->weights, imported->parameters);
  return weights ? std::nullopt : std::optional(weights.error());
}

TEST_P(Refused, IsRefusedWithAMessageThatNamesTheMistake) {
  const auto &[name, description] = GetParam();
  std::optional<Error> error =
      errorOf("test/golden/refuse/" + name + "/" + description["file"].get<std::string>());
  bool optional = description["policy"] != "refuse";
  if (!error) {
    EXPECT_TRUE(optional) << "the file is taken";
    return;
  }
  ASSERT_TRUE(std::holds_alternative<InputError>(*error)) << toString(*error);
  for (const Json &word : description["message_words"])
    EXPECT_THAT(toString(*error), HasSubstr(word.get<std::string>()));
}

INSTANTIATE_TEST_SUITE_P(Files, Refused, testing::ValuesIn(refusedFiles()),
                         [](const auto &info) { return info.param.name; });

} // namespace
