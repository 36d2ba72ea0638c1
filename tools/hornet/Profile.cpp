#include "Capability.h"
#include "Commands.h"
#include "ProfileRows.h"
#include "Terminal.h"
#include "Timing.h"
#include "Trial.h"

#include "formats/File.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

using formats::Json;

namespace {
struct Options : TrialOptions {
  std::string trace;
};

/// Microseconds but where a name says otherwise.
struct Profile {
  Trial trial;
  std::vector<std::vector<std::string>> sections;
  Stamps stamps;
  std::vector<ProfileRow> rows;
  Timing plain = {};    ///< without reading the clock between the layers
  Timing profiled = {}; ///< with it
  double peak = 0;      ///< GFLOP/s
  double bandwidth = 0; ///< GB/s

  double overhead() const { return profiled.median / plain.median - 1; }
  /// Of a call, what is before the first layer and after the last.
  double outside() const {
    double inside = 0;
    for (const ProfileRow &row : rows)
      inside += row.microseconds;
    return std::max(0.0, profiled.median - inside);
  }
};

/// The shortest time that this machine could do a row's work in.
struct Bound {
  std::string_view by; ///< "compute", "memory"; "-" for a row that has no work of its own
  double microseconds = 0;
};
} // namespace

static double gflopsOf(const ProfileRow &row) {
  return row.microseconds > 0 ? 2 * row.multiplyAdds / row.microseconds / 1e3 : 0;
}

static Bound boundOf(const ProfileRow &row, const Profile &profile) {
  double compute = 2 * row.multiplyAdds / profile.peak / 1e3;
  double memory = row.bytes / profile.bandwidth / 1e3;
  if (compute == 0 && memory == 0)
    return {"-"};
  return compute > memory ? Bound{"compute", compute} : Bound{"memory", memory};
}

static double shareOfBound(const ProfileRow &row, const Profile &profile) {
  return row.microseconds > 0 ? boundOf(row, profile).microseconds / row.microseconds : 0;
}

/// Takes turns with and without the clock, so that what the machine does meanwhile meets both.
static Expected<void> measureTurns(const Options &options, Profile &profile) {
  CompileOptions withClock = profile.trial.options;
  withClock.profile = true;
  const keras::Model &model = profile.trial.model;
  bool useCache = options.cache.used();
  runtime::Model plain = HORNET_TRY(driver::load(model, profile.trial.options, useCache));
  runtime::Model profiled = HORNET_TRY(driver::load(model, withClock, useCache));
  std::vector<Tensor> inputs = randomInputs(plain.inputs(), options.batch);
  std::vector<Tensor> outputs = HORNET_TRY(plain.run(inputs));
  auto callPlain = [&] { return plain.run(inputs, outputs); };
  std::vector<int64_t> nanoseconds;
  auto callProfiled = [&]() -> Expected<void> {
    HORNET_TRY(profiled.run(inputs, outputs, &nanoseconds));
    profile.stamps.push_back(nanoseconds);
    return {};
  };
  constexpr int turns = 5;
  double turn = options.seconds / turns / 2;
  std::vector<double> plainTimes, profiledTimes;
  auto append = [](std::vector<double> &all, const std::vector<double> &some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  for (int i = 0; i < turns; ++i) {
    HORNET_TRY(callFor(turn / 10, callPlain));
    append(plainTimes, HORNET_TRY(callFor(turn, callPlain)));
    HORNET_TRY(callFor(turn / 10, callProfiled));
    append(profiledTimes, HORNET_TRY(callFor(turn, callProfiled)));
  }
  profile.plain = summarize(std::move(plainTimes));
  profile.profiled = summarize(std::move(profiledTimes));
  profile.sections = inModelOrder(profile.trial.description, profiled.manifest().sections);
  profile.bandwidth = measureBandwidth(
      static_cast<size_t>(touchedBytes(plain.manifest(), options.batch)), profile.trial.threads());
  return {};
}

/// Of a call, had every row taken no longer than its bound.
static double shareOfBounds(const Profile &profile) {
  double bounds = 0;
  for (const ProfileRow &row : profile.rows)
    bounds += boundOf(row, profile).microseconds;
  return bounds / profile.profiled.median;
}

static Expected<Profile> measure(const Options &options) {
  Profile profile{HORNET_TRY(Trial::read(options))};
  HORNET_TRY(measureTurns(options, profile));
  profile.peak = measurePeak(profile.trial.threads());
  profile.rows =
      profileRows(profile.trial.description, profile.sections, profile.stamps, options.batch);
  return profile;
}

static std::string nameOf(const std::vector<std::string> &layers) {
  return fmt::format("{}", fmt::join(layers, " + "));
}

static Json jsonOf(const Options &options, const Profile &profile) {
  Json rows = Json::array();
  for (const ProfileRow &row : profile.rows)
    rows.push_back({{"layers", row.layers},
                    {"median_us", row.microseconds},
                    {"share", row.microseconds / profile.profiled.median},
                    {"multiply_adds", row.multiplyAdds},
                    {"gflops", gflopsOf(row)},
                    {"bytes", row.bytes},
                    {"bound_by", boundOf(row, profile).by},
                    {"share_of_bound", shareOfBound(row, profile)}});
  return {{"model", options.model.file},
          {"random_weights", profile.trial.randomWeights},
          {"batch", options.batch},
          {"threads", profile.trial.threads()},
          {"calls", profile.profiled.calls},
          {"median_us", profile.plain.median},
          {"profiled_us", profile.profiled.median},
          {"overhead", profile.overhead()},
          {"outside_us", profile.outside()},
          {"share_of_bound", shareOfBounds(profile)},
          {"peak_gflops", profile.peak},
          {"bandwidth_gb_per_second", profile.bandwidth},
          {"rows", rows}};
}

static std::string textOf(const Options &options, const Profile &profile) {
  Table table({{"Layers"},
               {"us", Table::Align::right},
               {"Share", Table::Align::right},
               {"GFLOP/s", Table::Align::right},
               {"Bytes", Table::Align::right},
               {"Bound by"},
               {"Of bound", Table::Align::right}});
  auto percent = [](double part) { return fmt::format("{:.1f} %", 100 * part); };
  for (const ProfileRow &row : profile.rows)
    table.add({nameOf(row.layers), fmt::format("{:.1f}", row.microseconds),
               percent(row.microseconds / profile.profiled.median),
               row.multiplyAdds > 0 ? fmt::format("{:.1f}", gflopsOf(row)) : "-",
               byteSize(row.bytes), std::string(boundOf(row, profile).by),
               percent(shareOfBound(row, profile))});
  table.add({"outside the layers", fmt::format("{:.1f}", profile.outside()),
             percent(profile.outside() / profile.profiled.median), "-", "-", "-", "-"});
  return titleOf(options, profile.trial, profile.profiled.calls) +
         table.format(Terminal::of(stdout)) +
         fmt::format("A call takes {:.1f} us; with the clock read between the layers {:.1f} us "
                     "({:+.1f} %). The bounds add up to {:.1f} % of it.\n"
                     "Bounds: {:.1f} GFLOP/s, {:.1f} GB/s, measured now. Layers joined by '+' are "
                     "fused: their times cannot be told apart.\n",
                     profile.plain.median, profile.profiled.median, 100 * profile.overhead(),
                     100 * shareOfBounds(profile), profile.peak, profile.bandwidth);
}

/// The last calls as https://ui.perfetto.dev and chrome://tracing read them.
static Json traceOf(const Options &options, const Profile &profile) {
  constexpr size_t most = 100;
  Json events = Json::array();
  events.push_back({{"name", "process_name"},
                    {"ph", "M"},
                    {"pid", 1},
                    {"args", {{"name", "hornet " + options.model.file}}}});
  const Stamps &stamps = profile.stamps;
  size_t first = stamps.size() - std::min(stamps.size(), most);
  int64_t zero = stamps[first].front();
  auto add = [&](const std::string &name, int64_t begin, int64_t end) {
    events.push_back({{"name", name},
                      {"ph", "X"},
                      {"pid", 1},
                      {"tid", 1},
                      {"ts", static_cast<double>(begin - zero) / 1e3},
                      {"dur", static_cast<double>(end - begin) / 1e3}});
  };
  for (size_t call = first; call < stamps.size(); ++call) {
    add(fmt::format("call {}", call), stamps[call].front(), stamps[call].back());
    for (size_t i = 0; i < profile.sections.size(); ++i)
      add(nameOf(profile.sections[i]), stamps[call][i], stamps[call][i + 1]);
  }
  return {{"traceEvents", events}, {"displayTimeUnit", "ns"}};
}

static Expected<ExitCode> show(const Options &options) {
  Profile profile = HORNET_TRY(measure(options));
  if (!options.trace.empty()) {
    std::string text =
        traceOf(options, profile).dump(-1, ' ', false, formats::Json::error_handler_t::replace);
    HORNET_TRY(formats::writeFile(options.trace, std::as_bytes(std::span(text))));
  }
  if (options.json)
    printJson(jsonOf(options, profile));
  else
    print(textOf(options, profile));
  return done;
}

Command addProfile(CLI::App &app) {
  CLI::App *command = addCommand(app, "profile", "Show where a model's time goes");
  auto options = std::make_shared<Options>();
  options->add(*command);
  command
      ->add_option("--trace", options->trace,
                   "Also write the last calls as a trace for ui.perfetto.dev or chrome://tracing")
      ->type_name("FILE.json");
  command->footer("Inputs are random; so are the weights of a file that has none.\n"
                  "Example: hornet profile cnn.h5 --batch 128 --trace cnn.json");
  return {command, [options] { return show(*options); }};
}

} // namespace hornet::tool
