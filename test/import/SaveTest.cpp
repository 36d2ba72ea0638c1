// What is saved is read back bit for bit: every model of the golden set, in every form.
#include "keras/Save.h"
#include "import/Import.h"
#include "keras/Config.h"
#include "test/keras/Golden.h"

#include "graph/Graph.h"
#include "mlir/IR/MLIRContext.h"

#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <numeric>
#include <set>

using namespace hornet;
using namespace hornet::keras;
using testing::HasSubstr;

namespace {

/// A model with the values of its weights and what it computes, as text.
struct Loaded {
  Model model;
  std::vector<Parameter> parameters;
  std::vector<Tensor> values;
  std::string program;
};

Expected<Loaded> load(mlir::MLIRContext &context, const std::string &path,
                      const std::optional<std::string> &weights = std::nullopt) {
  Loaded result;
  result.model = HORNET_TRY(readModel(path, weights));
  import::ImportedModel imported = HORNET_TRY(import::importModel(context, result.model));
  result.parameters = imported.parameters;
  result.values = HORNET_TRY(bindWeights(result.model, result.parameters));
  llvm::raw_string_ostream(result.program) << *imported.module;
  if (imported.host) // vocabularies and all
    result.program += host::jsonOf(*imported.host).dump();
  return result;
}

void expectSame(const std::vector<Tensor> &read, const std::vector<Tensor> &written,
                const std::string &where) {
  ASSERT_EQ(read.size(), written.size()) << where;
  for (size_t i = 0; i < read.size(); ++i) {
    ASSERT_EQ(read[i].shape(), written[i].shape()) << where;
    ASSERT_EQ(std::memcmp(read[i].data(), written[i].data(), written[i].bytes()), 0)
        << where << " " << i;
  }
}

/// Keras writes layers in the order by which it numbers their weights.
void expectKerasOrder(const Model &model, const std::string &where) {
  std::vector<int> order = layerOrder(model), file(model.layers.size());
  std::iota(file.begin(), file.end(), 0);
  EXPECT_EQ(order, file) << where;
  for (const Layer &layer : model.layers)
    if (layer.model)
      expectKerasOrder(*layer.model, where + "/" + layer.name);
}

/// All that is saved, and all that a file that is read back is compared with.
std::string essence(const Loaded &loaded) {
  std::string result = std::to_string(static_cast<int>(loaded.model.generation)) +
                       loaded.model.kerasVersion + loaded.model.source->dump() + loaded.program;
  for (const Tensor &values : loaded.values)
    result.append(reinterpret_cast<const char *>(values.data()), values.bytes());
  return result;
}

class Save : public testing::Test {
protected:
  std::filesystem::path folder;
  mlir::MLIRContext context;
  void SetUp() override {
    // In memory where there is such a folder: a disk takes long to take a thousand files for good.
    std::filesystem::path parent = "/dev/shm";
    if (!std::filesystem::is_directory(parent))
      parent = std::filesystem::temp_directory_path();
    std::string name = (parent / "hornet-save-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  int refused = 0;

  void checkModel(const Loaded &original, const std::string &where) {
    for (const char *name : {"model.keras", "model.h5"}) {
      std::string path = folder / name;
      auto saved = saveModel(original.model, original.parameters, original.values, path);
      if (!saved) {
        EXPECT_TRUE(original.model.generation != Generation::keras3 &&
                    std::string_view(name) == "model.keras")
            << where << ": " << toString(saved.error());
        EXPECT_THAT(toString(saved.error()), HasSubstr("layer '")) << where;
        ++refused;
        continue;
      }
      auto read = load(context, path);
      ASSERT_TRUE(read) << where << " as " << name << ": " << toString(read.error());
      expectSame(read->values, original.values, where + " as " + name);
      // What Keras 1 wrote becomes a file of Keras 2.
      Generation expected = std::max(original.model.generation, Generation::keras2);
      bool sameGeneration = read->model.generation == expected;
      EXPECT_TRUE(sameGeneration || std::string_view(name) == "model.keras") << where;
      // Keras 1 has another order of layers, where branches merge.
      if (sameGeneration && original.model.generation != Generation::keras1)
        EXPECT_EQ(read->program, original.program) << where << " as " << name;
    }
  }

  void checkWeights(const Loaded &original, const std::string &where) {
    for (const char *name : {"w.weights.h5", "w.h5"}) {
      std::string path = folder / name;
      auto saved = saveWeights(original.model, original.parameters, original.values, path);
      ASSERT_TRUE(saved) << where << ": " << toString(saved.error());
      Model model = original.model;
      auto opened = loadWeights(model, path);
      ASSERT_TRUE(opened) << where << ": " << toString(opened.error());
      auto values = bindWeights(model, original.parameters);
      ASSERT_TRUE(values) << where << " as " << name << ": " << toString(values.error());
      expectSame(*values, original.values, where + " as " + name);
    }
  }
};

/// Every golden model file that Hornet takes; files that hold the same are saved once.
TEST_F(Save, EveryModelAndItsWeightsAreTheSameInEveryForm) {
  int count = 0;
  for (const golden::Case &golden : golden::cases("layers")) {
    std::set<std::string> saved;
    for (const golden::ModelFile &file : golden::modelFiles(golden)) {
      auto loaded = load(context, file.path, file.weights);
      if (!loaded)
        continue;
      ++count;
      if (loaded->model.generation != Generation::keras1) // see above
        expectKerasOrder(loaded->model, file.path);
      if (!saved.insert(essence(*loaded)).second)
        continue;
      checkModel(*loaded, file.path);
      if (!loaded->parameters.empty())
        checkWeights(*loaded, file.path);
    }
  }
  EXPECT_GT(count, 350);
  // Of Keras 1 and 2, with classes or functions that LayerKeys.cpp does not know in both.
  EXPECT_EQ(refused, 133);
}

} // namespace
