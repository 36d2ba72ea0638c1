#include "import/Import.h"

#include "formats/File.h"
#include "formats/Json.h"
#include "formats/Npy.h"
#include "graph/Graph.h"
#include "host/Program.h"
#include "test/graph/Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>

using namespace hornet;
using formats::Json;
using import::ImportedModel;
using import::ImportOptions;
using test::Array;
using testing::HasSubstr;

namespace {

Json readJson(const std::string &path) {
  auto bytes = formats::readFile(path);
  EXPECT_TRUE(bytes) << path;
  return *formats::parseJson({reinterpret_cast<const char *>(bytes->data()), bytes->size()}, path);
}

/// One model file of one golden case.
struct Golden {
  std::string folder, path, io;
  std::optional<std::string> weights;
  double rtol = 0, atol = 0;
};

std::vector<Golden> goldenFiles() {
  std::vector<Golden> all;
  for (const auto &entry : std::filesystem::directory_iterator("test/golden/layers")) {
    std::string folder = entry.path().string() + "/";
    if (!std::filesystem::exists(folder + "case.json"))
      continue;
    Json description = readJson(folder + "case.json");
    for (const Json &file : description["files"]) {
      Golden golden = {folder, folder + file["path"].get<std::string>(),
                       folder + file["io"].get<std::string>()};
      if (file.contains("weights"))
        golden.weights = folder + file["weights"].get<std::string>();
      const Json &tolerance = (file.contains("tolerance") ? file : description)["tolerance"];
      golden.rtol = tolerance["rtol"], golden.atol = tolerance["atol"];
      all.push_back(std::move(golden));
    }
  }
  std::ranges::sort(all, {}, &Golden::path);
  return all;
}

/// gtest takes no other characters.
std::string testName(const testing::TestParamInfo<Golden> &info) {
  std::string name = info.param.path.substr(std::string("test/golden/layers/").size());
  for (char &c : name)
    c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

class GoldenModel : public testing::TestWithParam<Golden> {};

/// The array for `port`: by name, or the only one.
const Tensor *find(const formats::NamedTensors &arrays, const std::string &name, bool only) {
  const Tensor *found = nullptr;
  for (const auto &[key, tensor] : arrays)
    if (key == name || (only && !key.starts_with("output_") && !key.starts_with("call2__")))
      found = &tensor;
  return found;
}

Array toArray(const Tensor &tensor) {
  Tensor floats = tensor.toFloat32();
  auto values = floats.as<float>();
  return {tensor.shape(), {values.begin(), values.end()}};
}

Shape openBatch(Shape shape) {
  if (!shape.empty())
    shape.front() = unknownSize;
  return shape;
}

/// The shape of a result of a batch; of joined samples, `-n` stands for n each.
Shape forBatch(Shape shape, int64_t batch) {
  for (int64_t &extent : shape)
    extent = extent < 0 ? -batch * extent : extent;
  return shape;
}

/// Whether a case rounds to a shorter float, by the last bits of float32, which the rules, in
/// double precision, do not lose.
bool roundsToHalf(const Golden &golden) {
  return golden.path.find("ops__cast") != std::string::npos;
}

/// Runs @predict by the obvious rules, stateful layers from zeros, and compares with what Keras
/// computed.
void expectAnswers(const Golden &golden, const ImportedModel &imported,
                   const std::vector<Tensor> &weights, const formats::NamedTensors &arrays) {
  std::vector<Array> arguments;
  for (const auto &port : imported.inputs)
    arguments.push_back(toArray(*find(arrays, port.name, imported.inputs.size() == 1)));
  for (const State &state : imported.states) {
    Shape shape = state.shape;
    shape.front() = arguments.front().shape.front();
    arguments.push_back(toArray(Tensor(DType::f32, shape)));
  }
  auto predict = imported.module.get().lookupSymbol<mlir::func::FuncOp>(graph::predictName.str());
  std::vector<Array> results = test::interpret(predict, arguments, [&](llvm::StringRef symbol) {
    auto it = std::ranges::find(imported.parameters, symbol.str(), &keras::Parameter::symbol);
    return toArray(weights.at(it - imported.parameters.begin()));
  });
  ASSERT_EQ(results.size(), imported.outputs.size() + imported.states.size());
  for (size_t i = 0; i < imported.outputs.size(); ++i) {
    const Tensor &expected = *find(arrays, fmt::format("output_{}", i), false);
    Array wanted = toArray(expected);
    bool isDouble = expected.dtype() == DType::f64; // Hornet computes in float32
    double rtol = isDouble ? 1e-5 : golden.rtol, atol = isDouble ? 1e-5 : golden.atol;
    if (imported.outputs[i].shape.size() == 1) // may join samples
      results[i].shape = {static_cast<int64_t>(results[i].values.size())};
    ASSERT_EQ(results[i].shape, wanted.shape);
    for (size_t j = 0; j < wanted.values.size(); ++j) {
      float a = results[i].values[j], b = wanted.values[j];
      bool same = a == b || (std::isnan(a) && std::isnan(b));
      ASSERT_TRUE(same || std::fabs(a - b) <= atol + rtol * std::fabs(b))
          << "output " << i << ", element " << j << ": " << a << " instead of " << b;
    }
  }
}

/// The extents that the texts of the case decide.
void addTextShapes(mlir::MLIRContext &context, const keras::Model &model,
                   const formats::NamedTensors &arrays, ImportOptions &options) {
  std::vector<Problem> problems;
  auto open = import::importModel(context, model, options, &problems);
  if (!open || open->openTexts.layers.empty())
    return;
  std::vector<Tensor> texts;
  for (const auto &port : model.inputs)
    texts.push_back(*find(arrays, port.name, model.inputs.size() == 1));
  auto shapes = host::shapesOf(open->openTexts, texts);
  ASSERT_TRUE(shapes) << toString(shapes.error());
  for (auto &[layer, shape] : *shapes)
    options.shapes.emplace_back(layer, openBatch(shape));
}

TEST_P(GoldenModel, ImportsWithKerasShapesBindsItsWeightsAndGivesKerasAnswers) {
  const Golden &golden = GetParam();
  auto model = keras::readModel(golden.path, golden.weights);
  ASSERT_TRUE(model) << toString(model.error());
  auto arrays = formats::readNpzFile(golden.io, formats::Strings::read);
  ASSERT_TRUE(arrays) << toString(arrays.error());
  ImportOptions options;
  for (const auto &port : model->inputs) {
    const Tensor *array = find(*arrays, port.name, model->inputs.size() == 1);
    ASSERT_TRUE(array) << port.name;
    options.shapes.emplace_back(port.name, openBatch(array->shape()));
  }

  mlir::MLIRContext context;
  addTextShapes(context, *model, *arrays, options);
  auto imported = import::importModel(context, *model, options);
  if (golden.path.find("quantized_int8") != std::string::npos) {
    ASSERT_FALSE(imported);
    EXPECT_THAT(toString(imported.error()), HasSubstr("'int8_from_float32' is not supported"));
    return;
  }
  ASSERT_TRUE(imported) << toString(imported.error());
  EXPECT_TRUE(mlir::succeeded(mlir::verify(*imported->module)));
  int64_t batch = arrays->front().second.shape().front();
  for (size_t i = 0; i < imported->outputs.size(); ++i) {
    const Tensor *wanted = find(*arrays, fmt::format("output_{}", i), false);
    ASSERT_TRUE(wanted);
    EXPECT_EQ(forBatch(imported->outputs[i].shape, batch), wanted->shape());
  }
  ASSERT_TRUE(model->weights);
  auto weights = keras::bindWeights(*model, *model->weights, imported->parameters);
  ASSERT_TRUE(weights) << toString(weights.error());
  int64_t work = 0;
  for (const auto &layer : imported->layers)
    work += layer.depth() == 0 ? layer.multiplyAdds : 0;
  // The interpreter is slow, and knows numbers alone.
  if (work < 2'000'000 && !imported->host && !roundsToHalf(golden))
    expectAnswers(golden, *imported, *weights, *arrays);
}

INSTANTIATE_TEST_SUITE_P(Layers, GoldenModel, testing::ValuesIn(goldenFiles()), testName);

} // namespace
