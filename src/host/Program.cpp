#include "host/Program.h"

#include "base/Utf8.h"
#include "host/Functions.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>
#include <optional>

namespace hornet::host {

namespace {
struct Row {
  std::string_view name;
  Function (*make)(const Step &step, const Value &result);
};
} // namespace

static constexpr Row functionTable[] = {
    {"look_up", makeLookUp},  {"invert", makeInvert},           {"hash", makeHash},
    {"cross", makeCross},     {"encode", makeEncode},           {"vectorize", makeVectorize},
    {"reshape", makeReshape}, {"concatenate", makeConcatenate},
};

tl::unexpected<Error> refuse(const Step &step, std::string reason, std::string mend) {
  return inputError({.layer = step.layer,
                     .layerClass = step.layerClass,
                     .reason = std::move(reason),
                     .mend = std::move(mend)});
}

static tl::unexpected<Error> damaged(const std::string &what) {
  return inputError({.attribute = "manifest",
                     .reason = "the manifest is damaged: " + what,
                     .mend = "compile the model again"});
}

Expected<Program> Program::make(Plan plan) {
  Program program;
  program.stepValues.resize(plan.steps.size(), plan.values.size());
  for (size_t i = 0; i < plan.values.size(); ++i)
    if (plan.values[i].source == Value::Source::step) {
      if (plan.values[i].index >= plan.steps.size())
        return damaged("a value of no step");
      program.stepValues[plan.values[i].index] = i;
    }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step &step = plan.steps[i];
    const auto *row = std::ranges::find(functionTable, step.function, &Row::name);
    if (row == std::end(functionTable) || program.stepValues[i] == plan.values.size())
      return damaged(fmt::format("no function '{}'", step.function));
    bool late = false;
    for (size_t operand : step.operands) {
      const Value &value = plan.values[operand];
      if (value.source == Value::Source::step && value.index >= i)
        return damaged("a step before its operands");
      late |= value.source == Value::Source::code ||
              (value.source == Value::Source::step && program.afterCode[value.index]);
    }
    program.afterCode.push_back(late);
    try {
      program.functions.push_back(row->make(step, plan.values[program.stepValues[i]]));
    } catch (const std::exception &error) {
      return damaged(error.what());
    }
  }
  program.plan = std::move(plan);
  return program;
}

std::vector<Value> Program::codeResults() const {
  std::vector<Value> results;
  for (const Value &value : plan.values)
    if (value.source == Value::Source::code)
      results.push_back(value);
  std::ranges::sort(results, {}, &Value::index);
  return results;
}

static Expected<void> checkUtf8(const Tensor &input, size_t number) {
  if (input.dtype() != DType::string)
    return {};
  auto strings = input.as<std::string>();
  auto wrong = std::ranges::find_if_not(strings, isUtf8);
  if (wrong == strings.end())
    return {};
  return inputError({.reason = fmt::format("string number {} of input number {} is not UTF-8",
                                           wrong - strings.begin(), number),
                     .mend = "give text in UTF-8"});
}

Expected<std::vector<Tensor>> Program::run(std::span<const Tensor> inputs, const Code &code) const {
  std::vector<Tensor> values(plan.values.size());
  for (size_t i = 0; i < plan.values.size(); ++i)
    if (plan.values[i].source == Value::Source::input) {
      HORNET_TRY(checkUtf8(inputs[plan.values[i].index], plan.values[i].index));
      values[i] = inputs[plan.values[i].index];
    }
  auto runSteps = [&](bool late) -> Expected<void> {
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      if (afterCode[i] != late)
        continue;
      std::vector<Tensor> operands;
      for (size_t operand : plan.steps[i].operands)
        operands.push_back(values[operand]);
      values[stepValues[i]] = HORNET_TRY(functions[i](operands));
    }
    return {};
  };
  try {
    HORNET_TRY(runSteps(false));
    std::vector<Tensor> arguments;
    for (size_t argument : plan.arguments)
      arguments.push_back(plan.values[argument].dtype == DType::boolean
                              ? values[argument]
                              : values[argument].toFloat32());
    std::vector<Tensor> results;
    if (code &&
        std::ranges::find(plan.values, Value::Source::code, &Value::source) != plan.values.end())
      results = HORNET_TRY(code(std::move(arguments)));
    for (size_t i = 0; code && i < plan.values.size(); ++i)
      if (plan.values[i].source == Value::Source::code)
        values[i] = results.at(plan.values[i].index);
    if (code)
      HORNET_TRY(runSteps(true));
  } catch (const std::bad_alloc &) {
    return machineError("out of memory: what is computed around the compiled code");
  }
  std::vector<Tensor> outputs;
  for (size_t result : plan.results)
    outputs.push_back(values[result]);
  return outputs;
}

Expected<std::vector<std::pair<std::string, Shape>>> shapesOf(const OpenTexts &texts,
                                                              std::span<const Tensor> inputs) {
  Program program = HORNET_TRY(Program::make(texts.plan));
  std::vector<Tensor> results = HORNET_TRY(program.run(inputs, nullptr));
  std::vector<std::pair<std::string, Shape>> shapes;
  for (size_t i = 0; i < results.size(); ++i)
    shapes.emplace_back(texts.layers[i], results[i].shape());
  return shapes;
}

} // namespace hornet::host
