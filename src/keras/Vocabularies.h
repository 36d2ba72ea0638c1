//===- Vocabularies.h - Vocabularies beside a configuration ------------------------===//
//
// Part of Hornet, under the Apache License 2.0.
//
//===----------------------------------------------------------------------===//
// Internal to src/keras.
#pragma once

#include "formats/File.h"
#include "formats/Hdf5.h"
#include "keras/Model.h"

#include <functional>

namespace hornet::keras {

/// Reads a member of an archive; nothing when it has no such member.
using ReadMember = std::function<Expected<std::optional<formats::Bytes>>(const std::string &)>;

/// Puts into `config`, of which `model` was read, the vocabularies of the lookup layers that have
/// none there: layers that were adapted keep theirs in `assets/…/vocabulary.txt`, and the weights
/// of tf_idf among the model's. `weights`: the model's own, or null. Returns whether there was any.
/// Input error: a vocabulary that is not UTF-8, or not integers for an IntegerLookup.
Expected<bool> addVocabularies(Json &config, const Model &model, const ReadMember &read,
                               const formats::Hdf5File *weights);

} // namespace hornet::keras
