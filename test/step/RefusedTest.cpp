// Losses and settings of optimizers that a step cannot have are refused, with the reason.

#include "keras/Builder.h"
#include "test/step/Steps.h"

#include <gmock/gmock.h>

using namespace hornet;
using formats::Json;
using testing::AllOf;
using testing::HasSubstr;

namespace {

std::string refusal(const Json &loss, const Json &optimizer) {
  using namespace keras::layers;
  auto x = Input({4});
  auto model = keras::Functional({x}, {Dense(3)(x)}).toModel();
  EXPECT_TRUE(model) << toString(model.error());
  auto made = test::runnerWith(1, *model, {.losses = {loss}, .optimizer = optimizer});
  return made ? "nothing" : toString(made.error());
}

Json muon(Json config) { return {{"class_name", "Muon"}, {"config", std::move(config)}}; }

TEST(Refused, CircleComparesSamples) {
  for (const char *name : {"Circle", "circle"})
    EXPECT_THAT(refusal(name, test::sgd),
                AllOf(HasSubstr("'loss'"), HasSubstr("'Circle' compares every sample")));
}

TEST(Refused, CtcOfWhatIsNoSequence) {
  EXPECT_THAT(refusal({{"class_name", "CTC"}, {"config", Json::object()}}, test::sgd),
              HasSubstr("takes sequences of logits"));
}

TEST(Refused, AnUnknownLossWithTheNearestOne) {
  EXPECT_THAT(refusal("mean_squared_eror", test::sgd), HasSubstr("did you mean 'mean_squared"));
}

TEST(Refused, SettingsOfMuon) {
  EXPECT_THAT(refusal("mse", muon({{"ns_steps", 101}})),
              HasSubstr("'optimizer.ns_steps': Muon: 101 is not between 0 and 100"));
  EXPECT_THAT(refusal("mse", muon({{"exclude_layers", {"den(se"}}})),
              HasSubstr("'den(se' is no regular expression"));
  EXPECT_THAT(refusal("mse", muon({{"exclude_layers", {"dense_\\d"}}})),
              HasSubstr("'\\d' in 'dense_\\d' is not supported; write it without"));
  EXPECT_THAT(refusal("mse", muon({{"exclude_layers", 3}})),
              HasSubstr("3 is not a list of strings"));
  EXPECT_THAT(refusal("mse", muon({{"exclude_layer", "dense"}})),
              HasSubstr("'optimizer.exclude_layer': Muon: \"dense\" is not supported"));
}

} // namespace
