// Which operations there are, and how their arguments come together.

#include "base/Nearest.h"
#include "import/Importers.h"
#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

static SmallVector<ArrayRef<OperationEntry>> families() {
  return {activationOperations(), elementwiseOperations(), specialOperations(),
          reducingOperations(),   shapingOperations(),     repeatingOperations(),
          placingOperations(),    sortingOperations(),     slicingOperations(),
          gatheringOperations(),  productOperations(),     matrixOperations(),
          windowOperations(),     normalizingOperations(), imageOperations(),
          samplingOperations(),   fourierOperations(),     linearOperations()};
}

const OperationEntry *findOperation(std::string_view name) {
  for (ArrayRef<OperationEntry> family : families())
    for (const OperationEntry &entry : family)
      if (entry.name == name)
        return &entry;
  return nullptr;
}

std::vector<std::string_view> supportedOperations() {
  std::vector<std::string_view> names;
  for (ArrayRef<OperationEntry> family : families())
    for (const OperationEntry &entry : family)
      names.push_back(entry.name);
  std::ranges::sort(names);
  return names;
}

bool isOperation(const LayerImport &layer) {
  const keras::Layer &kerasLayer = layer.layer();
  return StringRef(kerasLayer.module).contains(".ops") ||
         (layer.generation() == keras::Generation::keras3 && kerasLayer.module.empty() &&
          kerasLayer.config.is_object() && !kerasLayer.config.contains("trainable"));
}

/// Config, positional arguments and keywords as one object.
static Json argumentsOf(LayerImport &layer, const OperationEntry &entry) {
  Json arguments = layer.layer().config;
  for (const char *key : {"name", "trainable"})
    arguments.erase(key);
  SmallVector<StringRef> names;
  StringRef(entry.parameters).split(names, ' ');
  const Json &args = layer.call().args;
  for (size_t i = 0; i < args.size(); ++i)
    if (StringRef rest = names[std::min(i, names.size() - 1)]; rest.consume_front("*"))
      arguments[rest.str()].push_back(args[i]);
    else if (i < names.size())
      arguments[names[i].str()] = args[i];
    else
      layer.problem("inbound_nodes",
                    fmt::format("the argument {} of its call is not supported", describe(args[i])));
  arguments.update(layer.call().kwargs);
  return arguments;
}

void callOperation(LayerImport &layer, const OperationEntry &entry, const Json &arguments) {
  Operation operation(layer, entry.name, arguments);
  entry.import(operation);
  for (const std::string &key : operation.unread())
    if (!layer.failed())
      layer.problem(
          key, fmt::format("the argument {}={} is not supported", key, describe(arguments[key])));
}

bool importOperation(LayerImport &layer) {
  if (!isOperation(layer))
    return false;
  if (const OperationEntry *entry = findOperation(layer.className())) {
    callOperation(layer, *entry, argumentsOf(layer, *entry));
    return true;
  }
  auto refused = llvm::find_if(refusedOperations(),
                               [&](const auto &each) { return each.name == layer.className(); });
  if (refused == refusedOperations().end())
    return false;
  layer.problem(
      "class_name",
      fmt::format("the operation '{}' is not supported: {}", refused->name, refused->reason),
      std::string(refused->mend));
  return true;
}

} // namespace hornet::import
