#include "Commands.h"
#include "Options.h"

#include "keras/Save.h"
#include "keras/Weights.h"

namespace hornet::tool {

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags; ///< the shapes alone
  std::string output;
  bool weightsOnly = false;
};
} // namespace

static Expected<ExitCode> convert(const Options &options) {
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model = HORNET_TRY(options.model.read(compileOptions));
  std::vector<Parameter> parameters =
      HORNET_TRY(driver::describe(model, compileOptions)).parameters;
  std::vector<Tensor> values = HORNET_TRY(keras::bindWeights(model, parameters));
  if (options.weightsOnly || options.output.ends_with(".weights.h5")) {
    HORNET_TRY(keras::saveWeights(model, parameters, values, options.output));
    return done;
  }
  keras::Training training = HORNET_TRY(keras::readTraining(options.model.file));
  HORNET_TRY(keras::saveModel(model, parameters, values, options.output, training));
  return done;
}

Command addConvert(CLI::App &app) {
  CLI::App *command = addCommand(app, "convert", "Save a model in another form of Keras's");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command
      ->add_option("OUTPUT", options->output,
                   ".keras (Keras 3), .h5 (Keras 2 and 3), or .weights.h5 (weights alone)")
      ->required();
  command->add_flag("--weights-only", options->weightsOnly,
                    "The weights alone, in an .h5 as Keras 2 writes it");
  addRepeated(*command, "--shape", options->flags.shapes,
              "The shape of an input, batch first, where the model leaves it open: weights may "
              "depend on it. It stays open in what is saved")
      ->type_name("NAME=SHAPE");
  command->footer("How the model was compiled and the state of its optimizer come along.\n"
                  "Example: hornet convert cnn.h5 cnn.keras");
  return {command, [options] { return convert(*options); }};
}

} // namespace hornet::tool
