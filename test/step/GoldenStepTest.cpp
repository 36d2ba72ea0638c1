// Training steps against Keras's own: gradients, losses, optimizers, and 96 steps in a row.

#include "formats/Npy.h"
#include "keras/Builder.h"
#include "keras/Weights.h"
#include "test/keras/Golden.h"
#include "test/step/Steps.h"

#include <cmath>
#include <map>
#include <regex>

using namespace hornet;
using formats::Json;
using test::resultOf;
using test::runnerFor;
using test::sgd;
using training::StepRunner;

namespace {

/// Both have the same form.
const std::string roots[] = {"test/golden/training/", "test/step/data/"};
const std::string &root = roots[0];

Json readJson(const std::string &path) {
  std::ifstream file(path);
  return Json::parse(file);
}

/// Of losses or optimizers, each with the folder that it is in.
std::vector<Json> casesOf(const std::string &kind) {
  std::vector<Json> cases;
  for (const std::string &from : roots) {
    Json file = readJson(from + kind + "/" + kind + ".json");
    for (Json &json : file["cases"]) {
      json["folder"] = from + kind + "/";
      cases.push_back(json);
    }
  }
  return cases;
}

using Arrays = std::map<std::string, Tensor>;

Arrays readArrays(const std::string &path) {
  auto read = formats::readNpzFile(path);
  EXPECT_TRUE(read) << toString(read.error());
  Arrays arrays;
  for (auto &[name, tensor] : *read)
    arrays.emplace(name, tensor.toFloat32());
  return arrays;
}

double greatest(const Tensor &tensor) {
  double most = 0;
  for (float value : tensor.as<float>())
    most = std::max(most, std::abs(double(value)));
  return most;
}

/// |a - b| <= atol + rtol |b| + t max|b|
void expectNear(const Tensor &got, const Tensor &expected, double rtol, double atol, double t,
                const std::string &what) {
  ASSERT_EQ(got.shape(), expected.shape()) << what;
  double most = greatest(expected), worst = 0;
  for (int64_t i = 0; i < got.size(); ++i) {
    double a = got.as<float>()[i], b = expected.as<float>()[i];
    double allowed = atol + rtol * std::abs(b) + t * most;
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    worst = std::max(worst, std::isfinite(a - b) ? std::abs(a - b) / allowed : 1e30);
  }
  EXPECT_LE(worst, 1) << what << ": as parts of the tolerance";
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

/// "lstm/lstm_cell/kernel" as files have it: "lstm/cell/kernel".
std::string withoutCell(const std::string &path) {
  return std::regex_replace(path, std::regex("/(lstm|gru|simple_rnn|conv_lstm\\w*)_cell/"),
                            "/cell/");
}

class Gradients : public testing::TestWithParam<golden::Case> {
protected:
  static step::StepOptions options(bool weighted) {
    step::StepOptions options;
    for (const Json &loss : GetParam().json["losses"])
      options.losses.push_back(loss);
    if (const Json &weights = GetParam().json["loss_weights"]; weights.is_array())
      options.lossWeights = weights.get<std::vector<double>>();
    options.sampleWeights = weighted;
    options.optimizer = sgd;
    options.gradients = true;
    return options;
  }

  static std::vector<Tensor> batch(const keras::Model &model, const Arrays &arrays, bool weighted) {
    std::vector<Tensor> batch;
    for (const keras::Port &port : model.inputs) {
      auto found = arrays.find("x/" + port.name);
      if (found == arrays.end())
        found = arrays.lower_bound("x/");
      batch.push_back(found->second);
    }
    for (int i = 0; arrays.contains("y/" + std::to_string(i)); ++i)
      batch.push_back(arrays.at("y/" + std::to_string(i)));
    if (weighted)
      batch.push_back(arrays.at("sample_weight"));
    return batch;
  }

  void check(const keras::Model &model, bool weighted, const CompileOptions &base) {
    SCOPED_TRACE(model.file + (weighted ? " weighted" : "") + " threads " +
                 std::to_string(base.threads) + " -O" + std::to_string(base.level));
    auto runner = runnerFor(model, options(weighted), base);
    ASSERT_TRUE(runner) << toString(runner.error());
    Arrays arrays = readArrays(GetParam().folder + "ref.npz");
    auto ran = runner->run(batch(model, arrays, weighted));
    ASSERT_TRUE(ran) << toString(ran.error());
    const Json &tolerance = GetParam().json["tolerance"];
    const Json &zero = GetParam().json["gradients_that_are_zero"];
    std::string suffix = weighted ? "_sample_weighted" : "";
    EXPECT_NEAR(runner->loss(), arrays.at("loss" + suffix).as<float>()[0],
                1e-6 + 1e-5 * std::abs(arrays.at("loss" + suffix).as<float>()[0]));
    size_t seen = 0;
    for (const auto &[name, expected] : arrays)
      if (name.starts_with("grad" + suffix + "/")) {
        std::string path = name.substr(suffix.size() + 5), ours = withoutCell(path);
        bool isZero = std::ranges::find(zero, Json(path)) != zero.end();
        double t = tolerance["grad"]["t"];
        expectNear(resultOf(*runner, "gradient/" + ours), expected, 0, isZero ? 1e-5 : 0,
                   isZero ? 0 : t, path);
        ++seen;
      }
    EXPECT_GT(seen, 0u);
    runner->accept();
    for (const auto &[name, expected] : arrays)
      if (name.starts_with("state_after/"))
        for (size_t i = 0; i < runner->states().size(); ++i)
          if (runner->states()[i].name == withoutCell(name.substr(12)))
            expectNear(runner->values()[i], expected, 1e-5, 1e-6, 0, name);
  }
};

TEST_P(Gradients, areThoseOfKeras) {
  auto model = keras::readModel(GetParam().folder + GetParam().json.value("model", "model.keras"));
  ASSERT_TRUE(model) << toString(model.error());
  check(*model, false, {.level = 3, .threads = 1});
  check(*model, false, {.level = 3, .threads = 2});
  check(*model, false, {.level = 0, .threads = 1});
  if (readArrays(GetParam().folder + "ref.npz").contains("sample_weight"))
    check(*model, true, {.level = 3, .threads = 1});
}

std::vector<golden::Case> gradientCases() {
  std::vector<golden::Case> all;
  for (const std::string &from : roots)
    std::ranges::move(golden::casesIn(from + "gradients"), std::back_inserter(all));
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, Gradients, testing::ValuesIn(gradientCases()),
                         [](const auto &test) { return test.param.name(); });

//===----------------------------------------------------------------------===//
// Losses
//===----------------------------------------------------------------------===//

class Losses : public testing::TestWithParam<Json> {};

TEST_P(Losses, areThoseOfKeras) {
  const Json &golden = GetParam();
  std::string name = golden["name"], prefix = name + "/";
  std::string folder = golden["folder"];
  auto model = keras::readModel(folder + golden["model"].get<std::string>());
  ASSERT_TRUE(model) << toString(model.error());
  static std::map<std::string, Arrays> all;
  if (!all.contains(folder))
    all[folder] = readArrays(folder + "losses.npz");
  const Arrays &arrays = all[folder];
  step::StepOptions options;
  options.losses = {golden};
  options.optimizer = sgd;
  options.gradients = true;
  auto weights = arrays.find(prefix + "sample_weight");
  options.sampleWeights = weights != arrays.end();
  options.stepWeights = options.sampleWeights && weights->second.shape().size() > 1;
  auto runner = runnerFor(*model, options, {.threads = 1});
  ASSERT_TRUE(runner) << toString(runner.error());
  std::vector<Tensor> values = runner->values();
  for (size_t i = 0; i < values.size(); ++i)
    if (runner->states()[i].name == "head/kernel") {
      Tensor scaled(DType::f32, values[i].shape());
      for (int64_t j = 0; j < scaled.size(); ++j)
        scaled.as<float>()[j] = values[i].as<float>()[j] * golden["head_kernel_times"].get<float>();
      values[i] = scaled;
    }
  ASSERT_TRUE(runner->setValues(values));
  bool own = arrays.contains(prefix + "x");
  std::vector<Tensor> batch = {arrays.at(own ? prefix + "x" : "x"), arrays.at(prefix + "y_true")};
  if (options.sampleWeights)
    batch.push_back(arrays.at(prefix + "sample_weight"));
  auto ran = runner->run(batch);
  ASSERT_TRUE(ran) << toString(ran.error());
  double loss = arrays.at(prefix + "loss").as<float>()[0];
  EXPECT_NEAR(runner->loss(), loss,
              golden["tolerance"]["loss_rtol"].get<double>() * std::abs(loss));
  for (const auto &[key, expected] : arrays)
    if (key.starts_with(prefix + "grad/"))
      expectNear(resultOf(*runner, "gradient/" + key.substr(prefix.size() + 5)), expected, 0, 0,
                 golden["tolerance"]["grad_t"], key);
}

INSTANTIATE_TEST_SUITE_P(All, Losses, testing::ValuesIn(casesOf("losses")), [](const auto &test) {
  return test.param["name"].template get<std::string>();
});

//===----------------------------------------------------------------------===//
// Optimizers
//===----------------------------------------------------------------------===//

class Optimizers : public testing::TestWithParam<Json> {
protected:
  void compareSlots(const StepRunner &runner, const Arrays &arrays, double rtol, double atol) {
    // Iteration and learning rate come first; then the slots, in this very order.
    std::string prefix = GetParam()["name"].get<std::string>() + "/optimizer_after_5/";
    std::vector<std::pair<std::string, Tensor>> expected;
    for (const auto &[key, tensor] : arrays)
      if (key.starts_with(prefix) && !key.ends_with("/iteration") &&
          !key.ends_with("/learning_rate"))
        expected.emplace_back(key, tensor);
    size_t next = 0;
    for (size_t i = 0; i < runner.states().size(); ++i)
      if (!runner.states()[i].slot.empty()) {
        ASSERT_LT(next, expected.size());
        expectNear(runner.values()[i], expected[next].second, rtol, atol, 0,
                   expected[next].first + " as " + runner.states()[i].name);
        ++next;
      }
    EXPECT_EQ(next, expected.size());
  }
};

TEST_P(Optimizers, areThoseOfKeras) {
  const Json &golden = GetParam();
  std::string name = golden["name"];
  std::string folder = golden["folder"];
  auto model = keras::readModel(folder + "model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  const Arrays arrays = readArrays(folder + "optimizers.npz");
  step::StepOptions options;
  options.losses = {Json("categorical_crossentropy")};
  options.optimizer = golden["optimizer"];
  if (name == "adamw_exclude_bias")
    options.withoutWeightDecay = {"bias"};
  auto runner = runnerFor(*model, options, {.threads = 1});
  ASSERT_TRUE(runner) << toString(runner.error());
  double rtol = golden["tolerance"]["rtol"], atol = golden["tolerance"]["atol"];
  for (int k = 0; k < 5; ++k) {
    std::string number = std::to_string(k);
    auto ran = runner->run(std::vector{arrays.at("x/" + number), arrays.at("y/" + number)},
                           {golden["learning_rate_per_step"][k].get<float>(), k, 0});
    ASSERT_TRUE(ran) << toString(ran.error());
    double loss = golden["loss_per_step"][k];
    EXPECT_NEAR(runner->loss(), loss, 1e-5 * std::abs(loss)) << "step " << k;
    runner->accept();
    std::string prefix = name + "/step" + std::to_string(k + 1) + "/";
    for (size_t i = 0; i < runner->states().size(); ++i)
      if (auto found = arrays.find(prefix + runner->states()[i].name); found != arrays.end())
        expectNear(runner->values()[i], found->second, rtol, atol, 0, found->first);
  }
  compareSlots(*runner, arrays, rtol, atol);
}

INSTANTIATE_TEST_SUITE_P(All, Optimizers, testing::ValuesIn(casesOf("optimizers")),
                         [](const auto &test) {
                           return test.param["name"].template get<std::string>();
                         });

//===----------------------------------------------------------------------===//
// Many steps
//===----------------------------------------------------------------------===//

class Trajectory : public testing::TestWithParam<std::string> {};

TEST_P(Trajectory, isThatOfKeras) {
  Json golden = readJson(root + "trajectory_cnn/case.json")["runs"][GetParam()];
  auto model = keras::readModel(root + "trajectory_cnn/model.keras");
  ASSERT_TRUE(model) << toString(model.error());
  Arrays arrays = readArrays(root + "trajectory_cnn/ref.npz");
  step::StepOptions options;
  options.losses = {Json("categorical_crossentropy")};
  options.optimizer = golden["optimizer"];
  auto runner = runnerFor(*model, options, {.threads = 2});
  ASSERT_TRUE(runner) << toString(runner.error());
  const Tensor &losses = arrays.at(GetParam() + "/loss");
  float rate = golden["optimizer"]["config"]["learning_rate"];
  const Tensor &x = arrays.at("x"), &y = arrays.at("y");
  auto rows = [](const Tensor &all, int64_t from, int64_t count) {
    Shape shape = all.shape();
    shape[0] = count;
    int64_t row = all.size() / all.shape()[0];
    return Tensor::fromFloats(shape, all.as<float>().subspan(from * row, count * row));
  };
  for (int64_t k = 0; k < losses.size(); ++k) {
    int64_t from = k % 6 * 16;
    auto ran = runner->run(std::vector{rows(x, from, 16), rows(y, from, 16)}, {rate, k, 0});
    ASSERT_TRUE(ran) << toString(ran.error());
    double expected = losses.as<float>()[k];
    ASSERT_NEAR(runner->loss(), expected,
                golden["tolerance"]["loss_rtol"].get<double>() * std::abs(expected) + 1e-6)
        << "step " << k;
    runner->accept();
  }
  double t = golden["tolerance"]["weights"];
  for (size_t i = 0; i < runner->states().size(); ++i)
    if (auto found = arrays.find(GetParam() + "/final/" + runner->states()[i].name);
        found != arrays.end())
      expectNear(runner->values()[i], found->second, t, t, 0, found->first);
}

INSTANTIATE_TEST_SUITE_P(All, Trajectory, testing::Values("adadelta_lr1", "adam", "sgd_momentum"));

//===----------------------------------------------------------------------===//
// Recomputing
//===----------------------------------------------------------------------===//

TEST(Recompute, givesTheSameToTheBitInLessMemory) {
  keras::Sequential layers;
  layers.add(keras::layers::Input({16, 16, 3}));
  for (int i = 0; i < 8; ++i)
    layers.add(keras::layers::Conv2D(8, 3, {.padding = "same", .activation = "relu"}));
  layers.add(keras::layers::Flatten());
  layers.add(keras::layers::Dense(4, {.activation = "softmax"}));
  auto model = layers.toModel();
  ASSERT_TRUE(model) << toString(model.error());
  model->weights = keras::Weights::random(3);
  Tensor x(DType::f32, {5, 16, 16, 3}), y(DType::f32, {5, 4});
  for (int64_t i = 0; i < x.size(); ++i)
    x.as<float>()[i] = std::sin(float(i));
  for (int64_t i = 0; i < 5; ++i)
    y.as<float>()[i * 4 + i % 4] = 1;
  std::vector<Tensor> results[2];
  size_t bytes[2] = {};
  for (bool again : {false, true}) {
    step::StepOptions options;
    options.losses = {Json("categorical_crossentropy")};
    options.optimizer = sgd;
    options.recompute = again;
    auto runner = runnerFor(*model, options, {.threads = 1});
    ASSERT_TRUE(runner) << toString(runner.error());
    bytes[again] = runner->compiled().manifest().predict.arena.bytesPerSample;
    ASSERT_TRUE(runner->run(std::vector{x, y}, {0.5f, 0, 0}));
    runner->accept();
    results[again] = runner->values();
  }
  EXPECT_LT(bytes[1], bytes[0] * 3 / 4);
  for (size_t i = 0; i < results[0].size(); ++i)
    EXPECT_TRUE(std::ranges::equal(results[0][i].as<float>(), results[1][i].as<float>())) << i;
}

} // namespace
