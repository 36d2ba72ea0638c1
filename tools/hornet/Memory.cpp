#include "Memory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hornet::tool {

using formats::Json;

static size_t arenaBytes(const MemoryPlan &plan, size_t batch) {
  return plan.arena.bytes + batch * plan.arena.bytesPerSample;
}

/// In the arena of a call; what grows with the batch begins behind what does not.
static size_t offsetOf(const MemoryPlan &plan, const PlannedBuffer &buffer, size_t batch) {
  return buffer.perSample ? plan.arena.bytes + batch * buffer.offset : buffer.offset;
}

static size_t bytesOf(const PlannedBuffer &buffer, size_t batch) {
  return buffer.bytes * (buffer.perSample ? batch : 1);
}

std::string memoryText(const MemoryPlan &plan, size_t batch, const Terminal &terminal) {
  Table table({{"Buffer of"},
               {"Offset", Table::Align::right},
               {"Size", Table::Align::right},
               {"A sample", Table::Align::right}});
  for (const PlannedBuffer &buffer : plan.buffers)
    table.add({fmt::format("{}", fmt::join(buffer.layers, ", ")),
               grouped(static_cast<int64_t>(offsetOf(plan, buffer, batch))),
               byteSize(static_cast<double>(bytesOf(buffer, batch))),
               buffer.perSample ? byteSize(static_cast<double>(buffer.bytes)) : "-"});
  auto line = [](const char *what, size_t bytes, const std::string &note) {
    return fmt::format("{}: {}{}\n", what, byteSize(static_cast<double>(bytes)), note);
  };
  return table.format(terminal) + line("Weights in the file", plan.parameters, "") +
         line("Weights in memory", plan.kept + plan.prepared,
              fmt::format(", {} of them prepared", byteSize(static_cast<double>(plan.prepared)))) +
         line("Arena of a call", arenaBytes(plan, batch),
              fmt::format(" for a batch of {}: {} and {} a sample",
                          grouped(static_cast<int64_t>(batch)),
                          byteSize(static_cast<double>(plan.arena.bytes)),
                          byteSize(static_cast<double>(plan.arena.bytesPerSample))));
}

Json memoryJson(const MemoryPlan &plan, size_t batch) {
  Json buffers = Json::array();
  for (const PlannedBuffer &buffer : plan.buffers)
    buffers.push_back({{"layers", buffer.layers},
                       {"per_sample", buffer.perSample},
                       {"offset", offsetOf(plan, buffer, batch)},
                       {"bytes", bytesOf(buffer, batch)}});
  return {{"parameter_bytes", plan.parameters},
          {"kept_parameter_bytes", plan.kept},
          {"prepared_bytes", plan.prepared},
          {"batch", batch},
          {"arena_bytes", arenaBytes(plan, batch)},
          {"arena_fixed_bytes", plan.arena.bytes},
          {"arena_bytes_per_sample", plan.arena.bytesPerSample},
          {"buffers", buffers}};
}

} // namespace hornet::tool
