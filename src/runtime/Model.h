//===- Model.h - A loaded artifact with its weights, ready to run ---------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "base/Error.h"
#include "runtime/Artifact.h"

#include <span>

namespace hornet::runtime {

/// A compiled model: code and weights. Immutable after loading, cheap to copy; `run` may be called
/// from several threads at the same time.
class Model {
public:
  /// Takes the values of `artifact.manifest.parameters`, in that order, and runs what is computed
  /// from them once (`hornet_prepare`). Input error: a count, shape or dtype that does not fit.
  static Expected<Model> load(Artifact artifact, std::vector<Tensor> parameters);

  const std::vector<Port> &inputs() const;
  const std::vector<Port> &outputs() const;
  const Manifest &manifest() const;

  /// One call: a tensor for each input, in order; all share the leading extent, the batch (0 or
  /// more). Returns one tensor for each output. Input error: count, dtype, rank or extents that do
  /// not fit, naming the input. Machine error: out of memory.
  Expected<std::vector<Tensor>> run(std::span<const Tensor> inputs) const;

  /// The same into tensors that the caller keeps, of the outputs' types and shapes. Allocates
  /// nothing (of models without strings and lookups) once a call of this batch, or of a larger one,
  /// has been made by as many threads. Of a model compiled for profiling, `nanoseconds` takes when,
  /// on the monotonic clock, each of `manifest().sections` began, and when the last one ended; of
  /// others, and for a batch of 0, nothing.
  Expected<void> run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                     std::vector<int64_t> *nanoseconds = nullptr) const;

private:
  struct State;
  explicit Model(std::shared_ptr<const State> state) : state(std::move(state)) {}
  std::shared_ptr<const State> state;
};

} // namespace hornet::runtime
