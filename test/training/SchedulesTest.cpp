#include "training/Schedules.h"

#include "Message.h"

#include <gmock/gmock.h>

using namespace hornet;
using namespace hornet::training;
using testing::HasSubstr;

namespace {

TEST(Schedules, AreKerasAtEveryStep) {
  Json golden = readGolden("facts/schedules.json");
  double relative = golden["tolerance"]["rtol"], absolute = golden["tolerance"]["atol"];
  EXPECT_EQ(golden["cases"].size(), 10u);
  for (const Json &example : golden["cases"]) {
    auto schedule = Schedule::fromConfig(example["schedule"]);
    ASSERT_TRUE(schedule) << toString(schedule.error());
    EXPECT_FALSE(schedule->isConstant());
    int64_t step = 0;
    for (double expected : example["learning_rate_at_step"]) {
      EXPECT_NEAR(schedule->at(step), expected, absolute + relative * std::abs(expected))
          << example["name"] << " at step " << step;
      ++step;
    }
  }
}

TEST(Schedules, ANumberIsAConstantRate) {
  auto schedule = Schedule::fromConfig(0.25);
  ASSERT_TRUE(schedule);
  EXPECT_TRUE(schedule->isConstant());
  EXPECT_EQ(schedule->at(0), 0.25f);
  EXPECT_EQ(schedule->at(1000), 0.25f);
}

TEST(Schedules, RestartsOfEqualLengthNeedNoGeometricSeries) {
  auto schedule = Schedule::fromConfig(
      {{"class_name", "CosineDecayRestarts"},
       {"config",
        {{"initial_learning_rate", 1}, {"first_decay_steps", 4}, {"t_mul", 1}, {"m_mul", 0.5}}}});
  ASSERT_TRUE(schedule);
  EXPECT_FLOAT_EQ(schedule->at(0), 1);
  EXPECT_FLOAT_EQ(schedule->at(2), 0.5);
  EXPECT_FLOAT_EQ(schedule->at(4), 0.5);
  EXPECT_FLOAT_EQ(schedule->at(9), 0.25f * 0.5f * (1 + std::sqrt(0.5f)));
}

TEST(Schedules, RefuseWhatKerasDoesNotKnow) {
  Problem where{"m.keras", {}, {}, "learning_rate"};
  auto of = [&](const char *name, Json config) {
    return refusal(
        Schedule::fromConfig({{"class_name", name}, {"config", std::move(config)}}, where));
  };
  EXPECT_EQ(of("CosinDecay", Json::object()),
            "m.keras: 'learning_rate': there is no learning-rate schedule 'CosinDecay'; did you "
            "mean 'CosineDecay'?");
  EXPECT_THAT(of("CosineDecay", {{"initial_learning_rate", 0.1}}),
              HasSubstr("'learning_rate.decay_steps': CosineDecay: is missing"));
  EXPECT_THAT(
      of("CosineDecay", {{"initial_learning_rate", "a"}, {"decay_steps", 0}}),
      testing::AllOf(HasSubstr("\"a\" is not a number"), HasSubstr("0 is not greater than 0")));
  EXPECT_THAT(of("PiecewiseConstantDecay", {{"boundaries", {1, 2}}, {"values", {1, 2}}}),
              HasSubstr("2 values for 2 boundaries; give one value more"));
  EXPECT_THAT(of("PiecewiseConstantDecay", {{"boundaries", "x"}, {"values", {1}}}),
              HasSubstr("\"x\" is not a list of numbers"));
  EXPECT_THAT(
      of("ExponentialDecay",
         {{"initial_learning_rate", 1}, {"decay_rate", 1}, {"decay_steps", 1}, {"staircase", 1}}),
      HasSubstr("1 is neither true nor false"));
  EXPECT_THAT(refusal(Schedule::fromConfig(Json::array(), where)),
              HasSubstr("neither a name nor an object"));
}

} // namespace
