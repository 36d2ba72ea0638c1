#include "Options.h"

#include "base/Nearest.h"
#include "cache/TuningLog.h"
#include "driver/Tuning.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

namespace hornet::tool {

void ModelOptions::add(CLI::App &command) {
  command.add_option("MODEL", file, "A Keras model: .h5, .keras, or its architecture as .json")
      ->required();
  command.add_option("--weights", weights, "A file with the weights: .h5, .weights.h5, .keras")
      ->type_name("FILE");
}

Expected<keras::Model> ModelOptions::examine() const {
  return keras::examineModel(file, weights.empty() ? std::nullopt : std::optional(weights));
}

/// Leaves the shapes out that the command's data may tell yet: nobody has to give them.
static void forgetOpenInputs(keras::Model &model, const CompileOptions &options) {
  for (keras::Port &port : model.inputs) {
    const keras::Layer *layer = port.tensor.isKnown() ? model.find(port.tensor.layer) : nullptr;
    bool given = std::ranges::any_of(options.shapes,
                                     [&](const auto &shape) { return shape.first == port.name; });
    auto shape = layer ? keras::batchShape(model, *layer) : std::optional<Shape>();
    bool open = shape && (!*shape || std::ranges::count((*shape)->begin() + 1, (*shape)->end(),
                                                        unknownSize) > 0);
    if (open && !given)
      port.tensor.call = keras::TensorRef::unknownCall;
  }
}

Expected<keras::Model> ModelOptions::read(const CompileOptions &options) const {
  keras::Model model = HORNET_TRY(examine());
  if (model.problems.empty())
    return model;
  forgetOpenInputs(model, options);
  auto checked = driver::check(model, options);
  if (!checked && std::holds_alternative<InputError>(checked.error()))
    return tl::unexpected<Error>(std::move(checked).error());
  return tl::unexpected<Error>(InputError{std::move(model.problems)});
}

void CompileFlags::add(CLI::App &command) {
  command.add_option("-O", level, "Optimization: 0 is the plain lowering, 3 the fastest code")
      ->type_name("0-3")
      ->check(CLI::Range(0, 3).description(""))
      ->capture_default_str();
  command.add_option("--threads", threads, "Threads to compute with; 0: one a processor")
      ->type_name("N")
      ->check(CLI::Range(0, 1024).description(""))
      ->capture_default_str();
  command
      .add_option("--target", target,
                  "The processor to make code for: native, x86-64-v3, x86-64-v4, …")
      ->type_name("CPU")
      ->capture_default_str();
  command
      .add_option("--winograd", winograd,
                  "Largest tile of minimal filtering for 3x3 convolutions: 0 for none, 2, or 4, "
                  "which rounds more")
      ->type_name("0|2|4")
      ->check(CLI::IsMember({0, 2, 4}).description(""))
      ->capture_default_str();
  command
      .add_option("--weight-type", weightType,
                  "How filters are stored: f32, or bf16 or f16, half as large and less exact")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"f32", "bf16", "f16"}).description(""))
      ->capture_default_str();
  addRepeated(command, "--shape", shapes,
              "The shape of an input, batch first, where the model leaves it open: "
              "NAME=1,28,28,1")
      ->type_name("NAME=SHAPE");
  command
      .add_option("--tuning-log", tuningLog,
                  "What 'hornet tune' has found, instead of the file beside the cache")
      ->type_name("FILE");
  command.add_flag("--no-tuning", noTuning, "Go without what 'hornet tune' has found");
}

void CacheFlag::add(CLI::App &command) {
  command.add_flag("--no-cache", off, "Compile, though the code may be on disk; keep none there");
}

/// "1,28,28,1"; "?" and "None" are left open.
static std::optional<Shape> parseShape(std::string_view text) {
  Shape shape;
  while (true) {
    size_t comma = text.find(',');
    std::string_view size = text.substr(0, comma);
    int64_t value = unknownSize;
    auto [end, error] = std::from_chars(size.begin(), size.end(), value);
    bool open = size == "?" || size == "None";
    if (!open && (error != std::errc() || end != size.end()))
      return std::nullopt;
    shape.push_back(value);
    if (comma == std::string_view::npos)
      return shape;
    text.remove_prefix(comma + 1);
  }
}

/// The command line has checked the name.
static DType storedTypeOf(std::string_view name) {
  return name == "bf16" ? DType::bf16 : name == "f16" ? DType::f16 : DType::f32;
}

Expected<CompileOptions> CompileFlags::parse() const {
  CompileOptions options{level, threads, target, {}, winograd, storedTypeOf(weightType)};
  InputError wrong;
  for (const std::string &text : shapes) {
    size_t equals = text.rfind('=');
    auto shape = equals == std::string::npos || equals == 0 ? std::nullopt
                                                            : parseShape(text.substr(equals + 1));
    if (shape)
      options.shapes.emplace_back(text.substr(0, equals), *shape);
    else
      wrong.problems.push_back({.attribute = "--shape",
                                .reason = fmt::format("'{}' is not a name and a shape", text),
                                .mend = "write it as NAME=1,28,28,1, batch first"});
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  options.tuning = HORNET_TRY(tuningFor(options));
  return options;
}

Expected<Tuning> CompileFlags::tuningFor(const CompileOptions &options) const {
  if (noTuning)
    return Tuning();
  if (tuningLog.empty()) {
    Expected<std::string> file = cache::TuningLog::defaultFile();
    return file ? driver::tuningFor(options, *file) : Tuning(); // no home: nothing was kept
  }
  if (!std::filesystem::exists(tuningLog))
    return inputError({.file = tuningLog,
                       .attribute = "--tuning-log",
                       .reason = "there is no such file",
                       .mend = "'hornet tune' makes it"});
  return driver::tuningFor(options, tuningLog);
}

CLI::Option *addRepeated(CLI::App &command, const std::string &name,
                         std::vector<std::string> &values, const std::string &help) {
  return command.add_option(name, values, help)->allow_extra_args(false)->take_all();
}

CLI::Validator fromZeroOn() {
  return {[](std::string &text) -> std::string {
            double number = 0;
            bool good = CLI::detail::lexical_cast(text, number) && std::isfinite(number);
            return good && number >= 0 ? "" : fmt::format("'{}' is not a number from 0 on", text);
          },
          ""};
}

std::string listOf(const std::vector<runtime::Port> &ports) {
  std::string list;
  for (const runtime::Port &port : ports)
    list += fmt::format("{}'{}' {}", list.empty() ? "" : ", ", port.name, toString(port.shape));
  return list;
}

} // namespace hornet::tool
