#include "training/Progress.h"

#include <gmock/gmock.h>

using namespace hornet::training;
using testing::HasSubstr;
using testing::Not;

namespace {

const Logs logs = {{"accuracy", 0.93124}, {"loss", 0.2107}, {"tiny", 0.00012}};

Progress plain(int64_t steps = 469) { return {{.steps = steps, .live = false}, 100}; }
Progress live(int columns = 200, bool colors = false) {
  return {{.steps = 469, .live = true, .colors = colors, .columns = columns}, 100};
}

TEST(Progress, EndsLikeKeras) {
  Progress progress = live();
  EXPECT_EQ(
      progress.finish({{"accuracy", 0.93124}, {"loss", 0.2107}}, 112),
      "\r\033[K469/469 ━━━━━━━━━━━━━━━━━━━━ 12s 26ms/step - accuracy: 0.9312 - loss: 0.2107\n");
  EXPECT_EQ(Progress::heading(2, 12), "Epoch 3/12\n");
}

TEST(Progress, ShowsABarAndTheTimeThatIsLeft) {
  Progress progress = live();
  progress.update(1, logs, 110); // the first step is slow, and does not count
  std::string text = progress.update(235, logs, 110 + 234 * 0.025);
  EXPECT_EQ(text, "\r235/469 ━━━━━━━━━━────────── 5s 25ms/step - accuracy: 0.9312 - loss: 0.2107 - "
                  "tiny: 1.2000e-04\033[K");
}

TEST(Progress, WritesLongTimesAsHoursAndMinutes) {
  for (auto [perStep, left] : {std::pair(0.001, "0s 1ms/step"),
                               {0.5, "3:54 500ms/step"},
                               {60.0, "7:48:00 60s/step"},
                               {0.0000125, "0s 12us/step"}}) {
    Progress progress = live();
    EXPECT_THAT(progress.update(1, {}, 100 + perStep), HasSubstr(left));
  }
}

TEST(Progress, IsNotShownMoreOftenThanEyesCanRead) {
  Progress progress = live();
  EXPECT_NE(progress.update(1, logs, 101), "");
  EXPECT_EQ(progress.update(2, logs, 101.04), "");
  EXPECT_NE(progress.update(3, logs, 101.06), "");
}

TEST(Progress, KeepsWithinTheTerminal) {
  Progress progress = live(40);
  std::string text = progress.update(1, logs, 101);
  EXPECT_EQ(text, "\r  1/469 ──────────────────── 7:48 1s/st\033[K");
  progress = live(40, true);
  text = progress.update(235, logs, 102);
  EXPECT_EQ(text, "\r\033[1m235/469\033[0m \033[32m━━━━━━━━━━\033[0m\033[37m━━━━━━━━━━\033[0m "
                  "\033[1m1s\033[0m 9ms/ste\033[K");
}

TEST(Progress, IsAFewPlainLinesInAFile) {
  Progress progress = plain();
  EXPECT_EQ(progress.update(1, logs, 101), "");
  EXPECT_EQ(progress.update(31, {{"loss", 0.5}}, 131),
            " 31/469 - 7:18 left - 1s/step - loss: 0.5000\n");
  EXPECT_EQ(progress.update(32, logs, 132), "");
  EXPECT_EQ(progress.finish({{"loss", 0.5}}, 112.4), "469/469 - 12s - 24ms/step - loss: 0.5000\n");
}

TEST(Progress, AResumedEpochCountsItsOwnStepsAlone) {
  Progress progress({.steps = 100, .live = false}, 0, 90);
  EXPECT_EQ(progress.finish({}, 1), "100/100 - 1s - 100ms/step\n");
}

} // namespace
