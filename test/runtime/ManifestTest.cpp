#include "runtime/Manifest.h"

#include "base/Abi.h"

#include <gtest/gtest.h>

using namespace hornet;
using namespace hornet::runtime;

static Manifest manifest() {
  using Source = WeightSlot::Source;
  return {.model = "m\"ü",
          .inputs = {{"x", DType::f32, {unknownSize, 3}}, {"mask", DType::boolean, {unknownSize}}},
          .outputs = {{"y", DType::f32, {unknownSize, 3}}},
          .parameters = {{"a/b/kernel", {"a", "b"}, "kernel", {3, 3}, false, "cell"},
                         {"c/bias", {"c"}, "bias", {3}}},
          .prepared = {{DType::bf16, {3, 16}}, {DType::f32, {}}},
          .states = {{.name = "lstm/state_0",
                      .slot = "state",
                      .parameter = std::nullopt,
                      .shape = {unknownSize, 4},
                      .input = 2,
                      .output = 1}},
          .predict = {{{Source::prepared, 1}, {Source::parameter, 0}}, {64, 128}},
          .prepare = {{{Source::parameter, 1}}, {0, 0}}};
}

TEST(Manifest, isReadAsItWasWritten) {
  auto read = parseManifest(writeManifest(manifest()));
  ASSERT_TRUE(read) << toString(read.error());
  EXPECT_EQ(writeManifest(*read), writeManifest(manifest()));
  EXPECT_EQ(read->inputs[1].dtype, DType::boolean);
  EXPECT_EQ(read->inputs[0].shape, (Shape{unknownSize, 3}));
  EXPECT_EQ(read->parameters[0].layerPath, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(read->parameters[0].trainable);
  EXPECT_EQ(read->parameters[0].path, "cell");
  EXPECT_EQ(read->predict.weights[0].source, WeightSlot::Source::prepared);
  EXPECT_EQ(read->predict.arena.bytesPerSample, 128u);
  EXPECT_EQ(read->states.at(0).shape, (Shape{unknownSize, 4}));
}

TEST(Manifest, ofAnotherVersionIsRefused) {
  std::string text = writeManifest(manifest());
  std::string version = "\"abi\":" + std::to_string(hornet::abi::version);
  text.replace(text.find(version), version.size(), "\"abi\":999");
  auto read = parseManifest(text);
  ASSERT_FALSE(read);
  EXPECT_NE(toString(read.error()).find("version 999 of the interface"), std::string::npos);
  EXPECT_NE(toString(read.error()).find("compile the model again"), std::string::npos);
}

TEST(Manifest, thatIsDamagedIsRefused) {
  std::string good = writeManifest(manifest());
  auto without = [&](const std::string &what, const std::string &instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    return text;
  };
  for (const std::string &text :
       {std::string(), std::string("[]"), good.substr(0, good.size() / 2),
        without("\"outputs\"", "\"other\""), without("float32", "float33"),
        without("{\"parameter\":0}", "{\"parameter\":2}"), without("[-1,3]", "\"wide\"")}) {
    auto read = parseManifest(text);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(toString(read.error()).find("the manifest is damaged"), std::string::npos)
        << toString(read.error());
  }
}
