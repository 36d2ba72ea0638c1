#include "runtime/Model.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <mutex>
#include <new>

namespace hornet::runtime {

namespace {

constexpr std::align_val_t alignment{64};

struct FreeAligned {
  void operator()(std::byte *bytes) const { ::operator delete[](bytes, alignment); }
};
using Memory = std::unique_ptr<std::byte[], FreeAligned>;

Memory allocate(size_t bytes) {
  return Memory(static_cast<std::byte *>(::operator new[](bytes, alignment, std::nothrow)));
}

/// Arenas between calls: a call takes one that is large enough, or makes one, and gives it back.
class ArenaPool {
public:
  struct Arena {
    Memory memory;
    size_t bytes = 0;
  };

  Expected<Arena> take(size_t bytes) {
    Arena arena;
    {
      std::lock_guard lock(mutex);
      if (!free.empty()) {
        arena = std::move(free.back());
        free.pop_back();
      }
    }
    if (arena.bytes >= bytes && arena.memory)
      return arena;
    arena = {allocate(bytes), bytes};
    if (!arena.memory)
      return machineError(fmt::format("out of memory: {} bytes of temporary buffers", bytes));
    return arena;
  }

  void give(Arena arena) {
    std::lock_guard lock(mutex);
    free.push_back(std::move(arena));
  }

private:
  std::mutex mutex;
  std::vector<Arena> free;
};

size_t sizeFor(const ArenaSize &size, int64_t batch) {
  return size.bytes + size.bytesPerSample * static_cast<size_t>(batch);
}

} // namespace

struct Model::State {
  Artifact artifact;
  std::vector<Tensor> parameters;
  std::vector<Tensor> prepared;
  mutable ArenaPool arenas;

  void appendWeights(const EntrySignature &entry, std::vector<void *> &buffers) const {
    for (const WeightSlot &slot : entry.weights) {
      const auto &from = slot.source == WeightSlot::Source::parameter ? parameters : prepared;
      buffers.push_back(const_cast<std::byte *>(from[slot.index].data()));
    }
  }

  Expected<void> call(HornetEntryPoint entry, const EntrySignature &signature, int64_t batch,
                      std::vector<void *> buffers, timespec *stamps = nullptr) const {
    ArenaPool::Arena arena = HORNET_TRY(arenas.take(sizeFor(signature.arena, batch)));
    buffers.push_back(arena.memory.get());
    if (stamps)
      buffers.push_back(stamps);
    HornetCall arguments{batch, buffers.data()};
    entry(&arguments);
    arenas.give(std::move(arena));
    return {};
  }

  Expected<void> prepare() {
    const Manifest &manifest = artifact.manifest;
    for (const Shape &shape : manifest.prepared)
      prepared.emplace_back(DType::f32, shape);
    if (prepared.empty())
      return {};
    std::vector<void *> buffers;
    appendWeights(manifest.prepare, buffers);
    for (Tensor &value : prepared)
      buffers.push_back(value.data());
    return call(artifact.prepare, manifest.prepare, 1, std::move(buffers));
  }
};

static Expected<void> checkParameters(const Manifest &manifest, std::span<const Tensor> values) {
  if (values.size() != manifest.parameters.size())
    return inputError({.reason = fmt::format("{} parameters are needed, {} were given",
                                             manifest.parameters.size(), values.size())});
  for (size_t i = 0; i < values.size(); ++i) {
    const Port &slot = manifest.parameters[i];
    if (values[i].dtype() != slot.dtype || values[i].shape() != slot.shape)
      return inputError(
          {.attribute = slot.name,
           .reason = fmt::format("shape {} {} is needed, got {} {}", toString(slot.shape),
                                 nameOf(slot.dtype), toString(values[i].shape()),
                                 nameOf(values[i].dtype()))});
  }
  return {};
}

Expected<Model> Model::load(Artifact artifact, std::vector<Tensor> parameters) {
  HORNET_TRY(checkParameters(artifact.manifest, parameters));
  auto state = std::make_shared<State>();
  state->artifact = std::move(artifact);
  state->parameters = std::move(parameters);
  HORNET_TRY(state->prepare());
  return Model(std::move(state));
}

const Manifest &Model::manifest() const { return state->artifact.manifest; }
const std::vector<Port> &Model::inputs() const { return manifest().inputs; }
const std::vector<Port> &Model::outputs() const { return manifest().outputs; }

static bool fits(const Shape &shape, const Shape &wanted) {
  if (shape.size() != wanted.size())
    return false;
  for (size_t i = 0; i < shape.size(); ++i)
    if (wanted[i] != unknownSize && shape[i] != wanted[i])
      return false;
  return true;
}

static Expected<int64_t> checkInputs(const std::vector<Port> &ports,
                                     std::span<const Tensor> inputs) {
  if (inputs.size() != ports.size())
    return inputError({.reason = fmt::format("the model has {} inputs, {} arrays were given",
                                             ports.size(), inputs.size())});
  int64_t batch = inputs.empty() || inputs[0].shape().empty() ? 1 : inputs[0].shape()[0];
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
    if (!shape.empty() && shape[0] != batch)
      return inputError({.attribute = ports[i].name,
                         .reason = fmt::format("batch of {}, but input '{}' has {}", shape[0],
                                               ports[0].name, batch)});
  }
  return batch;
}

/// Zero-filled tensors for the outputs of one call.
static Expected<std::vector<Tensor>> makeOutputs(const std::vector<Port> &ports, int64_t batch) {
  try {
    std::vector<Tensor> results;
    for (const Port &port : ports) {
      Shape shape = port.shape;
      std::ranges::replace(shape, unknownSize, batch);
      results.emplace_back(port.dtype, std::move(shape));
    }
    return results;
  } catch (const std::bad_alloc &) {
    return machineError(fmt::format("out of memory: the outputs of a batch of {}", batch));
  }
}

Expected<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs) const {
  std::vector<int64_t> nanoseconds;
  return run(inputs, nanoseconds);
}

Expected<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs,
                                         std::vector<int64_t> &nanoseconds) const {
  nanoseconds.clear();
  int64_t batch = HORNET_TRY(checkInputs(this->inputs(), inputs));
  std::vector<Tensor> results = HORNET_TRY(makeOutputs(outputs(), batch));
  if (batch == 0)
    return results;
  std::vector<void *> buffers;
  for (const Tensor &input : inputs)
    buffers.push_back(const_cast<std::byte *>(input.data()));
  state->appendWeights(manifest().predict, buffers);
  for (Tensor &result : results)
    buffers.push_back(result.data());
  std::vector<timespec> stamps;
  if (!manifest().sections.empty())
    stamps.resize(manifest().sections.size() + 1);
  HORNET_TRY(state->call(state->artifact.predict, manifest().predict, batch, std::move(buffers),
                         stamps.data()));
  for (const timespec &stamp : stamps)
    nanoseconds.push_back(stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec);
  return results;
}

} // namespace hornet::runtime
