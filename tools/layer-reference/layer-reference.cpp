// Prints docs/layers.md: the registry of layer classes, beside what Keras itself says of them
// (test/import/data/layers.json).

#include "formats/File.h"
#include "formats/Json.h"
#include "import/Importers.h"
#include "import/Registry.h"
#include "keras/Keras1.h"

#include <cstdio>
#include <fmt/ranges.h>
#include <map>

using namespace hornet;
using namespace hornet::import;
using formats::Json;

namespace {

constexpr std::string_view introduction = R"(<!-- Generated: build the target `reference`. -->
# Layers

Every layer class that Keras {} has, and those of Keras {} and {} (`test/import/data/layers.json` has them from these
very packages). Of each: the generations of Keras that have it, its attributes, whether it hands the mask of its
input on as it is (empty: it ends there, or the layer makes another one of it), and whether a model with it can be trained.

- **Attributes** are those that change what a layer predicts. All of them are read; a value that is not supported is refused,
  naming the layer and the attribute, and `hornet doctor` notes those that no Keras of this list has. Initializers, regularizers and
  constraints are left out, and so are `name`, `trainable`, `dtype`, `seed` and what says how to compute
  (`use_cudnn`, `unroll`, …).
- **Predicts**: "the input" is what Keras's random layers give when predicting.
- **Trains**: "no" is refused, naming the layer. Single attributes may be refused, too: docs/training.md.
- Everything is computed in float32: of models in float16, bfloat16 or float64, `hornet doctor` says so.

| layer | Keras | attributes | mask | predicts | trains |
|---|---|---|---|---|---|
)";

/// One line of the table.
struct Line {
  std::string predicts = "yes", mask, trains = "yes";
  bool hasAttributes = true;
};

std::string generationsOf(const Json &keras) {
  std::vector<std::string> generations;
  for (const auto &[generation, arguments] : keras.items())
    generations.push_back(generation);
  return fmt::format("{}", fmt::join(generations, ", "));
}

/// Those of the newest generation, and what Keras 2 has besides; of classes of Keras 1 alone, its.
std::string attributesOf(const Json &keras) {
  std::vector<std::string> names;
  for (const char *generation : {"3", "2", "1"}) {
    if (!keras.contains(generation) || (*generation == '1' && keras.size() > 1))
      continue;
    for (const Json &argument : keras[generation])
      if (std::string name = "`" + argument.get<std::string>() + "`";
          !isWithoutEffect(argument.get<std::string>()) && !llvm::is_contained(names, name))
        names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, " "));
}

std::map<std::string, Line> lines(const Json &kerasClasses) {
  std::map<std::string, Line> table = {{"InputLayer", {.mask = ""}}};
  for (const auto &[name, generations] : kerasClasses.items())
    if (std::string_view later = keras::keras2Name(name); !later.empty())
      table[name] = {.predicts = fmt::format("as {}", later), .hasAttributes = false};
  for (const LayerClass &row : layerClasses()) {
    Line &line = table[std::string(row.name)];
    bool same = row.import == importAugmentation;
    line.hasAttributes = !same;
    line.predicts = same ? "the input" : "yes";
    line.mask = row.mask == Mask::pass ? "passes" : "";
    line.trains = row.untrainable ? "no" : "yes";
    for (const RefusedValue &value : refusedValues())
      if (value.import == row.import)
        line.predicts += fmt::format("; not with `{}: {}`", value.attribute, value.value);
  }
  for (const RefusedClass &row : refusedClasses())
    table[std::string(row.name)] = {fmt::format("refused: {}", row.reason), "", "no", false};
  return table;
}

int print(const std::string &file) {
  auto bytes = formats::readFile(file);
  auto keras =
      bytes
          ? formats::parseJson({reinterpret_cast<const char *>(bytes->data()), bytes->size()}, file)
          : tl::unexpected(bytes.error());
  if (!keras) {
    fmt::print(stderr, "{}\n", toString(keras.error()));
    return 2;
  }
  const Json &versions = (*keras)["versions"], &layers = (*keras)["layers"];
  fmt::print(introduction, versions["3"].get<std::string>(), versions["2"].get<std::string>(),
             versions["1"].get<std::string>());
  for (const auto &[name, line] : lines(layers)) {
    Json known = layers.contains(name) ? layers[name] : Json::object();
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", name, generationsOf(known),
               line.hasAttributes ? attributesOf(known) : "", line.mask, line.predicts,
               line.trains);
  }
  return 0;
}

} // namespace

int main(int count, char **arguments) {
  if (count == 2)
    return print(arguments[1]);
  fmt::print(stderr, "usage: layer-reference LAYERS.json > docs/layers.md\n");
  return 2;
}
