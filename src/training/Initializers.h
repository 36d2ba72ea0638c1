//===- Initializers.h - The weights before the first step ---------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Parameter.h"
#include "keras/Model.h"
#include "keras/Spec.h"
#include "training/RandomStream.h"

namespace hornet::training {

using keras::Json;
using keras::Spec;

/// A value of `shape`, float32, from a Keras initializer: "glorot_uniform", or an object with class
/// and config. Every initializer of Keras 3 but STFT, and the names that Keras 2 wrote. The
/// distribution is Keras's, the numbers are those of (seed, index): Keras's own cannot be had
/// outside of it. A `seed` in the config counts instead of `seed`. `where` names the weight in
/// messages. Input error: no such initializer, a config that it does not take, a shape of too few
/// dimensions.
Expected<Tensor> initialValue(const Json &initializer, const Shape &shape, uint64_t seed,
                              uint32_t index, const Problem &where = {});

/// The first value of each parameter, from the initializers in the configs of the layers, or
/// Keras's defaults: kernels glorot_uniform (recurrent ones orthogonal), biases and moving means 0,
/// scales and moving variances 1, embeddings uniform. Parameter number i takes the numbers of
/// (seed, i). Input errors are collected over all parameters.
Expected<std::vector<Tensor>> initialize(const keras::Model &model,
                                         std::span<const Parameter> parameters, uint64_t seed);

} // namespace hornet::training
