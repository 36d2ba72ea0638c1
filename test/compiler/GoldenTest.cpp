// Every golden layer case through the whole compiler, at -O0 and -O3, with one and two threads.

#include "test/keras/Golden.h"
#include "compiler/Compiler.h"
#include "compiler/Description.h"
#include "formats/Npy.h"
#include "host/Program.h"

#include <cmath>

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

/// Cases that are refused on purpose, with what the message names.
const std::map<std::string, std::string> refusedCases = {
    {"dtype__quantized_int8_dense", "quantized dtype policy"},
};

class GoldenLayers : public testing::TestWithParam<golden::Case> {
protected:
  void check(const golden::ModelFile &file, const CompileOptions &base) {
    SCOPED_TRACE(file.path + " -O" + std::to_string(base.level) + " threads " +
                 std::to_string(base.threads));
    auto model = keras::readModel(file.path, file.weights);
    ASSERT_TRUE(model) << toString(model.error());
    auto io = formats::readNpzFile(GetParam().folder + file.json["io"].get<std::string>(),
                                   formats::Strings::read);
    ASSERT_TRUE(io) << toString(io.error());
    std::vector<std::string> names;
    for (const keras::Port &port : model->inputs)
      names.push_back(port.name);
    std::vector<Tensor> inputs = inputsFor(names, *io);
    ASSERT_EQ(inputs.size(), names.size());
    CompileOptions options = base;
    for (size_t i = 0; i < names.size(); ++i)
      options.shapes.emplace_back(names[i], inputs[i].shape());
    addTextShapes(*model, inputs, options);
    auto compiled = compile(*model, options);
    if (auto refused = refusedCases.find(GetParam().name()); refused != refusedCases.end()) {
      ASSERT_FALSE(compiled);
      EXPECT_NE(toString(compiled.error()).find(refused->second), std::string::npos);
      return;
    }
    ASSERT_TRUE(compiled) << toString(compiled.error());
    auto outputs = compiled->run(inTypes(inputs, compiled->inputs()));
    ASSERT_TRUE(outputs) << toString(outputs.error());
    expectAnswers(*outputs, *io, file, "");
    if (io->back().first.starts_with("call2__"))
      checkCalls(*compiled, names, *io, file);
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
  golden::ModelFile first = golden::modelFiles(GetParam()).front();
  check(first, {.level = 3, .threads = 2, .target = "x86-64-v3"});
  if (sanitized)
    return;
  for (const golden::ModelFile &file : golden::modelFiles(GetParam()))
    check(file, {.level = 3, .threads = 1, .target = "x86-64-v3"});
  // What the files share once they are read need not be shown for each.
  check(first, {.level = 0, .threads = 1, .target = "x86-64-v3"});
  check(first, {.level = 0, .threads = 2, .target = "x86-64-v3"});
  check(first, {.level = 3, .threads = 1, .target = "x86-64-v2"});
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLayers, testing::ValuesIn(golden::cases("layers")),
                         [](const auto &test) { return test.param.name(); });

} // namespace
