#include "Commands.h"
#include "ImageInput.h"
#include "Options.h"
#include "Terminal.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <numeric>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options {
  ModelOptions model;
  CompileFlags flags;
  CacheFlag cache;
  ImageOptions images;
  std::vector<std::string> texts;
  std::string resample = "bilinear";
  size_t top = 3;
  std::string labels;
  bool json = false;
  bool time = false;

  /// What there is an answer for: texts or files.
  const std::vector<std::string> &samples() const { return texts.empty() ? images.files : texts; }
};

using Clock = std::chrono::steady_clock;

/// What a model says of one image.
struct Answer {
  std::vector<float> values;  ///< one a class
  std::vector<size_t> order;  ///< classes, best first
  bool probabilities = false; ///< several, between 0 and 1, adding up to 1
};

/// All that is shown.
struct Report {
  std::vector<Answer> answers; ///< one an image
  std::vector<std::string> labels;
  driver::LoadReport loading;
  double milliseconds = 0; ///< from the start of the process

  std::string nameOf(size_t index) const {
    return labels.empty() ? std::to_string(index) : labels[index];
  }
};
} // namespace

template <class Step>
static auto timed(std::vector<StageTime> &times, const char *stage, Step step) {
  auto start = Clock::now();
  auto result = step();
  std::chrono::duration<double, std::milli> taken = Clock::now() - start;
  times.push_back({stage, taken.count()});
  return result;
}

/// Milliseconds of work, loading libraries, before the first line of this program.
static double startUp() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

static Answer answerOf(std::span<const float> values) {
  Answer answer{{values.begin(), values.end()}, std::vector<size_t>(values.size())};
  std::iota(answer.order.begin(), answer.order.end(), size_t{0});
  // NaN is below every number: it must not upset the order.
  auto keyOf = [&](size_t i) {
    return std::pair(std::isnan(values[i]) ? INFINITY : -values[i], i);
  };
  std::ranges::sort(answer.order, {}, keyOf);
  double sum = std::accumulate(values.begin(), values.end(), 0.0);
  answer.probabilities =
      std::abs(sum - 1) < 1e-3 &&
      std::ranges::all_of(values, [](float value) { return value >= 0 && value <= 1.0001f; });
  return answer;
}

/// The one output with a value for each class. Input error: another kind of output.
static Expected<size_t> countClasses(const std::string &file,
                                     const std::vector<runtime::Port> &outputs) {
  if (outputs.size() == 1 && outputs[0].shape.size() == 2 && outputs[0].shape[1] > 0)
    return static_cast<size_t>(outputs[0].shape[1]);
  return inputError({.file = file,
                     .reason = fmt::format("the model does not classify: instead of one output of "
                                           "shape (None, classes) it has {}",
                                           listOf(outputs)),
                     .mend = "get its arrays: hornet run MODEL --input FILE.npy --output OUT.npz"});
}

/// One label a line. Input error: not as many as classes.
static Expected<std::vector<std::string>> readLabels(const std::string &file, size_t classes) {
  formats::Bytes bytes = HORNET_TRY(formats::readFile(file, size_t{1} << 26));
  std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  std::vector<std::string> labels;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    labels.emplace_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (labels.size() != classes)
    return inputError({.file = file,
                       .attribute = "--labels",
                       .reason = fmt::format("the file has {} labels, the model {} classes",
                                             labels.size(), classes),
                       .mend = "give one label a line, in the order of the classes"});
  return labels;
}

/// The texts as one batch. Input error: the model does not take one text a sample.
static Expected<Tensor> batchOf(const Options &options, const std::vector<runtime::Port> &inputs) {
  bool fits = inputs.size() == 1 && inputs[0].dtype == DType::string &&
              (inputs[0].shape.size() == 1 || inputs[0].shape == Shape{unknownSize, 1});
  if (!fits)
    return inputError({.file = options.model.file,
                       .attribute = "--text",
                       .reason = fmt::format("the model does not take text, which would be one "
                                             "input of strings of shape (None, 1): it has {}",
                                             listOf(inputs)),
                       .mend = "give images, or arrays: hornet run MODEL --input NAME=FILE.npy "
                               "--output OUT.npz"});
  Shape shape = inputs[0].shape;
  shape.front() = static_cast<int64_t>(options.texts.size());
  Tensor batch(DType::string, shape);
  std::ranges::copy(options.texts, batch.as<std::string>().begin());
  return batch;
}

static Expected<void> checkSamples(const Options &options) {
  if (options.images.files.empty() != options.texts.empty())
    return {};
  return inputError({.attribute = options.texts.empty() ? "IMAGE" : "--text",
                     .reason = options.texts.empty() ? "there is nothing to predict from"
                                                     : "images and text cannot both be given",
                     .mend = "give images, or --text for a model that takes text"});
}

static Expected<Report> predict(const Options &options) {
  HORNET_TRY(checkSamples(options));
  Report report;
  std::vector<StageTime> &times = report.loading.times;
  times.push_back({"start", startUp()});
  auto begin = Clock::now();
  CompileOptions compileOptions = HORNET_TRY(options.flags.parse());
  keras::Model model =
      HORNET_TRY(timed(times, "read model", [&] { return options.model.read(compileOptions); }));
  if (compileOptions.shapes.empty() && options.texts.empty())
    if (auto shape = HORNET_TRY(shapeFromImage(model, options.images.files.front())))
      compileOptions.shapes.emplace_back(model.inputs[0].name, *shape);
  if (!options.texts.empty())
    HORNET_TRY(driver::addTextShapes(
        compileOptions, model,
        [&](const std::vector<runtime::Port> &ports) -> Expected<std::vector<Tensor>> {
          return std::vector{HORNET_TRY(batchOf(options, ports))};
        }));
  runtime::Model compiled =
      HORNET_TRY(driver::load(model, compileOptions, options.cache.used(), &report.loading));

  const std::string &file = options.model.file;
  std::vector<Tensor> batch;
  std::optional<ImageInput> input;
  if (options.texts.empty())
    input = HORNET_TRY(imageInputOf(file, compiled.inputs()));
  else
    batch = {HORNET_TRY(batchOf(options, compiled.inputs()))};
  size_t classes = HORNET_TRY(countClasses(file, compiled.outputs()));
  if (!options.labels.empty())
    report.labels = HORNET_TRY(readLabels(options.labels, classes));
  if (input)
    batch = {
        HORNET_TRY(timed(times, "images", [&] { return prepareImages(options.images, *input); }))};
  std::vector<Tensor> outputs =
      HORNET_TRY(timed(times, "run", [&] { return compiled.run(batch); }));
  Tensor values = outputs.front().toFloat32();
  for (size_t i = 0; i < options.samples().size(); ++i)
    report.answers.push_back(answerOf(values.as<float>().subspan(i * classes, classes)));
  std::chrono::duration<double, std::milli> taken = Clock::now() - begin;
  report.milliseconds = times.front().milliseconds + taken.count();
  return report;
}

static Json jsonOf(const Options &options, const Report &report) {
  Json images = Json::array();
  for (size_t i = 0; i < report.answers.size(); ++i) {
    const Answer &answer = report.answers[i];
    Json top = Json::array();
    for (size_t index : std::span(answer.order).first(std::min(options.top, answer.order.size())))
      top.push_back({{"class", index},
                     {"label", report.nameOf(index)},
                     {answer.probabilities ? "probability" : "score", answer.values[index]}});
    images.push_back({{options.texts.empty() ? "file" : "text", options.samples()[i]},
                      {"class", answer.order.front()},
                      {"label", report.nameOf(answer.order.front())},
                      {"top", top}});
  }
  Json stages = Json::object();
  for (const StageTime &time : report.loading.times)
    stages[time.stage] = time.milliseconds;
  return {{"model", options.model.file},
          {"images", images},
          {"cached", report.loading.cached},
          {"milliseconds", report.milliseconds},
          {"stages", stages}};
}

/// A bar of 30 cells at most, in eighths of a cell.
static std::string bar(double fraction) {
  static constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  int64_t cells = std::lround(std::clamp(fraction, 0.0, 1.0) * 30 * 8);
  std::string text;
  for (int64_t i = 0; i < cells / 8; ++i)
    text += "█";
  return text + std::string(eighths[cells % 8]);
}

static std::string textOf(const Options &options, const Report &report, const Terminal &terminal) {
  std::string text;
  for (size_t i = 0; i < report.answers.size(); ++i) {
    const Answer &answer = report.answers[i];
    if (answer.values.size() == 1) {
      text +=
          fmt::format("{}: score {:.6g}\n", printable(options.samples()[i]), answer.values.front());
      continue;
    }
    std::string best = printable(report.nameOf(answer.order.front()));
    text += fmt::format("{}: {}\n", printable(options.samples()[i]),
                        styled(best, Style::bold, terminal));
    auto top = std::span(answer.order).first(std::min(options.top, answer.order.size()));
    size_t width = 0;
    for (size_t index : top)
      width = std::max(width, report.nameOf(index).size());
    for (size_t index : top) {
      float value = answer.values[index];
      std::string number = answer.probabilities ? fmt::format("{:8.4f} %", value * 100)
                                                : fmt::format("score {:.6g}", value);
      text += fmt::format("  {:<{}}  {}", printable(report.nameOf(index)), width, number);
      if (terminal.tables && answer.probabilities)
        text += "  " + styled(bar(value), Style::green, terminal);
      text += "\n";
    }
  }
  return text;
}

static std::string timesTable(const Report &report, const Terminal &terminal) {
  Table table({{"Step"}, {"Milliseconds", Table::Align::right}});
  for (const StageTime &time : report.loading.times)
    table.add({time.stage, fmt::format("{:.1f}", time.milliseconds)});
  table.add({"total", fmt::format("{:.1f}", report.milliseconds)});
  return "\n" + table.format(terminal);
}

static Expected<ExitCode> show(const Options &options) {
  Report report = HORNET_TRY(predict(options));
  Terminal terminal = Terminal::of(stdout);
  if (options.json) {
    printJson(jsonOf(options, report));
    return done;
  }
  print(textOf(options, report, terminal));
  print(fmt::format("in {:.0f} ms\n", report.milliseconds));
  if (options.time) {
    print(timesTable(report, terminal));
    if (report.loading.cacheError)
      printNote("nothing is cached: " + toString(*report.loading.cacheError));
  }
  return done;
}

static constexpr std::pair<const char *, formats::Resample> filters[] = {
    {"nearest", formats::Resample::nearest},
    {"bilinear", formats::Resample::bilinear},
    {"bicubic", formats::Resample::bicubic}};

static std::vector<std::string> filterNames() {
  std::vector<std::string> names;
  for (const auto &[name, filter] : filters)
    names.emplace_back(name);
  return names;
}

Command addPredict(CLI::App &app) {
  CLI::App *command = addCommand(app, "predict", "Tell what an image shows, or a text says");
  auto options = std::make_shared<Options>();
  options->model.add(*command);
  command->add_option("IMAGE", options->images.files, "PNG or JPEG; several make one batch");
  addRepeated(*command, "--text", options->texts,
              "Instead of images: text for a model that takes strings; several make one batch")
      ->type_name("TEXT");
  command->add_flag("--invert", options->images.invert,
                    "Black becomes white: for a dark figure on light ground");
  command->add_option("--resample", options->resample, "How images are resized")
      ->check(CLI::IsMember(filterNames()))
      ->capture_default_str();
  command->add_option("--top", options->top, "How many classes to show")
      ->type_name("K")
      ->check(CLI::Range(1, INT_MAX).description(""))
      ->capture_default_str();
  command->add_option("--labels", options->labels, "Names of the classes, one a line")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "As JSON");
  command->add_flag("--time", options->time, "Where the time goes");
  options->flags.add(*command);
  options->cache.add(*command);
  command->footer("The image is converted to gray or RGB and resized as the model's input wants "
                  "it, then divided by 255.\nExample: hornet predict cnn.h5 test3.png --invert");
  return {command, [options] {
            for (const auto &[name, filter] : filters)
              if (name == options->resample)
                options->images.resample = filter;
            return show(*options);
          }};
}

} // namespace hornet::tool
