#include "Commands.h"
#include "Cost.h"
#include "Memory.h"
#include "Options.h"
#include "Terminal.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::tool {

using formats::Json;
using import::LayerRecord;

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  bool shapes = false;
  bool memory = false;
  size_t batch = 1;
  bool json = false;
};
} // namespace

/// Of all calls, each shape once: a shared layer is called several times.
static std::vector<Shape> shapesOf(const LayerRecord &layer,
                                   std::vector<Shape> import::CallRecord::*which) {
  std::vector<Shape> shapes;
  for (const import::CallRecord &call : layer.calls)
    for (const Shape &shape : call.*which)
      if (&call == &layer.calls.front() ||
          std::find(shapes.begin(), shapes.end(), shape) == shapes.end())
        shapes.push_back(shape);
  return shapes;
}

static std::string textOf(const std::vector<Shape> &shapes) {
  std::string text;
  for (const Shape &shape : shapes)
    text += (text.empty() ? "" : ", ") + toString(shape);
  if (shapes.empty())
    return "-";
  return shapes.size() == 1 ? text : "[" + text + "]";
}

static Json jsonOf(const Shape &shape) {
  Json json = Json::array();
  for (int64_t extent : shape)
    json.push_back(extent == unknownSize ? Json() : Json(extent));
  return json;
}

static std::string connections(const LayerRecord &layer) {
  std::vector<std::string> all;
  for (const import::CallRecord &call : layer.calls)
    all.insert(all.end(), call.connectedTo.begin(), call.connectedTo.end());
  return all.empty() ? "-" : fmt::format("{}", fmt::join(all, ", "));
}

static std::string title(const LayerRecord &layer) {
  return fmt::format("{} ({})", fmt::join(layer.path, "/"), layer.className);
}

/// As Keras: a nested model is one row, and a Sequential does not list its input.
static std::string kerasTable(const keras::Model &model, const ModelDescription &imported,
                              const Terminal &terminal) {
  std::vector<Table::Column> columns = {
      {"Layer (type)"}, {"Output Shape"}, {"Param #", Table::Align::right}};
  if (!model.isSequential())
    columns.push_back({"Connected to"});
  Table table(columns);
  for (const LayerRecord &layer : imported.layers)
    if (layer.depth() == 0 && !(model.isSequential() && layer.className == "InputLayer"))
      table.add({title(layer), textOf(shapesOf(layer, &import::CallRecord::outputs)),
                 grouped(costOf(imported, layer).parameters), connections(layer)});
  return table.format(terminal);
}

static std::string shapesTable(const ModelDescription &imported, const Terminal &terminal) {
  Table table({{"Layer (type)"},
               {"Input Shape"},
               {"Output Shape"},
               {"Param #", Table::Align::right},
               {"Multiply-adds", Table::Align::right},
               {"Weights", Table::Align::right},
               {"Activations", Table::Align::right}});
  for (const LayerRecord &layer : imported.layers) {
    Cost cost = costOf(imported, layer);
    table.add({title(layer), textOf(shapesOf(layer, &import::CallRecord::inputs)),
               textOf(shapesOf(layer, &import::CallRecord::outputs)), grouped(cost.parameters),
               grouped(cost.multiplyAdds), byteSize(cost.parameters * 4.0),
               byteSize(cost.activations * 4.0)});
  }
  return table.format(terminal);
}

static std::string totalsText(const ModelDescription &imported, bool shapes) {
  Cost total = totalCost(imported);
  auto line = [](std::string_view what, int64_t count) {
    return fmt::format("{} params: {} ({})\n", what, grouped(count), byteSize(count * 4.0));
  };
  std::string text = line("Total", total.parameters) + line("Trainable", total.trainable) +
                     line("Non-trainable", total.parameters - total.trainable);
  if (shapes)
    text += fmt::format("Multiply-adds a sample: {}\n", grouped(total.multiplyAdds));
  return text;
}

static Json layerJson(const ModelDescription &imported, const LayerRecord &layer) {
  Cost cost = costOf(imported, layer);
  Json calls = Json::array();
  for (const import::CallRecord &call : layer.calls) {
    Json inputs = Json::array(), outputs = Json::array();
    for (const Shape &shape : call.inputs)
      inputs.push_back(jsonOf(shape));
    for (const Shape &shape : call.outputs)
      outputs.push_back(jsonOf(shape));
    calls.push_back(
        {{"input_shapes", inputs}, {"output_shapes", outputs}, {"connected_to", call.connectedTo}});
  }
  return {{"name", layer.name()},
          {"path", layer.path},
          {"class", layer.className},
          {"trainable", layer.trainable},
          {"calls", calls},
          {"parameters", cost.parameters},
          {"trainable_parameters", cost.trainable},
          {"multiply_adds", layer.multiplyAdds},
          {"weight_bytes", cost.parameters * Cost::bytesEach},
          {"activation_bytes", cost.activations * Cost::bytesEach}};
}

static Json portsJson(const std::vector<import::Port> &ports) {
  Json json = Json::array();
  for (const import::Port &port : ports)
    json.push_back(
        {{"name", port.name}, {"shape", jsonOf(port.shape)}, {"dtype", nameOf(port.dtype)}});
  return json;
}

static Json summaryJson(const keras::Model &model, const ModelDescription &imported) {
  Cost total = totalCost(imported);
  Json layers = Json::array();
  for (const LayerRecord &layer : imported.layers)
    layers.push_back(layerJson(imported, layer));
  return {{"name", model.name},
          {"class", model.className},
          {"keras_version", model.kerasVersion},
          {"inputs", portsJson(imported.inputs)},
          {"outputs", portsJson(imported.outputs)},
          {"layers", layers},
          {"parameters", total.parameters},
          {"trainable_parameters", total.trainable},
          {"non_trainable_parameters", total.parameters - total.trainable},
          {"multiply_adds", total.multiplyAdds}};
}

static Expected<ExitCode> showMemory(const Options &options, const keras::Model &model,
                                     const CompileOptions &compileOptions) {
  MemoryPlan plan = HORNET_TRY(driver::planMemory(model, compileOptions));
  if (options.json)
    printJson(memoryJson(plan, options.batch));
  else
    print(fmt::format("Model: \"{}\"\n{}", printable(model.name),
                      memoryText(plan, options.batch, Terminal::of(stdout))));
  return done;
}

static Expected<ExitCode> summarize(const Options &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  if (options.memory)
    return showMemory(options, model, compileOptions);
  ModelDescription imported = HORNET_TRY(driver::describe(model, compileOptions));
  Terminal terminal = Terminal::of(stdout);
  if (options.json)
    printJson(summaryJson(model, imported));
  else
    print(fmt::format("Model: \"{}\"\n{}{}", printable(model.name),
                      options.shapes ? shapesTable(imported, terminal)
                                     : kerasTable(model, imported, terminal),
                      totalsText(imported, options.shapes)));
  return done;
}

Command addSummary(CLI::App &app) {
  CLI::App *command = addCommand(app, "summary", "Show a model's layers as Keras does");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  options->flags.add(*command);
  command->add_flag("--shapes", options->shapes,
                    "Every layer's input and output shapes, parameters, multiply-adds and bytes a "
                    "sample, nested layers too");
  auto *memory = command->add_flag("--memory", options->memory,
                                   "What running the model takes of memory: weights, and the arena "
                                   "of a call with each buffer's place in it");
  command->add_option("--batch", options->batch, "The batch that --memory counts for")
      ->type_name("B")
      ->check(CLI::Range(1, 1 << 24).description(""))
      ->needs(memory)
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "As JSON, with everything that --shapes shows, or what --memory does");
  command->footer("Example: hornet summary cnn.h5 --shapes");
  return {command, [options] { return summarize(*options); }};
}

} // namespace hornet::tool
