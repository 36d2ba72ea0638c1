//===- Plot.h - The curves of a training --------------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "training/Logs.h"
#include "training/Metrics.h"

namespace hornet::training {

/// One value over the epochs, from the first; not a number where there was none.
struct Curve {
  std::string name;
  std::vector<double> train, validation; ///< either may be empty
  Direction direction = Direction::down; ///< which way it improves
};

/// The values of each epoch's logs, in the order of their names there: "loss" first, "val_loss" as
/// the validation of "loss". `up` lists the names that improve upwards.
std::vector<Curve> curvesOf(std::span<const Logs> epochs, std::span<const std::string> up);

/// A panel a curve: training a line, validation dashed, the best epoch (of the validation, where
/// there is one) marked and named. As an SVG document, and as a PNG file of twice the size.
std::string plotSvg(std::span<const Curve> curves, const std::string &title);
Expected<std::vector<std::byte>> plotPng(std::span<const Curve> curves, const std::string &title);

/// Writes either, as the ending says. Input error: another ending. Machine error: it cannot be
/// written.
Expected<void> writePlot(const std::string &path, std::span<const Curve> curves,
                         const std::string &title);

} // namespace hornet::training
