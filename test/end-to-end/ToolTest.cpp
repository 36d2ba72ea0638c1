// The tool as its users run it, over all golden cases: exit codes, messages, and the files it
// writes.

#include "formats/Npy.h"
#include "test/keras/Golden.h"

#include <cmath>
#include <cstdio>
#include <sys/wait.h>

using namespace hornet;

namespace {

struct Result {
  int code = -1;
  std::string output; ///< stdout and stderr
};

/// Runs `hornet` with arguments that need no quoting beyond ''.
Result runTool(const std::vector<std::string> &arguments) {
  std::string command = "'" HORNET_TOOL "'";
  for (const std::string &argument : arguments)
    command += " '" + argument + "'";
  Result result;
  FILE *pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe)
    return result;
  char buffer[4096];
  while (size_t count = fread(buffer, 1, sizeof buffer, pipe))
    result.output.append(buffer, count);
  int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

/// Which cases may also be read: the policy allows it.
bool mustBeRefused(const golden::Case &golden) {
  std::string policy = golden.json["policy"];
  return policy == "refuse" || (policy.starts_with("refuse (") && policy.ends_with(")"));
}

class Refused : public testing::TestWithParam<golden::Case> {};

TEST_P(Refused, withExitCode2AndWordsThatHelp) {
  const golden::Case &golden = GetParam();
  std::string model = golden.folder + golden.json["file"].get<std::string>();
  std::string output = testing::TempDir() + "refused_" + golden.name() + ".npz";
  std::filesystem::remove(output);
  for (const std::vector<std::string> &arguments :
       {std::vector<std::string>{"doctor", model},
        {"run", model, "--input", "test/end-to-end/data/digit.npy", "--output", output}}) {
    SCOPED_TRACE(arguments.front());
    Result result = runTool(arguments);
    EXPECT_FALSE(std::filesystem::exists(output));
    if (result.code == 0 && !mustBeRefused(golden))
      continue;
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_EQ(result.output.find("a bug in Hornet"), std::string::npos) << result.output;
    if (mustBeRefused(golden))
      golden::expectWords(golden, result.output);
  }
}

std::string nameOf(const testing::TestParamInfo<golden::Case> &info) { return info.param.name(); }

INSTANTIATE_TEST_SUITE_P(All, Refused, testing::ValuesIn(golden::cases("refuse")), nameOf);

/// Models of many forms; what each layer computes is tested elsewhere, without the tool.
std::vector<golden::Case> casesToRun() {
  std::vector<golden::Case> chosen;
  for (const golden::Case &golden : golden::cases("layers"))
    if (golden.name().starts_with("graph__") || golden.name().starts_with("format__"))
      chosen.push_back(golden);
  return chosen;
}

bool isOutput(const std::string &name) { return name.starts_with("output_"); }

/// What to give --input: the case's own arrays, or its only one as an array without a name, because
/// the name differs between Keras's versions.
std::string inputOf(const golden::Case &golden, const std::string &io) {
  auto arrays = formats::readNpzFile(io);
  if (!arrays || std::ranges::count_if(*arrays, [](auto &a) { return !isOutput(a.first); }) != 1)
    return io;
  auto only = std::ranges::find_if(*arrays, [](auto &a) { return !isOutput(a.first); });
  std::string file = testing::TempDir() + "input_" + golden.name() + ".npy";
  EXPECT_TRUE(formats::writeFile(file, formats::writeNpy(only->second)));
  return file;
}

class Written : public testing::TestWithParam<golden::Case> {};

TEST_P(Written, outputsAreKerasOnes) {
  const golden::Case &golden = GetParam();
  golden::ModelFile file = golden::modelFiles(golden).front();
  std::string io = golden.folder + file.json["io"].get<std::string>();
  std::string output = testing::TempDir() + "written_" + golden.name() + ".npz";
  std::vector<std::string> arguments = {"run",      file.path, "--input", inputOf(golden, io),
                                        "--output", output};
  if (file.weights)
    arguments.insert(arguments.end(), {"--weights", *file.weights});
  Result result = runTool(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  auto written = formats::readNpzFile(output);
  auto expected = formats::readNpzFile(io);
  ASSERT_TRUE(written && expected);
  const formats::Json &own = file.json.contains("tolerance") ? file.json : golden.json;
  double tolerance = own["tolerance"]["atol"];
  for (size_t i = 0; i < written->size(); ++i) {
    auto wanted = std::ranges::find(*expected, "output_" + std::to_string(i),
                                    [](const auto &named) { return named.first; });
    ASSERT_NE(wanted, expected->end());
    const Tensor &got = (*written)[i].second;
    Tensor values = wanted->second.toFloat32();
    ASSERT_EQ(got.shape(), values.shape());
    for (int64_t j = 0; j < got.size(); ++j)
      ASSERT_NEAR(got.as<float>()[j], values.as<float>()[j],
                  tolerance * (1 + std::abs(values.as<float>()[j])));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Written, testing::ValuesIn(casesToRun()), nameOf);

} // namespace
