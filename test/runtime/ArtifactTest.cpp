// Loading artifacts, from files and from memory.

#include "runtime/Artifact.h"

#include "compiler/Compiler.h"
#include "formats/File.h"
#include "keras/Builder.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace hornet;
using runtime::loadArtifact;

namespace {

std::string artifactOf(int threads) {
  using namespace keras::layers;
  keras::Sequential model;
  model.add(Input({3}));
  model.add(Dense(4, {.activation = "tanh"}));
  auto data = model.toModel();
  EXPECT_TRUE(data) << toString(data.error());
  auto bytes = compileArtifact(*data, {.threads = threads, .target = "x86-64-v2"});
  EXPECT_TRUE(bytes) << toString(bytes.error());
  return *bytes;
}

void expectRuns(Expected<runtime::Artifact> artifact) {
  ASSERT_TRUE(artifact) << toString(artifact.error());
  ASSERT_EQ(artifact->manifest.parameters.size(), 2u);
  std::vector<Tensor> weights;
  for (const Parameter &parameter : artifact->manifest.parameters)
    weights.emplace_back(DType::f32, parameter.shape);
  for (float &bias : weights[1].as<float>())
    bias = 100;
  auto model = runtime::Model::load(std::move(*artifact), std::move(weights));
  ASSERT_TRUE(model) << toString(model.error());
  Tensor input(DType::f32, {2, 3});
  auto outputs = model->run(std::span(&input, 1));
  ASSERT_TRUE(outputs) << toString(outputs.error());
  for (float value : outputs->front().as<float>())
    EXPECT_EQ(value, 1);
}

std::string refusal(Expected<runtime::Artifact> artifact) {
  EXPECT_FALSE(artifact);
  EXPECT_TRUE(std::holds_alternative<InputError>(artifact.error()));
  return toString(artifact.error());
}

} // namespace

TEST(Artifact, isLoadedFromMemoryAndFromAFile) {
  for (int threads : {1, 2}) {
    std::string bytes = artifactOf(threads);
    expectRuns(loadArtifact(std::as_bytes(std::span(bytes))));
    std::string file = testing::TempDir() + "hornet-artifact-" + std::to_string(threads) + ".so";
    ASSERT_TRUE(formats::writeFile(file, std::as_bytes(std::span(bytes))));
    expectRuns(loadArtifact(file));
    std::filesystem::remove(file);
  }
}

TEST(Artifact, isNotTakenForAnotherThatWasLoadedBefore) {
  std::string one = artifactOf(1), two = artifactOf(2);
  auto first = loadArtifact(std::as_bytes(std::span(one)));
  auto second = loadArtifact(std::as_bytes(std::span(two)));
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->predict, second->predict);
  first->code.reset();
  auto third = loadArtifact(std::as_bytes(std::span(one)));
  ASSERT_TRUE(third);
  EXPECT_NE(third->predict, second->predict);
}

TEST(Artifact, whatIsNoneIsRefused) {
  EXPECT_NE(refusal(loadArtifact(std::string("README.md"))).find("cannot be loaded"),
            std::string::npos);
  EXPECT_NE(refusal(loadArtifact(std::string("missing.so"))).find("No such file"),
            std::string::npos);
  EXPECT_NE(refusal(loadArtifact(std::span<const std::byte>())).find("cannot be loaded"),
            std::string::npos);
  EXPECT_NE(refusal(loadArtifact(std::string(HORNET_OTHER_LIBRARY))).find("not an artifact"),
            std::string::npos);
}
