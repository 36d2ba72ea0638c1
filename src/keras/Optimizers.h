//===- Optimizers.h - Optimizers in code, as a user of Keras writes them ------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "formats/Json.h"

#include <string>

/// Configurations as Keras writes them into files; what is not given is Keras's default. Others:
/// the class's name, or `optimizer("Nadam", {{"beta_1", 0.8}})`.
/// Source: https://keras.io/api/optimizers/
namespace hornet::keras::optimizers {

inline formats::Json optimizer(const std::string &className,
                               formats::Json config = formats::Json::object()) {
  return {{"class_name", className}, {"config", std::move(config)}};
}

// NOLINTBEGIN(readability-identifier-naming): as in Keras
/// The rate is 1 in the paper and in Keras 2; Keras 3 has 0.001, with which it hardly learns.
inline formats::Json Adadelta(double learningRate = 1.0) {
  return optimizer("Adadelta", {{"learning_rate", learningRate}});
}
inline formats::Json Adam(double learningRate = 0.001) {
  return optimizer("Adam", {{"learning_rate", learningRate}});
}
inline formats::Json RMSprop(double learningRate = 0.001) {
  return optimizer("RMSprop", {{"learning_rate", learningRate}});
}
inline formats::Json SGD(double learningRate = 0.01, double momentum = 0, bool nesterov = false) {
  return optimizer(
      "SGD", {{"learning_rate", learningRate}, {"momentum", momentum}, {"nesterov", nesterov}});
}

// NOLINTEND(readability-identifier-naming)

} // namespace hornet::keras::optimizers
