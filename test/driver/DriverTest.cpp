#include "driver/Driver.h"

#include <gmock/gmock.h>

using namespace hornet;
using testing::HasSubstr;

TEST(Driver, RefusesImportersThatItsCompilerCannotCall) {
  auto model = keras::readModel("examples/03-custom-layer/gated.keras");
  ASSERT_TRUE(model) << toString(model.error());
  CompileOptions options;
  options.customLayers = {{"GatedDense", [](import::LayerImport &) {}}};
  auto described = driver::describe(*model, options);
  ASSERT_FALSE(described);
  EXPECT_THAT(toString(described.error()), HasSubstr("compile such a model with hornet::compile"));
  auto loaded = driver::load(*model, options);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(toString(loaded.error()), toString(described.error()));
}
