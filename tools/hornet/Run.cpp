#include "Arrays.h"
#include "Commands.h"
#include "Options.h"
#include "Terminal.h"

#include "formats/Npy.h"

#include <algorithm>
#include <fmt/format.h>

namespace hornet::tool {

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  CacheFlag cache;
  std::vector<std::string> inputs;
  std::string output;
};
} // namespace

/// The arrays for the inputs. When they are wrong, what is wrong with the model comes first.
static Expected<Arrays> matchArrays(const keras::Model &model, const Options &options,
                                    const CompileOptions &compileOptions) {
  Expected<Arrays> arrays = readArrays(model, options.inputs);
  if (arrays || !std::holds_alternative<InputError>(arrays.error()))
    return arrays;
  Expected<ModelDescription> checked = driver::check(model, compileOptions);
  auto *wrong = checked ? nullptr : std::get_if<InputError>(&checked.error());
  if (!wrong)
    return arrays;
  // Sizes that the model leaves open are what the arrays would have told.
  std::erase_if(wrong->problems, [](const Problem &p) { return p.attribute == "batch_shape"; });
  auto &problems = std::get<InputError>(arrays.error()).problems;
  problems.insert(problems.begin(), wrong->problems.begin(), wrong->problems.end());
  return arrays;
}

static Expected<ExitCode> run(const Options &options) {
  if (!options.output.ends_with(".npz"))
    return inputError({.attribute = "--output",
                       .reason = fmt::format("'{}' is not the name of a .npz file", options.output),
                       .mend = "give it the extension .npz: it holds an array for each output"});
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read());
  Arrays arrays = HORNET_TRY(matchArrays(model, options, compileOptions));
  for (auto &[name, shape] : HORNET_TRY(shapesFromArrays(model, arrays)))
    if (std::ranges::none_of(compileOptions.shapes,
                             [&name = name](const auto &given) { return given.first == name; }))
      compileOptions.shapes.emplace_back(name, shape);
  runtime::Model compiled = HORNET_TRY(driver::load(model, compileOptions, options.cache.used()));
  std::vector<Tensor> inputs = HORNET_TRY(fitArrays(options.model.file, compiled.inputs(), arrays));
  std::vector<Tensor> outputs = HORNET_TRY(compiled.run(inputs));
  for (const std::string &note : arrays.notes)
    printNote(note);

  formats::NamedTensors named;
  Table table({{"Output"}, {"Shape"}, {"Type"}});
  for (size_t i = 0; i < outputs.size(); ++i) {
    named.emplace_back(compiled.outputs()[i].name, outputs[i]);
    table.add({named.back().first, toString(outputs[i].shape()),
               std::string(nameOf(outputs[i].dtype()))});
  }
  HORNET_TRY(formats::writeNpzFile(options.output, named));
  print(table.format(Terminal::of(stdout)));
  return done;
}

Command addRun(CLI::App &app) {
  CLI::App *command = app.add_subcommand("run", "Run a model: arrays in, arrays out");
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
  options->flags.add(*command);
  options->cache.add(*command);
  command->footer(
      "Arrays have the batch first. Numbers are converted to float32, but for integers that are "
      "looked up or hashed; text is an array of strings (NumPy's U or S).\n"
      "Example: hornet run cnn.h5 --input images.npy --output probabilities.npz");
  return {command, [options] { return run(*options); }};
}

} // namespace hornet::tool
