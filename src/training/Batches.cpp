#include "training/Batches.h"

#include "training/RandomStream.h"

#include <algorithm>
#include <fmt/format.h>
#include <new>
#include <numeric>
#include <system_error>

namespace hornet::training {

void permute(std::span<int64_t> order, uint64_t seed, int64_t epoch) {
  std::iota(order.begin(), order.end(), 0);
  RandomStream random(seed, Purpose::order, static_cast<uint32_t>(epoch));
  for (size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[random.below(left)]);
}

Expected<std::unique_ptr<Batches>> Batches::make(Samples samples, const Options &options) try {
  if (options.batchSize < 1)
    return inputError({.attribute = "batch size",
                       .reason = fmt::format("{} is less than 1", options.batchSize),
                       .mend = "give 1 or more"});
  return std::unique_ptr<Batches>(new Batches(std::move(samples), options));
} catch (const std::bad_alloc &) {
  return machineError("out of memory: the batches; choose a smaller batch size");
}

Batches::Batches(Samples given, const Options &chosen)
    : samples(std::move(given)), options(chosen), order(samples.count) {
  options.batchSize = std::min(options.batchSize, samples.count);
  for (Batch &batch : full)
    batch = emptyBatch(options.batchSize);
  last = emptyBatch(samples.count % options.batchSize);
}

Batch Batches::emptyBatch(int64_t size) const {
  Batch batch;
  batch.size = size;
  for (auto [feeds, tensors] :
       {std::pair(&samples.inputs, &batch.inputs), {&samples.targets, &batch.targets}})
    for (const Feed &feed : *feeds) {
      Shape shape = feed.shape;
      shape.insert(shape.begin(), size);
      tensors->emplace_back(feed.dtype, shape);
    }
  Shape weights = samples.weights ? samples.weights->shape() : Shape{size};
  weights.front() = size;
  batch.weights = Tensor(DType::f32, weights);
  std::ranges::fill(batch.weights.as<float>(), 1.f);
  return batch;
}

int64_t Batches::steps() const {
  return (samples.count + options.batchSize - 1) / options.batchSize;
}

Batch &Batches::slotOf(int64_t step) {
  bool isFull = (step + 1) * options.batchSize <= samples.count;
  return isFull ? full[step % slots] : last;
}

void Batches::fill(int64_t step) {
  Batch &batch = slotOf(step);
  batch.step = step;
  std::span<const int64_t> rows =
      std::span(order).subspan(step * options.batchSize, static_cast<size_t>(batch.size));
  for (size_t i = 0; i < samples.inputs.size(); ++i)
    samples.inputs[i].assemble(rows, batch.inputs[i].data());
  for (size_t i = 0; i < samples.targets.size(); ++i)
    samples.targets[i].assemble(rows, batch.targets[i].data());
  if (!samples.weights)
    return;
  size_t width = batch.weights.size() / rows.size();
  for (size_t i = 0; i < rows.size(); ++i)
    std::ranges::copy(samples.weights->as<float>().subspan(rows[i] * width, width),
                      batch.weights.as<float>().subspan(i * width).begin());
}

void Batches::assembleAll(const std::stop_token &stopped, int64_t epoch, int64_t firstStep) {
  if (options.shuffle)
    permute(order, options.seed, epoch);
  else
    std::iota(order.begin(), order.end(), 0);
  for (int64_t &sample : order)
    sample += samples.first;
  for (int64_t step = firstStep; step < steps(); ++step) {
    {
      std::unique_lock lock(mutex);
      if (!changed.wait(lock, stopped, [&] { return step - released < slots; }))
        return;
    }
    fill(step);
    std::lock_guard lock(mutex);
    assembled = step + 1;
    changed.notify_all();
  }
}

Expected<void> Batches::start(int64_t epoch, int64_t firstStep) try {
  stop();
  assembled = taken = released = firstStep;
  thread = std::jthread(
      [=, this](const std::stop_token &stopped) { assembleAll(stopped, epoch, firstStep); });
  return {};
} catch (const std::system_error &error) {
  return machineError(fmt::format("no thread for the batches: {}", error.what()));
}

void Batches::stop() {
  if (!thread.joinable())
    return;
  thread.request_stop();
  thread.join();
}

const Batch *Batches::next() {
  std::unique_lock lock(mutex);
  released = taken;
  changed.notify_all();
  if (taken >= steps() || !thread.joinable())
    return nullptr;
  changed.wait(lock, [&] { return assembled > taken; });
  return &slotOf(taken++);
}

} // namespace hornet::training
