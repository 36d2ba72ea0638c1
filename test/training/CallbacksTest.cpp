#include "training/Callbacks.h"

#include "Message.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::HasSubstr;

namespace {

Json golden() { return readJson("test/training/data/callbacks.json"); }

std::vector<double> valuesOf(const Json &all, const Json &example) {
  std::vector<double> values;
  for (const Json &value : all["sequences"][example["values"].get<std::string>()])
    values.push_back(value.is_number() ? value.get<double>()
                                       : std::numeric_limits<double>::quiet_NaN());
  return values;
}

Improvement improvementOf(const Json &config, double minDelta) {
  return {config.value("mode", "auto") == "max" ? Direction::up : Direction::down,
          config.value("min_delta", minDelta)};
}

template <class T> std::optional<T> optionalOf(const Json &json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<T>());
}

TEST(EarlyStopping, StopsAndRestoresWhereKerasDoes) {
  Json all = golden();
  EXPECT_EQ(all["early_stopping"].size(), 30u);
  for (const Json &example : all["early_stopping"]) {
    const Json &config = example["config"];
    EarlyStopping::Options options;
    options.better = improvementOf(config, 0);
    options.patience = config.value("patience", 0);
    options.startFromEpoch = config.value("start_from_epoch", 0);
    if (config.contains("baseline"))
      options.baseline = config["baseline"];
    EarlyStopping stopping(options);
    std::optional<int64_t> stopped, kept;
    int64_t epoch = 0;
    for (double value : valuesOf(all, example)) {
      auto decision = stopping.observe(epoch, value);
      if (decision.keep)
        kept = epoch;
      if (decision.stop) {
        stopped = epoch;
        break;
      }
      ++epoch;
    }
    EXPECT_EQ(stopped, optionalOf<int64_t>(example["stopped"])) << example;
    EXPECT_EQ(stopping.state.bestEpoch, kept);
    if (config.contains("restore_best_weights")) {
      EXPECT_EQ(kept, optionalOf<int64_t>(example["restored"])) << example;
    }
  }
}

TEST(ReduceOnPlateau, LowersTheRateWhereKerasDoes) {
  Json all = golden();
  EXPECT_EQ(all["reduce_on_plateau"].size(), 20u);
  for (const Json &example : all["reduce_on_plateau"]) {
    const Json &config = example["config"];
    ReduceOnPlateau::Options options;
    options.better = improvementOf(config, 1e-4);
    options.patience = config["patience"];
    options.factor = config.value("factor", options.factor);
    options.cooldown = config.value("cooldown", 0);
    options.minRate = config.value("min_lr", 0.0);
    auto plateau = ReduceOnPlateau::make(options);
    ASSERT_TRUE(plateau);
    double rate = 1;
    size_t epoch = 0;
    for (double value : valuesOf(all, example)) {
      rate = plateau->observe(value, rate);
      EXPECT_NEAR(rate, example["rates"][epoch].get<double>(), 1e-7 * rate)
          << example << " epoch " << epoch;
      ++epoch;
    }
  }
}

TEST(ReduceOnPlateau, RefusesFactorsThatDoNotLowerTheRate) {
  for (double factor : {0.0, 1.0, -0.5})
    EXPECT_THAT(refusal(ReduceOnPlateau::make({.factor = factor})),
                HasSubstr("does not lower the learning rate; give a number between 0 and 1"));
}

TEST(BestModel, IsSavedWhereKerasSavesIt) {
  Json all = golden();
  EXPECT_EQ(all["best"].size(), 15u);
  for (const Json &example : all["best"]) {
    const Json &config = example["config"];
    std::optional<double> threshold;
    if (config.contains("initial_value_threshold"))
      threshold = config["initial_value_threshold"];
    BestModel best(improvementOf(config, 0), threshold);
    std::vector<int64_t> saved;
    int64_t epoch = 0;
    for (double value : valuesOf(all, example)) {
      if (best.observe(value))
        saved.push_back(epoch);
      ++epoch;
    }
    EXPECT_EQ(saved, example["saved"].get<std::vector<int64_t>>()) << example;
  }
}

TEST(Callbacks, GoOnFromAStateThatWasKept) {
  std::vector<double> values = {1, 0.9, 0.95, 0.94, 0.93};
  EarlyStopping whole({.patience = 3}), second({.patience = 3});
  for (int64_t epoch = 0; epoch < 3; ++epoch)
    whole.observe(epoch, values[epoch]);
  second.state = whole.state;
  for (EarlyStopping *each : {&whole, &second}) {
    EXPECT_FALSE(each->observe(3, values[3]).stop);
    EXPECT_TRUE(each->observe(4, values[4]).stop);
  }
}

TEST(Callbacks, KnowWhichWayAValueImproves) {
  std::vector<NamedDirection> known = {{"accuracy", Direction::up}, {"mse", Direction::down}};
  EXPECT_EQ(directionOf("val_loss", "auto", known), Direction::down);
  EXPECT_EQ(directionOf("val_accuracy", "auto", known), Direction::up);
  EXPECT_EQ(directionOf("mse", "auto", known), Direction::down);
  EXPECT_EQ(directionOf("mse", "max", known), Direction::up);
  EXPECT_EQ(refusal(directionOf("val_acuracy", "auto", known)),
            "'monitor': 'val_acuracy' is neither the loss nor one of the metrics; did you mean "
            "'accuracy'?");
  EXPECT_THAT(refusal(directionOf("recall", "auto", known)),
              HasSubstr("choose one of loss, accuracy, mse"));
  EXPECT_THAT(refusal(directionOf("mse", "best", known)), HasSubstr("there is no mode 'best'"));
}

} // namespace
