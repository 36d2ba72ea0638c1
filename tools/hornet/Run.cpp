#include "Arrays.h"
#include "Commands.h"
#include "Options.h"
#include "Terminal.h"

#include "formats/Npy.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

namespace hornet::tool {

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  CacheFlag cache;
  std::vector<std::string> inputs;
  std::string output, state;
  std::vector<std::string> layers;
  bool allLayers = false;
};
} // namespace

/// The arrays for the inputs, by call. When they are wrong, what is wrong with the model comes
/// first.
static Expected<std::vector<Arrays>> matchArrays(const keras::Model &model, const Options &options,
                                                 const CompileOptions &compileOptions) {
  Expected<std::vector<Arrays>> arrays = readArrays(model, options.inputs);
  if (arrays || !std::holds_alternative<InputError>(arrays.error()))
    return arrays;
  Expected<ModelDescription> checked = driver::check(model, compileOptions);
  auto *wrong = checked ? nullptr : std::get_if<InputError>(&checked.error());
  if (!wrong)
    return arrays;
  // Sizes that the model leaves open are what the arrays would have told.
  std::erase_if(wrong->problems, [](const Problem &p) {
    return p.attribute == "batch_shape" || p.attribute == "output_sequence_length";
  });
  auto &problems = std::get<InputError>(arrays.error()).problems;
  problems.insert(problems.begin(), wrong->problems.begin(), wrong->problems.end());
  return arrays;
}

static Problem wrongState(const std::string &file, std::string reason) {
  return {.file = file,
          .attribute = "--state",
          .reason = std::move(reason),
          .mend = "give a file that this model has written, or one that does not exist yet"};
}

/// What stateful layers begin with: what the file has, where there is one already, else zeros.
static Expected<runtime::RecurrentState> readState(const runtime::Model &model,
                                                   const std::string &file, int64_t batch) {
  auto state = HORNET_TRY(model.newState(batch));
  const std::vector<State> &needed = model.manifest().states;
  if (file.empty())
    return state;
  if (needed.empty())
    return inputError({.file = file,
                       .attribute = "--state",
                       .reason = "the model has no stateful layers",
                       .mend = "leave it out"});
  if (!file.ends_with(".npz"))
    return inputError(wrongState(file, "this is not the name of a .npz file"));
  if (!std::filesystem::exists(file))
    return state;
  formats::NamedTensors given = HORNET_TRY(formats::readNpzFile(file));
  if (given.size() != needed.size())
    return inputError(wrongState(
        file, fmt::format("it has {} arrays, the model {} states", given.size(), needed.size())));
  for (size_t i = 0; i < needed.size(); ++i) {
    auto found =
        std::ranges::find(given, needed[i].name, &formats::NamedTensors::value_type::first);
    if (found == given.end())
      return inputError(wrongState(file, fmt::format("it has no array '{}'", needed[i].name)));
    if (auto set = state.set(i, found->second); !set) {
      Problem problem = std::get<InputError>(set.error()).problems.front();
      return inputError(wrongState(file, fmt::format("'{}': {}", needed[i].name, problem.reason)));
    }
  }
  return state;
}

static Expected<void> writeState(const runtime::Model &model, const std::string &file,
                                 const runtime::RecurrentState &state) {
  formats::NamedTensors named;
  for (size_t i = 0; i < state.values().size(); ++i)
    named.emplace_back(model.manifest().states[i].name, state.values()[i]);
  return formats::writeNpzFile(file, named);
}

static Expected<ExitCode> run(const Options &options) {
  if (!options.output.ends_with(".npz"))
    return inputError({.attribute = "--output",
                       .reason = fmt::format("'{}' is not the name of a .npz file", options.output),
                       .mend = "give it the extension .npz: it holds an array for each output"});
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  compileOptions.layerOutputs = options.layers;
  if (options.allLayers)
    compileOptions.layerOutputs = {"*"};
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  std::vector<Arrays> calls = HORNET_TRY(matchArrays(model, options, compileOptions));
  HORNET_TRY(addShapes(compileOptions, model, calls.front()));
  auto inputsFor = [&, first = calls.front()](const std::vector<runtime::Port> &ports) mutable {
    return fitArrays(options.model.file, ports, first);
  };
  HORNET_TRY(driver::addTextShapes(compileOptions, model, inputsFor));
  runtime::Model compiled = HORNET_TRY(driver::load(model, compileOptions, options.cache.used()));

  formats::NamedTensors named;
  Table table({{"Output"}, {"Shape"}, {"Type"}});
  std::optional<runtime::RecurrentState> state;
  for (size_t call = 1; call <= calls.size(); ++call) {
    Arrays &arrays = calls[call - 1];
    std::vector<Tensor> inputs =
        HORNET_TRY(fitArrays(options.model.file, compiled.inputs(), arrays));
    if (!state)
      state = HORNET_TRY(
          readState(compiled, options.state, inputs.empty() ? 1 : inputs.front().shape().front()));
    bool keeps = !compiled.manifest().states.empty();
    std::vector<Tensor> outputs = HORNET_TRY(compiled.run(inputs, keeps ? &*state : nullptr));
    for (const std::string &note : arrays.notes)
      printNote(note);
    for (size_t i = 0; i < outputs.size(); ++i) {
      named.emplace_back(callPrefix(call) + compiled.outputs()[i].name, outputs[i]);
      table.add({named.back().first, toString(outputs[i].shape()),
                 std::string(nameOf(outputs[i].dtype()))});
    }
  }
  HORNET_TRY(formats::writeNpzFile(options.output, named));
  if (!options.state.empty())
    HORNET_TRY(writeState(compiled, options.state, *state));
  print(table.format(Terminal::of(stdout)));
  return done;
}

Command addRun(CLI::App &app) {
  CLI::App *command = addCommand(app, "run", "Run a model: arrays in, arrays out");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  addRepeated(*command, "--input", options->inputs,
              "NAME=FILE.npy for an input, FILE.npy for a model's only one, or FILE.npz with the "
              "inputs' names")
      ->type_name("ARRAY")
      ->required();
  command
      ->add_option("--output", options->output,
                   "The .npz to write, an array for each output under its name")
      ->type_name("FILE.npz")
      ->required();
  command
      ->add_option("--state", options->state,
                   "What stateful layers begin with (zeros, where there is no such file), and "
                   "where it is kept for the next run")
      ->type_name("FILE.npz");
  addRepeated(*command, "--layer", options->layers,
              "A layer whose result is written, too, under its name: NAME, or block/NAME")
      ->type_name("NAME");
  command->add_flag("--all-layers", options->allLayers, "Write every layer's result");
  options->flags.add(*command);
  options->cache.add(*command);
  command->footer(
      "Arrays have the batch first. Numbers are converted to float32, but for integers that are "
      "looked up or hashed; text is an array of strings (NumPy's U or S).\n"
      "Arrays call2__NAME, call3__NAME, … of a .npz are further calls, in a row; stateful layers "
      "go on.\n"
      "Example: hornet run cnn.h5 --input images.npy --output probabilities.npz");
  return {command, [options] { return run(*options); }};
}

} // namespace hornet::tool
