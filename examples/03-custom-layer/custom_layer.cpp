// A model with layers that Hornet does not know: their importers, and Keras's own answer to compare
// with.

#include "compiler/Compiler.h"
#include "formats/Npy.h"
#include "graph/Arithmetic.h"
#include "import/LayerImport.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace hornet;
using graph::Term;
using import::LayerImport;

/// GatedDense of make_model.py: (x kernel) * sigmoid(x gate + bias).
static void importGatedDense(LayerImport &layer) {
  int64_t units = layer.positive("units"); // reports what is no positive integer
  mlir::Value x = layer.input();
  if (!layer.ready())
    return;
  if (!layer.hasRank(x, 2, "batch, features"))
    return;
  int64_t features = import::toShape(x).back();
  // Weights in the order in which build() adds them.
  mlir::Value kernel = layer.parameter("kernel", {features, units});
  mlir::Value gate = layer.parameter("gate", {features, units});
  mlir::Value bias = layer.parameter("bias", {units});
  mlir::Value open = layer.create<graph::SigmoidOp>(
      layer.create<graph::AddOp>(layer.create<graph::MatmulOp>(x, gate), bias));
  layer.result(layer.create<graph::MultiplyOp>(layer.create<graph::MatmulOp>(x, kernel), open));
}

/// The Lambda 'signed_square', as a formula: x * |x|.
static void importSignedSquare(LayerImport &layer) {
  mlir::Value value = layer.input();
  if (!layer.ready())
    return;
  mlir::ImplicitLocOpBuilder builder(layer.location(), layer.builder());
  Term x{&builder, value};
  layer.result((x * graph::abs(x)).value);
}

/// The value, or the end of the program with what is wrong.
template <class T> static T check(Expected<T> result) {
  if (result)
    return std::move(*result);
  std::fprintf(stderr, "error: %s\n", toString(result.error()).c_str());
  std::exit(1);
}

int main(int argc, char **argv) {
  const std::string folder = argc > 1 ? argv[1] : "examples/03-custom-layer";

  CompileOptions options;
  options.customLayers = {{"examples>GatedDense", importGatedDense},
                          {"signed_square", importSignedSquare}};
  keras::Model model = check(keras::readModel(folder + "/gated.keras"));
  CompiledModel compiled = check(compile(model, options));

  formats::NamedTensors recorded = check(formats::readNpzFile(folder + "/expected.npz"));
  const Tensor &features = recorded[0].second, &expected = recorded[1].second;
  Tensor answer = check(compiled.run(std::vector<Tensor>{features})).front();
  double furthest = 0;
  for (int64_t i = 0; i < expected.size(); ++i)
    furthest =
        std::max<double>(furthest, std::abs(answer.as<float>()[i] - expected.as<float>()[i]));
  std::printf("%s probabilities, at most %.1e from Keras's\n", toString(answer.shape()).c_str(),
              furthest);
  return answer.shape() == expected.shape() && furthest < 1e-6 ? 0 : 1;
}
