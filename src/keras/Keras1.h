//===- Keras1.h - Models that Keras 1 and its forerunners wrote ---------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras, but for keras2Name.
#pragma once

#include "keras/Binding.h"
#include "keras/Model.h"

#include <string>
#include <vector>

namespace hornet::keras {

/// What a class of Keras 1 is called since Keras 2; empty of others.
std::string_view keras2Name(std::string_view className);

/// Whether `spec`, the outermost object of a configuration, or a layer in it, is spelled as Keras
/// 0.3 or 1 does; a Merge is so in files of Keras 2.0, too. `version` is what the file says of
/// itself, empty when it says nothing.
bool isKeras1(const Json &spec, const std::string &version);

/// `spec` as Keras 2 would have written it: its names of classes and keys, a Sequential whose first
/// layer merges branches as a functional model. What has no name there (Highway, MaxoutDense,
/// ParametricSoftplus, SReLU, a Merge by cosine) keeps its own. Input error: a Graph; a layer whose
/// order of dimensions nothing in the file tells.
Expected<Json> respellKeras1(Json spec, const std::string &file);

/// Respells the config of one layer, and gives the class that it has in Keras 2. `ordering` is the
/// data_format of layers that do not say theirs; empty when unknown, which is then returned as the
/// name of the key in `missing`.
std::string respellLayer(const std::string &className, Json &config, const std::string &ordering,
                         std::string &missing);

/// The functional model that a Sequential is whose first layer merges others, as Keras 1 has it:
/// `layers` are those of its config, respelled.
Json mergeBranches(const Json &layers, const std::string &name);

/// How the weights in a file were kept.
struct WeightsOrigin {
  bool keras1 = false;    ///< arrays by gate, filters in the order of the model's dimensions
  bool flipped = false;   ///< by Theano, whose convolutions turn their filters around
  bool deviation = false; ///< before Keras 1: batch normalization kept deviations, not variances
  bool plain() const { return !keras1 && !flipped && !deviation; }
};

/// Binds `parameters`, in the order of the group, to the arrays `datasets` of a file of such an
/// origin. False when their numbers do not fit; shapes that do not fit are left for the caller to
/// report.
Expected<bool> bindConverted(Binding &binding, const formats::Hdf5File &file, WeightsOrigin origin,
                             const std::vector<std::string> &datasets,
                             const std::vector<size_t> &parameters);

} // namespace hornet::keras
