// The registry of layer classes, held against what Keras itself says of its classes
// (data/layers.json).

#include "import/Registry.h"

#include "formats/File.h"
#include "formats/Npy.h"
#include "import/Importers.h"
#include "test/keras/Golden.h"

#include "mlir/IR/MLIRContext.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <map>
#include <set>

using namespace hornet;
using formats::Json;
using testing::HasSubstr;

namespace {

/// By class, then generation ("1", "2", "3"): the arguments of its constructor.
const Json &kerasClasses() {
  static const Json classes = [] {
    auto bytes = formats::readFile("test/import/data/layers.json");
    EXPECT_TRUE(bytes);
    return formats::parseJson({reinterpret_cast<const char *>(bytes->data()), bytes->size()},
                              "layers.json")
        .value()["layers"];
  }();
  return classes;
}

const import::LayerClass *find(const std::string &name) {
  for (const import::LayerClass &row : import::layerClasses())
    if (row.name == name)
      return &row;
  return nullptr;
}

TEST(LayerClasses, AreSortedAndEachIsThereOnce) {
  std::vector<std::string_view> imported, refused, all;
  for (const import::LayerClass &row : import::layerClasses())
    imported.push_back(row.name);
  for (const import::RefusedClass &row : import::refusedClasses())
    refused.push_back(row.name);
  EXPECT_TRUE(std::ranges::is_sorted(imported));
  EXPECT_TRUE(std::ranges::is_sorted(refused));
  for (auto names : {llvm::ArrayRef(imported), llvm::ArrayRef(refused)})
    all.insert(all.end(), names.begin(), names.end());
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

/// What a model of one layer of the class is refused for.
std::string refusalOf(const std::string &className) {
  Json input = {{"class_name", "InputLayer"},
                {"config", {{"name", "x"}, {"batch_shape", {nullptr, 4, 4, 3}}}}};
  Json layer = {{"class_name", className}, {"config", {{"name", "it"}, {"trainable", true}}}};
  Json spec = {{"class_name", "Sequential"},
               {"module", "keras"},
               {"config", {{"name", "model"}, {"layers", {input, layer}}}}};
  auto model = keras::modelFromConfig(spec, "model.json");
  if (!model)
    return toString(model.error());
  mlir::MLIRContext context;
  auto imported = import::importModel(context, *model);
  return imported ? "" : toString(imported.error());
}

/// Supported, or refused for a reason: never a name that nobody has heard of.
TEST(LayerClasses, OfAllGenerationsOfKerasAreKnown) {
  for (const auto &[name, generations] : kerasClasses().items()) {
    if (name == "InputLayer" || find(name))
      continue;
    std::string refusal = refusalOf(name);
    EXPECT_THAT(refusal, HasSubstr("layer 'it' (" + name + ")"));
    EXPECT_THAT(refusal, testing::Not(HasSubstr("no layer class"))) << name;
  }
}

TEST(LayerClasses, ThatAreRefusedSayWhyAndHowToMendIt) {
  for (const import::RefusedClass &row : import::refusedClasses())
    EXPECT_THAT(refusalOf(std::string(row.name)), testing::AllOf(HasSubstr(std::string(row.reason)),
                                                                 HasSubstr(std::string(row.mend))));
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

/// A golden model with what its import needs.
struct Golden {
  keras::Model model;
  import::ImportOptions options;
};

/// One file of each golden case and generation, small models first.
std::vector<Golden> readGoldenModels() {
  std::vector<Golden> models;
  for (const golden::Case &golden : golden::cases("layers")) {
    std::set<int> seen;
    auto io = golden::modelFiles(golden).front().json["io"].get<std::string>();
    auto arrays = formats::readNpzFile(golden.folder + io);
    for (const golden::ModelFile &file : golden::modelFiles(golden)) {
      if (!arrays || !seen.insert(file.json["keras_generation"].get<int>()).second)
        continue;
      auto model = keras::readModel(file.path, file.weights);
      if (!model || model->layers.size() > 12)
        continue;
      model->weights = nullptr; // else their files stay open
      import::ImportOptions options;
      for (const keras::Port &port : model->inputs)
        for (const auto &[name, tensor] : *arrays)
          if (name == port.name)
            options.shapes.emplace_back(name, tensor.shape());
      models.push_back({std::move(*model), std::move(options)});
    }
  }
  std::ranges::sort(models, {},
                    [](const Golden &g) { return std::pair(g.model.layers.size(), g.model.file); });
  return models;
}

const std::vector<Golden> &goldenModels() {
  static const std::vector<Golden> models = readGoldenModels();
  return models;
}

std::vector<Problem> problemsOf(const Golden &golden) {
  mlir::MLIRContext context;
  auto imported = import::importModel(context, golden.model, golden.options);
  if (imported)
    return std::move(imported->notes);
  auto *error = std::get_if<InputError>(&imported.error());
  EXPECT_TRUE(error) << toString(imported.error());
  return error ? error->problems : std::vector<Problem>();
}

std::string generationOf(const keras::Model &model) {
  return std::to_string(static_cast<int>(model.generation));
}

/// A value that no attribute has.
const Json nonsense = {{"nonsense", 7}};

/// Whether the import looks at the attribute: in one of all models that have it, nonsense is
/// refused.
bool isLookedAt(const Golden &golden, size_t layer, const std::string &attribute) {
  Golden broken = golden;
  broken.model.layers[layer].config[attribute] = nonsense;
  for (const Problem &problem : problemsOf(broken))
    if (problem.reason.find("not known to Hornet") != std::string::npos &&
        problem.attribute == attribute)
      return false;
  return true;
}

TEST(LayerClasses, HaveNoAttributeThatNobodyLooksAt) {
  std::set<std::string> seen, met, overlooked;
  for (const Golden &golden : goldenModels()) {
    if (golden.model.generation == keras::Generation::keras1)
      continue; // spelled as Keras 2's when it was read
    std::string generation = generationOf(golden.model);
    for (size_t i = 0; i < golden.model.layers.size(); ++i) {
      const std::string &name = golden.model.layers[i].className;
      const import::LayerClass *row = find(name);
      if (!row || !kerasClasses().contains(name) || golden.model.layers[i].calls.empty())
        continue;
      met.insert(name);
      if (!kerasClasses()[name].contains(generation) || row->import == import::importAugmentation)
        continue;
      for (const Json &argument : kerasClasses()[name][generation]) {
        auto attribute = argument.get<std::string>();
        std::string what = fmt::format("{} of Keras {}: {}", name, generation, attribute);
        if (import::isWithoutEffect(attribute) || !seen.insert(what).second)
          continue;
        if (!isLookedAt(golden, i, attribute))
          overlooked.insert(what);
      }
    }
  }
  EXPECT_TRUE(overlooked.empty()) << fmt::format("{}", fmt::join(overlooked, "\n"));
  EXPECT_GT(seen.size(), 400u);
}

/// Of each row, in some golden model whose layer would else be imported.
TEST(LayerClasses, RefuseTheValuesThatTheReferenceNames) {
  const std::vector<Golden> &models = goldenModels();
  for (const import::RefusedValue &row : import::refusedValues()) {
    bool refused = false;
    for (const Golden &golden : models)
      for (size_t i = 0; i < golden.model.layers.size() && !refused; ++i) {
        const import::LayerClass *known = find(golden.model.layers[i].className);
        if (!known || known->import != row.import)
          continue;
        Golden changed = golden;
        changed.model.layers[i].config[std::string(row.attribute)] = Json::parse(row.value);
        for (const Problem &problem : problemsOf(changed))
          refused |= problem.attribute == row.attribute;
      }
    EXPECT_TRUE(refused) << row.attribute << ": " << row.value;
  }
}

} // namespace
