#include "Verification.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

namespace {
/// What layers gave, in the order in which they are computed.
using Results = std::vector<std::pair<std::string, Tensor>>;

class Verifier {
public:
  Verifier(const keras::Model &model, const ModelDescription &description, Recording &recording,
           CompileOptions options, Tolerance tolerance)
      : model(model), description(description), recording(recording), options(std::move(options)),
        tolerance(tolerance) {}

  Expected<Verdict> run();

private:
  Expected<void> compareOutputs(const runtime::Model &compiled);
  void takeWorstSample(const runtime::Model &compiled);
  Expected<Results> resultsAt(int level, std::vector<std::string> layers) const;
  Expected<void> compareLevels();
  Expected<void> findAlone(const Results &plain);
  std::optional<Departure> firstDifference(const Results &got, const Results &expected,
                                           Departure::Kind kind) const;
  std::string classOf(const std::string &name) const;
  void explain();

  const keras::Model &model;
  const ModelDescription &description;
  Recording &recording;
  CompileOptions options;
  Tolerance tolerance;
  std::vector<Tensor> inputs, outputs;
  Verdict verdict;
};
} // namespace

bool Verdict::agrees() const {
  return std::ranges::all_of(outputs, [](const Compared &c) { return c.comparison.agrees(); });
}

Expected<void> Verifier::compareOutputs(const runtime::Model &compiled) {
  inputs = HORNET_TRY(fitArrays(model.file, compiled.inputs(), recording.inputs));
  verdict.notes = recording.inputs.notes;
  outputs = HORNET_TRY(compiled.run(inputs));
  InputError wrong;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string &name = compiled.outputs()[i].name;
    const std::optional<Tensor> &expected = recording.outputs[i];
    if (!expected)
      verdict.notes.push_back(
          fmt::format("{}: the output '{}' is not in it", recording.file, name));
    else if (expected->dtype() == DType::string || outputs[i].dtype() == DType::string)
      wrong.problems.push_back(
          {.file = recording.file,
           .attribute = "--verify",
           .reason = fmt::format("the output '{}' is text in the model or in the recording: only "
                                 "numbers are compared",
                                 name),
           .mend = "leave it out of the recording"});
    else if (expected->shape() != outputs[i].shape())
      wrong.problems.push_back(
          {.file = recording.file,
           .attribute = "--verify",
           .reason = fmt::format("the output '{}' was recorded with the shape {}, the model gives "
                                 "{}",
                                 name, toString(expected->shape()), toString(outputs[i].shape())),
           .mend = "record the answers of this very model"});
    else
      verdict.outputs.push_back({name, compare(outputs[i], *expected, tolerance)});
  }
  if (!wrong.problems.empty())
    return tl::unexpected<Error>(std::move(wrong));
  return {};
}

static Tensor sampleOf(const Tensor &batch, int64_t sample) {
  Shape shape = batch.shape();
  size_t bytes = batch.bytes() / shape.front(), size = batch.size() / shape.front();
  shape.front() = 1;
  Tensor one(batch.dtype(), shape);
  if (batch.dtype() == DType::string)
    std::ranges::copy(batch.as<std::string>().subspan(sample * size, size),
                      one.as<std::string>().begin());
  else
    std::memcpy(one.data(), batch.data() + sample * bytes, bytes);
  return one;
}

/// Every layer's result for a whole batch could be more than the memory holds.
void Verifier::takeWorstSample(const runtime::Model &compiled) {
  auto isBatched = [](const runtime::Port &port) {
    return !port.shape.empty() && port.shape.front() == unknownSize;
  };
  int64_t batch = 0, sample = 0;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (isBatched(compiled.inputs()[i]))
      batch = inputs[i].shape().front();
  auto take = [&](Tensor &values) {
    if (!values.shape().empty() && values.shape().front() == batch && batch > 0)
      values = sampleOf(values, sample);
  };
  for (const auto &[name, comparison] : verdict.outputs)
    if (!comparison.agrees() && !comparison.shape.empty() && comparison.shape.front() == batch)
      sample = comparison.sample();
  for (size_t i = 0; i < inputs.size(); ++i)
    if (isBatched(compiled.inputs()[i]))
      take(inputs[i]);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (isBatched(compiled.outputs()[i]))
      take(outputs[i]);
  for (auto &[name, values] : recording.results)
    take(values);
}

Expected<Results> Verifier::resultsAt(int level, std::vector<std::string> layers) const {
  CompileOptions kept = options;
  kept.level = level;
  kept.layerOutputs = std::move(layers);
  runtime::Model compiled = HORNET_TRY(driver::load(model, kept, /*useCache=*/false));
  std::vector<Tensor> all = HORNET_TRY(compiled.run(inputs));
  Results results;
  for (size_t i = 0; i < all.size(); ++i)
    results.emplace_back(compiled.outputs()[i].name, all[i]);
  // Outputs of the model come from its last layers.
  std::rotate(results.begin(), results.begin() + static_cast<long>(model.outputs.size()),
              results.end());
  return results;
}

std::string Verifier::classOf(const std::string &name) const {
  for (const import::LayerRecord &layer : description.layers)
    if (fmt::format("{}", fmt::join(layer.path, "/")) == name.substr(0, name.find('[')))
      return layer.className;
  return "";
}

std::optional<Departure> Verifier::firstDifference(const Results &got, const Results &expected,
                                                   Departure::Kind kind) const {
  for (const auto &[name, values] : got) {
    auto same = std::ranges::find(expected, name, &Results::value_type::first);
    if (same == expected.end() || same->second.shape() != values.shape() ||
        values.dtype() == DType::string || same->second.dtype() == DType::string)
      continue;
    Comparison comparison = compare(values, same->second, tolerance);
    if (!comparison.agrees())
      return Departure{kind, name, classOf(name), comparison};
  }
  return std::nullopt;
}

Expected<void> Verifier::compareLevels() {
  Results fast = HORNET_TRY(resultsAt(verdict.level, {"*"}));
  Results plain = HORNET_TRY(resultsAt(verdict.otherLevel, {"*"}));
  verdict.departure = firstDifference(fast, plain, Departure::Kind::levels);
  if (!verdict.departure)
    HORNET_TRY(findAlone(plain));
  verdict.levelsAgree = !verdict.departure;
  if (!verdict.departure)
    verdict.departure = firstDifference(fast, recording.results, Departure::Kind::recording);
  return {};
}

/// Code in which every layer's result is kept merges less than what was verified. Where the
/// difference is gone in it, one layer at a time is kept, and the first that shows it sought by
/// halves.
Expected<void> Verifier::findAlone(const Results &plain) {
  Results answers(plain.end() - static_cast<long>(outputs.size()), plain.end());
  Results given;
  for (size_t i = 0; i < outputs.size(); ++i)
    given.emplace_back(answers[i].first, outputs[i]);
  verdict.departure = firstDifference(given, answers, Departure::Kind::levels);
  size_t first = 0, last = plain.size() - outputs.size();
  while (verdict.departure && first < last) {
    size_t middle = first + (last - first) / 2;
    std::string layer = plain[middle].first.substr(0, plain[middle].first.find('['));
    Results alone = HORNET_TRY(resultsAt(verdict.level, {layer}));
    alone.resize(alone.size() - outputs.size());
    if (auto found = firstDifference(alone, plain, Departure::Kind::levels)) {
      verdict.departure = found;
      last = middle;
    } else {
      first = middle + 1;
    }
  }
  return {};
}

void Verifier::explain() {
  const CompileOptions plain;
  if (!verdict.levelsAgree && options.weightType != plain.weightType) {
    verdict.meaning =
        fmt::format("filters are stored as {}, which is less exact", nameOf(options.weightType));
    verdict.mend = "go without --weight-type, or give the --rtol and --atol that you can bear";
  } else if (!verdict.levelsAgree && options.winograd > plain.winograd) {
    verdict.meaning = "large tiles of minimal filtering round more";
    verdict.mend = "go without --winograd, or give the --rtol and --atol that you can bear";
  } else if (!verdict.levelsAgree) {
    verdict.meaning = "the optimized code computes something else. Unless --rtol and --atol are "
                      "tighter than what float32 rounds, this is a mistake of Hornet's";
    verdict.mend = "use -O0 until it is mended, and report it with this output";
  } else if (verdict.departure) {
    verdict.meaning = fmt::format(
        "the code is right for what was imported, and up to '{}' the recording agrees with it, as "
        "far as it has layers: that layer was imported wrongly, or recorded otherwise",
        verdict.departure->layer);
    verdict.mend = "see whether the recording is of these weights and of a prediction, not of "
                   "training; if so, report the layer";
  } else {
    verdict.meaning = "the code is right for what was imported: a layer was imported wrongly, or "
                      "the recording is of other weights, inputs, or of training";
    verdict.mend = "record results of layers, too, under their names: the first that differs is "
                   "then found";
  }
}

Expected<Verdict> Verifier::run() {
  verdict.level = options.level;
  verdict.otherLevel = options.level == 0 ? CompileOptions().level : 0;
  runtime::Model compiled = HORNET_TRY(driver::load(model, options));
  HORNET_TRY(compareOutputs(compiled));
  if (!verdict.agrees()) {
    takeWorstSample(compiled);
    HORNET_TRY(compareLevels());
    explain();
  }
  return std::move(verdict);
}

Expected<Verdict> verify(const keras::Model &model, const ModelDescription &description,
                         Recording recording, CompileOptions options, Tolerance tolerance) {
  return Verifier(model, description, recording, std::move(options), tolerance).run();
}

} // namespace hornet::tool
