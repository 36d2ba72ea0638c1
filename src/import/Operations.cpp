// Which operations there are, and how their arguments come together.

#include "base/Nearest.h"
#include "import/Importers.h"
#include "import/Operation.h"

#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {

static SmallVector<ArrayRef<OperationEntry>> families() {
  return {elementwiseOperations(), reducingOperations(), shapingOperations(),
          sortingOperations(),     slicingOperations(),  productOperations()};
}

static const OperationEntry *findOperation(std::string_view name) {
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
  arguments.erase("name");
  SmallVector<StringRef> names;
  StringRef(entry.parameters).split(names, ' ');
  const Json &args = layer.call().args;
  for (size_t i = 0; i < args.size(); ++i)
    if (i < names.size())
      arguments[names[i].str()] = args[i];
    else
      layer.problem("inbound_nodes",
                    fmt::format("the argument {} of its call is not supported", describe(args[i])));
  arguments.update(layer.call().kwargs);
  return arguments;
}

bool importOperation(LayerImport &layer) {
  const OperationEntry *entry = isOperation(layer) ? findOperation(layer.className()) : nullptr;
  if (!entry)
    return false;
  Json arguments = argumentsOf(layer, *entry);
  Operation operation(layer, arguments);
  entry->import(operation);
  for (const std::string &key : operation.unread())
    if (!layer.failed())
      layer.problem(
          key, fmt::format("the argument {}={} is not supported", key, describe(arguments[key])));
  return true;
}

} // namespace hornet::import
