#include "ProfileRows.h"

#include "Cost.h"
#include "Timing.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace hornet::tool {

using import::LayerRecord;

namespace {
/// The layers of a model by their paths, and which row each belongs to.
struct Home {
  const LayerRecord *layer;
  ProfileRow *row = nullptr;
};
using Homes = std::map<std::string, Home>;
} // namespace

static std::string joined(const std::vector<std::string> &path) {
  return fmt::format("{}", fmt::join(path, "/"));
}

/// The path of the layer that a tensor comes from: "conv2d[0][0]" is one of `layer`'s siblings.
static std::string producer(const LayerRecord &layer, const std::string &connectedTo) {
  std::vector<std::string> path = layer.path;
  size_t end = connectedTo.rfind('[', connectedTo.rfind('[') - 1);
  path.back() = connectedTo.substr(0, end);
  return joined(path);
}

std::vector<std::vector<std::string>> inModelOrder(const ModelDescription &model,
                                                   std::vector<std::vector<std::string>> sections) {
  std::map<std::string, size_t> position;
  for (const LayerRecord &layer : model.layers)
    position.emplace(joined(layer.path), position.size());
  for (std::vector<std::string> &layers : sections)
    std::ranges::sort(layers, {}, [&](const std::string &path) { return position[path]; });
  return sections;
}

static Homes homesOf(const ModelDescription &model, std::vector<ProfileRow> &rows) {
  Homes homes;
  for (const LayerRecord &layer : model.layers)
    homes[joined(layer.path)] = {&layer};
  for (ProfileRow &row : rows)
    for (const std::string &path : row.layers)
      if (auto found = homes.find(path); found != homes.end())
        if (ProfileRow *&home = found->second.row; !home || home->microseconds < row.microseconds)
          home = &row;
  return homes;
}

static double elementsOf(const Shape &shape) {
  double count = 1;
  for (int64_t extent : shape)
    count *= extent == unknownSize ? 1.0 : static_cast<double>(extent);
  return count;
}

/// Whether another layer of the same row takes what this one makes.
static bool staysInside(const Homes &homes, const std::string &path, const Home &home) {
  return std::ranges::any_of(homes, [&](const auto &other) {
    if (other.second.row != home.row || other.first == path)
      return false;
    const LayerRecord &layer = *other.second.layer;
    return std::ranges::any_of(layer.calls, [&](const import::CallRecord &call) {
      return std::ranges::any_of(call.connectedTo, [&](const std::string &tensor) {
        return producer(layer, tensor) == path;
      });
    });
  });
}

/// Elements a sample that a layer takes from other rows and gives to them.
static double trafficOf(const Homes &homes, const std::string &path, const Home &home) {
  double elements = 0;
  bool inside = staysInside(homes, path, home);
  for (const import::CallRecord &call : home.layer->calls) {
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      auto from = i < call.connectedTo.size()
                      ? homes.find(producer(*home.layer, call.connectedTo[i]))
                      : homes.end();
      if (from == homes.end() || from->second.row != home.row)
        elements += elementsOf(call.inputs[i]);
    }
    for (const Shape &output : call.outputs)
      elements += inside ? 0 : elementsOf(output);
  }
  return elements;
}

/// Rows with their layers, and the median of what each call took for them.
static std::vector<ProfileRow> timedRows(const std::vector<std::vector<std::string>> &sections,
                                         const Stamps &stamps) {
  std::vector<ProfileRow> rows;
  std::vector<std::vector<size_t>> members;
  for (size_t i = 0; i < sections.size(); ++i) {
    auto same = std::ranges::find(rows, sections[i], &ProfileRow::layers);
    if (same == rows.end()) {
      rows.push_back({sections[i]});
      members.emplace_back();
      same = rows.end() - 1;
    }
    members[same - rows.begin()].push_back(i);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    std::vector<double> times;
    for (const std::vector<int64_t> &call : stamps) {
      int64_t nanoseconds = 0;
      for (size_t section : members[i])
        nanoseconds += call[section + 1] - call[section];
      times.push_back(static_cast<double>(nanoseconds) / 1e3);
    }
    rows[i].microseconds = summarize(std::move(times)).median;
  }
  return rows;
}

std::vector<ProfileRow> profileRows(const ModelDescription &model,
                                    const std::vector<std::vector<std::string>> &sections,
                                    const Stamps &stamps, int64_t batch) {
  std::vector<ProfileRow> rows = timedRows(sections, stamps);
  Homes homes = homesOf(model, rows);
  auto samples = static_cast<double>(batch);
  for (const auto &[path, home] : homes) {
    if (!home.row)
      continue;
    Cost cost = costOf(model, *home.layer);
    home.row->multiplyAdds += static_cast<double>(cost.multiplyAdds) * samples;
    home.row->bytes += Cost::bytesEach * (static_cast<double>(cost.parameters) +
                                          samples * trafficOf(homes, path, home));
  }
  return rows;
}

} // namespace hornet::tool
