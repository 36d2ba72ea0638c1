#include "runtime/Model.h"

#include "base/Memory.h"
#include "host/Program.h"
#include "runtime/ForBatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <mutex>
#include <new>

namespace hornet::runtime {

namespace {

/// How long helpers wait for the next call before they sleep: by default 200 ms, in which they
/// take processors from other programs. Waking them costs some 50 us.
constexpr int spinMilliseconds = 5;

/// What one call needs besides its arrays. Kept between calls, so that they allocate nothing.
struct Frame {
  Memory arena;
  size_t arenaBytes = 0;
  std::vector<void *> buffers;
  std::vector<timespec> stamps; ///< for code compiled for profiling; other code ignores it
};

/// Frames between calls: a call takes one, or makes one, and gives it back.
class FramePool {
public:
  Expected<Frame> take(size_t arenaBytes) {
    Frame frame;
    {
      std::lock_guard lock(mutex);
      if (!free.empty()) {
        frame = std::move(free.back());
        free.pop_back();
      }
    }
    if (frame.arena && frame.arenaBytes >= arenaBytes)
      return frame;
    frame.arena.reset(); // before the larger one is there
    frame.arena = allocate(arenaBytes);
    frame.arenaBytes = arenaBytes;
    if (!frame.arena)
      return machineError(fmt::format("out of memory: {} bytes of temporary buffers", arenaBytes));
    return frame;
  }

  void give(Frame frame) {
    frame.buffers.clear();
    std::lock_guard lock(mutex);
    free.push_back(std::move(frame));
  }

private:
  std::mutex mutex;
  std::vector<Frame> free;
};

} // namespace

struct Model::Loaded {
  Artifact artifact;
  std::vector<Tensor> parameters;
  std::vector<Tensor> prepared;
  std::optional<host::Program> program;
  mutable FramePool frames;

  /// The tensors of one call.
  struct Tensors {
    std::span<const Tensor> inputs, states;
    std::span<Tensor> outputs, statesAfter;
  };

  Expected<void> call(HornetEntryPoint entry, const EntrySignature &signature, int64_t batch,
                      const Tensors &tensors, std::vector<int64_t> *nanoseconds = nullptr) const {
    const ArenaSize &size = signature.arena;
    Frame frame =
        HORNET_TRY(frames.take(size.bytes + size.bytesPerSample * static_cast<size_t>(batch)));
    auto add = [&](const Tensor &tensor) {
      frame.buffers.push_back(const_cast<std::byte *>(tensor.data()));
    };
    std::ranges::for_each(tensors.inputs, add);
    std::ranges::for_each(tensors.states, add);
    for (const WeightSlot &slot : signature.weights)
      add((slot.source == WeightSlot::Source::parameter ? parameters : prepared)[slot.index]);
    std::ranges::for_each(tensors.outputs, add);
    std::ranges::for_each(tensors.statesAfter, add);
    frame.buffers.push_back(frame.arena.get());
    frame.stamps.resize(artifact.manifest.sections.size() + 1);
    frame.buffers.push_back(frame.stamps.data());
    if (artifact.setSpinning)
      artifact.setSpinning(spinMilliseconds);
    HornetCall arguments{batch, frame.buffers.data()};
    entry(&arguments);
    if (nanoseconds && !artifact.manifest.sections.empty())
      for (const timespec &stamp : frame.stamps)
        nanoseconds->push_back(stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec);
    frames.give(std::move(frame));
    return {};
  }

  /// A call with what the host computes before and after, of a model without states.
  Expected<void> runAround(int64_t batch, std::span<const Tensor> inputs, std::span<Tensor> outputs,
                           std::vector<int64_t> *nanoseconds) const {
    auto code = [&](std::vector<Tensor> arguments) -> Expected<std::vector<Tensor>> {
      std::vector<Tensor> results;
      for (const host::Value &value : program->codeResults())
        results.emplace_back(value.dtype, forBatch(value.shape, batch));
      HORNET_TRY(call(artifact.predict, artifact.manifest.predict, batch,
                      {.inputs = arguments, .outputs = results}, nanoseconds));
      return results;
    };
    std::vector<Tensor> results = HORNET_TRY(program->run(inputs, code));
    for (size_t i = 0; i < results.size(); ++i)
      if (outputs[i].dtype() == DType::string)
        std::ranges::copy(results[i].as<std::string>(), outputs[i].as<std::string>().begin());
      else
        std::copy_n(results[i].data(), results[i].bytes(), outputs[i].data());
    return {};
  }

  Expected<void> prepare() {
    const Manifest &manifest = artifact.manifest;
    for (const auto &[dtype, shape] : manifest.prepared)
      prepared.emplace_back(dtype, shape);
    if (!prepared.empty())
      HORNET_TRY(call(artifact.prepare, manifest.prepare, 1, {.outputs = prepared}));
    dropUnused();
    return {};
  }

  /// Parameters that were only prepared from need no memory any more.
  void dropUnused() {
    std::vector<bool> used(parameters.size());
    for (const WeightSlot &slot : artifact.manifest.predict.weights)
      if (slot.source == WeightSlot::Source::parameter)
        used[slot.index] = true;
    for (size_t i = 0; i < used.size(); ++i)
      if (!used[i])
        parameters[i] = Tensor();
  }
};

static Expected<void> checkParameters(const Manifest &manifest, std::span<const Tensor> values) {
  if (values.size() != manifest.parameters.size())
    return inputError({.reason = fmt::format("{} parameters are needed, {} were given",
                                             manifest.parameters.size(), values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    const Parameter &slot = manifest.parameters[i];
    if (values[i].dtype() != DType::f32 || values[i].shape() != slot.shape)
      return inputError(
          {.attribute = slot.symbol,
           .reason = fmt::format("shape {} {} is needed, got {} {}", toString(slot.shape),
                                 nameOf(DType::f32), toString(values[i].shape()),
                                 nameOf(values[i].dtype()))});
  }
  return {};
}

Expected<Model> Model::load(Artifact artifact, std::vector<Tensor> parameters) {
  HORNET_TRY(checkParameters(artifact.manifest, parameters));
  auto loaded = std::make_shared<Loaded>();
  if (artifact.manifest.host)
    loaded->program = HORNET_TRY(host::Program::make(*artifact.manifest.host));
  loaded->artifact = std::move(artifact);
  loaded->parameters = std::move(parameters);
  HORNET_TRY(loaded->prepare());
  return Model(std::move(loaded));
}

const Manifest &Model::manifest() const { return loaded->artifact.manifest; }
const std::vector<Port> &Model::inputs() const { return manifest().inputs; }
const std::vector<Port> &Model::outputs() const { return manifest().outputs; }

static bool fits(const Shape &shape, const Shape &wanted) {
  if (shape.size() != wanted.size())
    return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (wanted[i] >= 0 && shape[i] != wanted[i])
      return false;
  return true;
}

/// Whether the leading extent of a port is the batch.
static bool isBatched(const Port &port) { return !port.shape.empty() && port.shape[0] < 0; }

static Expected<int64_t> checkInputs(const std::vector<Port> &ports,
                                     std::span<const Tensor> inputs) {
  if (inputs.size() != ports.size())
    return inputError({.reason = fmt::format("the model has {} inputs, {} arrays were given",
                                             ports.size(), inputs.size())});
  auto first = std::ranges::find_if(ports, isBatched);
  size_t leader = first - ports.begin();
  bool known = leader < inputs.size() && !inputs[leader].shape().empty();
  int64_t batch = known ? inputs[leader].shape()[0] : 1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape &shape = inputs[i].shape();
    if (inputs[i].dtype() != ports[i].dtype)
      return inputError({.attribute = ports[i].name,
                         .reason = fmt::format("the input needs {}, got {}", nameOf(ports[i].dtype),
                                               nameOf(inputs[i].dtype()))});
    if (!fits(shape, ports[i].shape))
      return inputError({.attribute = ports[i].name,
                         .reason = fmt::format("the input needs shape {}, got {}",
                                               toString(ports[i].shape), toString(shape))});
    if (isBatched(ports[i]) && shape[0] != batch)
      return inputError({.attribute = ports[i].name,
                         .reason = fmt::format("batch of {}, but input '{}' has {}", shape[0],
                                               ports[leader].name, batch)});
  }
  return batch;
}

static Expected<void> checkOutputs(const std::vector<Port> &ports, std::span<const Tensor> outputs,
                                   int64_t batch) {
  if (outputs.size() != ports.size())
    return inputError({.reason = fmt::format("the model has {} outputs, {} arrays were given",
                                             ports.size(), outputs.size())});
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Shape &shape = outputs[i].shape();
    if (outputs[i].dtype() != ports[i].dtype || !fits(shape, ports[i].shape) ||
        (isBatched(ports[i]) && shape[0] != -ports[i].shape[0] * batch))
      return inputError(
          {.attribute = ports[i].name,
           .reason = fmt::format("the output of a batch of {} needs shape {} {}, got {} {}", batch,
                                 toString(ports[i].shape), nameOf(ports[i].dtype), toString(shape),
                                 nameOf(outputs[i].dtype()))});
  }
  return {};
}

static DType dtypeOf(const Port &port) { return port.dtype; }
static DType dtypeOf(const State &) { return DType::f32; }

/// Zero-filled tensors for the outputs of one call, or its states.
template <class Slot>
static Expected<std::vector<Tensor>> makeTensors(const std::vector<Slot> &slots, int64_t batch) {
  try {
    std::vector<Tensor> results;
    for (const Slot &slot : slots)
      results.emplace_back(dtypeOf(slot), forBatch(slot.shape, batch));
    return results;
  } catch (const std::bad_alloc &) {
    return machineError(fmt::format("out of memory: the outputs of a batch of {}", batch));
  }
}

void RecurrentState::reset() {
  for (Tensor &value : now)
    std::memset(value.data(), 0, value.bytes());
}

Expected<void> RecurrentState::set(size_t i, const Tensor &value) {
  Tensor &own = now.at(i);
  if (value.dtype() != own.dtype() || value.shape() != own.shape())
    return inputError({.attribute = "state",
                       .reason = fmt::format("a state of shape {} {} is needed, got {} {}",
                                             toString(own.shape()), nameOf(own.dtype()),
                                             toString(value.shape()), nameOf(value.dtype()))});
  std::memcpy(own.data(), value.data(), own.bytes());
  return {};
}

Expected<RecurrentState> Model::newState(int64_t batch) const {
  RecurrentState state;
  state.samples = batch;
  state.now = HORNET_TRY(makeTensors(manifest().states, batch));
  state.next = HORNET_TRY(makeTensors(manifest().states, batch));
  return state;
}

static Expected<void> checkState(const RecurrentState &state, const Manifest &manifest,
                                 int64_t batch) {
  bool fits = state.values().size() == manifest.states.size();
  for (size_t i = 0; fits && i < manifest.states.size(); ++i)
    fits = hornet::runtime::fits(state.values()[i].shape(), manifest.states[i].shape);
  if (!fits)
    return inputError({.attribute = "state",
                       .reason = "the state is another model's",
                       .mend = "make it with newState of this one"});
  if (state.batch() != batch)
    return inputError({.attribute = "state",
                       .reason = fmt::format("the state is of a batch of {}, the inputs have {}",
                                             state.batch(), batch),
                       .mend = "go on with the same batch, or with a new state"});
  return {};
}

Expected<void> Model::run(std::span<const Tensor> inputs, std::span<Tensor> outputs,
                          std::vector<int64_t> *nanoseconds, RecurrentState *state) const {
  if (nanoseconds)
    nanoseconds->clear();
  int64_t batch = HORNET_TRY(checkInputs(this->inputs(), inputs));
  HORNET_TRY(checkOutputs(this->outputs(), outputs, batch));
  if (state)
    HORNET_TRY(checkState(*state, manifest(), batch));
  if (batch == 0)
    return {};
  if (loaded->program)
    return loaded->runAround(batch, inputs, outputs, nanoseconds);
  RecurrentState ownState;
  if (!state) {
    if (!manifest().states.empty())
      ownState = HORNET_TRY(newState(batch));
    state = &ownState;
  }
  HORNET_TRY(loaded->call(loaded->artifact.predict, manifest().predict, batch,
                          {inputs, state->now, outputs, state->next}, nanoseconds));
  std::swap(state->now, state->next);
  return {};
}

Expected<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs,
                                         RecurrentState *state) const {
  int64_t batch = HORNET_TRY(checkInputs(this->inputs(), inputs));
  std::vector<Tensor> results = HORNET_TRY(makeTensors(outputs(), batch));
  HORNET_TRY(run(inputs, results, nullptr, state));
  return results;
}

} // namespace hornet::runtime
