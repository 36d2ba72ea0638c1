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

/// What the stateful layers of a model know of the calls before, for one batch: the caller's own,
/// made by Model::newState. Not to be used by two calls at the same time.
class RecurrentState {
public:
  RecurrentState() = default;
  RecurrentState(RecurrentState &&) = default;
  RecurrentState &operator=(RecurrentState &&) = default;

  /// Zeros, as before the first call.
  void reset();
  int64_t batch() const { return samples; }
  /// In the order of Manifest::states.
  std::span<const Tensor> values() const { return now; }
  /// Copies `value` to state number `i`. Input error: another shape, or not float32.
  Expected<void> set(size_t i, const Tensor &value);

private:
  friend class Model;
  int64_t samples = 0;
  std::vector<Tensor> now, next; ///< a call writes the one and reads the other
};

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
  /// more). Returns one tensor for each output. Stateful layers begin with `state`, and leave in it
  /// what the next call begins with; without one they begin with zeros. Input error: count, dtype,
  /// rank or extents that do not fit, naming the input; a state of another batch or model. Machine
  /// error: out of memory.
  Expected<std::vector<Tensor>> run(std::span<const Tensor> inputs,
                                    RecurrentState *state = nullptr) const;

  /// The same into tensors that the caller keeps, of the outputs' types and shapes. Allocates
  /// nothing (of models without strings and lookups) once a call of this batch, or of a larger one,
  /// has been made by as many threads, and stateful layers have a state.
  /// Of a model compiled for profiling, `nanoseconds` takes when, on the monotonic clock, each of
  /// `manifest().sections` began, and when the last one ended; of others, and for a batch of 0,
  /// nothing.
  Expected<void> run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                     std::vector<int64_t> *nanoseconds = nullptr,
                     RecurrentState *state = nullptr) const;

  /// A state for calls with `batch` samples (1 or more), all zeros; empty for a model without
  /// stateful layers. Machine error: out of memory.
  Expected<RecurrentState> newState(int64_t batch) const;

private:
  struct Loaded;
  explicit Model(std::shared_ptr<const Loaded> loaded) : loaded(std::move(loaded)) {}
  std::shared_ptr<const Loaded> loaded;
};

} // namespace hornet::runtime
