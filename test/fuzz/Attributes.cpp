// What Keras says in the attributes of HDF5 files, in a file that the library itself can read. The
// input is lines: keras_version, backend, layer_names, weight_names (with commas), and model_config
// to the end. Each weight has as many elements as its name has letters.

#include "formats/Hdf5Writer.h"
#include "graph/Graph.h"
#include "import/Import.h"
#include "keras/Model.h"
#include "keras/Weights.h"
#include "test/fuzz/Fuzz.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <algorithm>
#include <vector>

using namespace hornet;

namespace {

/// Takes what comes before `end` off `text`.
std::string_view take(std::string_view &text, char end) {
  size_t at = std::min(text.find(end), text.size());
  std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::vector<std::string> list(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty())
    words.emplace_back(take(text, ','));
  return words;
}

/// A name that a link of an HDF5 file can have.
bool isLink(const std::string &name) {
  return !name.empty() && name != "." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

Expected<formats::Bytes> fileOf(std::string_view input) {
  std::string version(take(input, '\n')), backend(take(input, '\n'));
  std::vector<std::string> layers = list(take(input, '\n')), weights = list(take(input, '\n'));
  formats::Hdf5Writer writer;
  writer.attribute("", "keras_version", version);
  writer.attribute("", "backend", backend);
  writer.attribute("", "model_config", std::string(input));
  writer.group("model_weights");
  writer.attribute("model_weights", "layer_names", layers);
  std::ranges::sort(layers);
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  for (const std::string &layer : layers) {
    if (!isLink(layer))
      continue;
    std::string group = "model_weights/" + layer;
    writer.group(group);
    writer.attribute(group, "weight_names", weights);
    std::vector<std::string> written;
    for (const std::string &weight : weights)
      if (isLink(weight) && std::ranges::find(written, weight) == written.end()) {
        writer.dataset(group + "/" + weight,
                       Tensor(DType::f32, {static_cast<int64_t>(weight.size())}));
        written.push_back(weight);
      }
  }
  return writer.finish();
}

void readAll(const std::string &path) {
  auto model = keras::readModel(path);
  fuzz::expectNoBug(model);
  if (!model)
    return;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<graph::GraphDialect, mlir::func::FuncDialect>();
  auto imported = import::importModel(context, *model);
  fuzz::expectNoBug(imported);
  if (imported)
    fuzz::expectNoBug(keras::bindWeights(*model, imported->parameters));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = fileOf(fuzz::textOf(data, size));
  if (file) // what the writer refuses is no file
    fuzz::inFile(*file, "fuzz.h5", readAll);
  return 0;
}
