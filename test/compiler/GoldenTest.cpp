// Every golden layer case through the whole compiler, at -O0, and at -O3 with one and two threads.

#include "test/keras/Golden.h"
#include "compiler/Compiler.h"
#include "compiler/Description.h"
#include "formats/Npy.h"
#include "host/Program.h"
#include "import/Import.h"

#include "mlir/IR/MLIRContext.h"

#include <cmath>
#include <set>

using namespace hornet;

namespace {

struct Tolerance {
  double relative, absolute;
};

Tolerance toleranceOf(const golden::Case &golden, const golden::ModelFile &file, DType dtype) {
  if (dtype == DType::f64) // Hornet computes in float32
    return {1e-5, 1e-5};
  const auto &json =
      file.json.contains("tolerance") ? file.json["tolerance"] : golden.json["tolerance"];
  return {json["rtol"], json["atol"]};
}

/// How many of the elements are too far from Keras's.
size_t wrongElements(const Tensor &got, const Tensor &expected, Tolerance tolerance) {
  size_t wrong = 0;
  for (int64_t i = 0; i < got.size(); ++i) {
    double a = got.as<float>()[i], b = expected.as<float>()[i];
    bool equal = (std::isnan(a) && std::isnan(b)) || a == b ||
                 std::abs(a - b) <= tolerance.absolute + tolerance.relative * std::abs(b);
    wrong += !equal;
  }
  return wrong;
}

const Tensor *find(const formats::NamedTensors &tensors, const std::string &name) {
  for (const auto &[key, tensor] : tensors)
    if (key == name)
      return &tensor;
  return nullptr;
}

/// The arrays of io.npz as the model's inputs, of a call whose names begin with `prefix`: by name,
/// and a model's only input by position.
std::vector<Tensor> inputsFor(const std::vector<std::string> &names,
                              const formats::NamedTensors &io, const std::string &prefix = "") {
  std::vector<Tensor> inputs;
  for (const std::string &name : names)
    if (const Tensor *tensor = find(io, prefix + name))
      inputs.push_back(*tensor);
  if (inputs.empty() && names.size() == 1)
    for (const auto &[name, tensor] : io)
      if (inputs.empty() && name.starts_with(prefix))
        inputs.push_back(tensor);
  return inputs;
}

/// The arrays in the types that the model takes.
std::vector<Tensor> inTypes(std::vector<Tensor> inputs, const std::vector<runtime::Port> &ports) {
  for (size_t i = 0; i < inputs.size(); ++i)
    if (ports[i].dtype == DType::f32)
      inputs[i] = inputs[i].toFloat32();
    else if (ports[i].dtype == DType::i64)
      inputs[i] = inputs[i].toInt64();
  return inputs;
}

/// What is as long as the texts are, as the driver finds it out.
void addTextShapes(const keras::Model &model, const std::vector<Tensor> &inputs,
                   CompileOptions &options) {
  auto examined = examine(model, options);
  ASSERT_TRUE(examined) << toString(examined.error());
  if (examined->openTexts.layers.empty())
    return;
  std::vector<runtime::Port> ports;
  for (const import::Port &port : examined->inputs)
    ports.push_back({port.name, port.dtype, port.shape});
  auto shapes = host::shapesOf(examined->openTexts, inTypes(inputs, ports));
  ASSERT_TRUE(shapes) << toString(shapes.error());
  options.shapes.insert(options.shapes.end(), shapes->begin(), shapes->end());
}

/// Of the numbers in `tensors`.
std::string bytesOf(const std::vector<Tensor> &tensors) {
  std::string bytes;
  for (const Tensor &tensor : tensors)
    if (tensor.dtype() != DType::string)
      bytes.append(reinterpret_cast<const char *>(tensor.data()), tensor.bytes());
  return bytes;
}

/// Cases that are refused on purpose, with what the message names.
const std::map<std::string, std::string> refusedCases = {
    {"dtype__quantized_int8_dense", "quantized dtype policy"},
};

/// A model file with the arrays of its calls.
struct Loaded {
  golden::ModelFile file;
  keras::Model model;
  formats::NamedTensors io;
  std::vector<std::string> names; ///< of its inputs
  std::vector<std::pair<std::string, Shape>> shapes;
};

Expected<Loaded> load(const golden::Case &golden, const golden::ModelFile &file) {
  Loaded result;
  result.file = file;
  result.model = HORNET_TRY(keras::readModel(file.path, file.weights));
  result.io = HORNET_TRY(formats::readNpzFile(golden.folder + file.json["io"].get<std::string>(),
                                              formats::Strings::read));
  for (const keras::Port &port : result.model.inputs)
    result.names.push_back(port.name);
  std::vector<Tensor> inputs = inputsFor(result.names, result.io);
  for (size_t i = 0; i < inputs.size(); ++i)
    result.shapes.emplace_back(result.names[i], inputs[i].shape());
  return result;
}

/// All that code and answers follow from: the graph, what the host computes around it, and the
/// weights; with what is expected of the answers.
Expected<std::string> essence(const Loaded &loaded) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto imported = HORNET_TRY(import::importModel(context, loaded.model, {loaded.shapes}));
  auto weights = HORNET_TRY(keras::bindWeights(loaded.model, imported.parameters));
  std::string result = loaded.file.json["io"].dump();
  result += loaded.file.json.value("tolerance", formats::Json()).dump();
  llvm::raw_string_ostream(result) << *imported.module;
  if (imported.host)
    result += host::jsonOf(*imported.host).dump();
  for (const Tensor &values : weights)
    result.append(reinterpret_cast<const char *>(values.data()), values.bytes());
  return result;
}

class GoldenLayers : public testing::TestWithParam<golden::Case> {
protected:
  void check(const Loaded &loaded, const CompileOptions &base) {
    const auto &[file, model, io, names, shapes] = loaded;
    SCOPED_TRACE(file.path + " -O" + std::to_string(base.level) + " threads " +
                 std::to_string(base.threads));
    ASSERT_EQ(shapes.size(), names.size());
    CompileOptions options = base;
    options.shapes = shapes;
    addTextShapes(model, inputsFor(names, io), options);
    auto compiled = compile(model, options);
    if (auto refused = refusedCases.find(GetParam().name()); refused != refusedCases.end()) {
      ASSERT_FALSE(compiled);
      EXPECT_NE(toString(compiled.error()).find(refused->second), std::string::npos);
      return;
    }
    ASSERT_TRUE(compiled) << toString(compiled.error());
    std::vector<Tensor> inputs = inTypes(inputsFor(names, io), compiled->inputs());
    const std::string before = bytesOf(inputs);
    auto outputs = compiled->run(inputs);
    ASSERT_TRUE(outputs) << toString(outputs.error());
    EXPECT_EQ(bytesOf(inputs), before) << "the code wrote to its inputs";
    expectAnswers(*outputs, io, file, "");
    if (io.back().first.starts_with("call2__"))
      checkCalls(*compiled, names, io, file);
  }

  /// Calls with one state, in a row.
  void checkCalls(const CompiledModel &compiled, const std::vector<std::string> &names,
                  const formats::NamedTensors &io, const golden::ModelFile &file) {
    EXPECT_FALSE(compiled.manifest().states.empty());
    std::vector<Tensor> first = inputsFor(names, io);
    auto state = compiled.newState(first.front().shape()[0]);
    ASSERT_TRUE(state);
    for (int round = 0; round < 2; ++round) {
      for (const char *prefix : {"", "call2__"}) {
        auto outputs =
            compiled.run(inTypes(inputsFor(names, io, prefix), compiled.inputs()), &*state);
        ASSERT_TRUE(outputs) << toString(outputs.error());
        expectAnswers(*outputs, io, file, prefix);
      }
      state->reset();
    }
  }

  void expectAnswers(const std::vector<Tensor> &outputs, const formats::NamedTensors &io,
                     const golden::ModelFile &file, const std::string &prefix) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor *expected = find(io, prefix + "output_" + std::to_string(i));
      ASSERT_TRUE(expected);
      ASSERT_EQ(outputs[i].shape(), expected->shape());
      if (expected->dtype() == DType::string) {
        ASSERT_EQ(outputs[i].dtype(), DType::string);
        EXPECT_TRUE(std::ranges::equal(outputs[i].as<std::string>(), expected->as<std::string>()));
        continue;
      }
      EXPECT_EQ(wrongElements(outputs[i].toFloat32(), expected->toFloat32(),
                              toleranceOf(GetParam(), file, expected->dtype())),
                0u)
          << "of " << expected->size() << " elements of output " << prefix << i;
    }
  }
};

/// The sanitizers watch the compiler, not what it compiles. In their build, where a run takes long,
/// one of each kind is enough: import-test reads all files there.
#if __has_feature(address_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

TEST_P(GoldenLayers, givesKerasAnswers) {
  std::set<std::string> seen;
  for (const golden::ModelFile &file : golden::modelFiles(GetParam())) {
    auto loaded = load(GetParam(), file);
    ASSERT_TRUE(loaded) << file.path << ": " << toString(loaded.error());
    bool first = seen.empty();
    if (first)
      check(*loaded, {.level = 3, .threads = 2, .target = "x86-64-v3"});
    if (sanitized)
      return;
    if (!seen.insert(essence(*loaded).value_or(file.path)).second)
      continue;
    check(*loaded, {.level = 3, .threads = 1, .target = "x86-64-v3"});
    if (!first)
      continue;
    // What the files share once they are read need not be shown for each; nor plain loops for more
    // threads, which they do not use.
    check(*loaded, {.level = 0, .threads = 1, .target = "x86-64-v3"});
    check(*loaded, {.level = 3, .threads = 1, .target = "x86-64-v2"});
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLayers, testing::ValuesIn(golden::cases("layers")),
                         [](const auto &test) { return test.param.name(); });

} // namespace
