#include "keras/Vocabularies.h"

#include "base/Utf8.h"
#include "keras/Binding.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace hornet::keras {
namespace {
using formats::Bytes;
using formats::Hdf5File;

/// Whether a layer of the class has a vocabulary.
bool looksUp(const std::string &className) {
  return className == "IntegerLookup" || className == "StringLookup" ||
         className == "TextVectorization";
}

/// Lines as Python's splitlines() has them, those that are empty at the end left out.
std::vector<std::string> linesOf(std::string_view text) {
  static constexpr char32_t breaks[] = {'\n', '\v', '\f', '\r',   0x1c,
                                        0x1d, 0x1e, 0x85, 0x2028, 0x2029};
  std::vector<std::string> lines(text.empty() ? 0 : 1);
  while (!text.empty()) {
    auto [code, bytes] = firstCharacter(text);
    if (text.starts_with("\r\n"))
      bytes = 2;
    if (std::ranges::find(breaks, code) != std::end(breaks))
      lines.emplace_back();
    else
      lines.back() += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  while (!lines.empty() && lines.back().empty())
    lines.pop_back();
  return lines;
}

class Vocabularies {
public:
  Vocabularies(const ReadMember &read, const Hdf5File *weights) : read(read), weights(weights) {}

  Expected<bool> addAll(Json &config, const Model &model, const std::string &group) {
    bool any = false;
    Json *list = layersOf(config);
    std::vector<std::string> names = groupNames(model);
    for (size_t i = 0; list && i < model.layers.size(); ++i) {
      const Layer &layer = model.layers[i];
      Json *inner = configOf(*list, layer.name);
      if (!inner)
        continue;
      // Early versions of Keras 3 called the list of layers otherwise.
      for (const char *members : {"layers", "_layer_checkpoint_dependencies"}) {
        std::string path = fmt::format("{}{}/{}", group, members, names[i]);
        if (layer.model)
          any |= HORNET_TRY(addAll(*inner, *layer.model, path + "/"));
        else if (looksUp(layer.className))
          any |= HORNET_TRY(add(*inner, model, layer, path));
      }
    }
    return any;
  }

private:
  /// The list in the config of a model: {"config": {"layers": […]}}, or its inner part.
  static Json *layersOf(Json &config) {
    Json *inner = config.is_object() && config.contains("config") ? &config["config"] : &config;
    if (!inner->is_object() || !inner->contains("layers") || !(*inner)["layers"].is_array())
      return nullptr;
    return &(*inner)["layers"];
  }
  static Json *configOf(Json &layers, const std::string &name) {
    for (Json &layer : layers)
      if (layer.is_object() && layer.contains("config") && layer["config"].is_object() &&
          layer["config"].value("name", Json()) == name)
        return &layer["config"];
    return nullptr;
  }

  Expected<bool> add(Json &config, const Model &model, const Layer &layer,
                     const std::string &path) {
    if (auto found = config.find("vocabulary"); found != config.end() && !found->is_null())
      return false;
    std::string member = "assets/" + path + "/vocabulary.txt";
    std::optional<Bytes> bytes = HORNET_TRY(read(member));
    if (!bytes)
      return false;
    auto wrong = [&](std::string reason) {
      return inputError({model.file, layer.name, layer.className, member, std::move(reason),
                         "save the model again"});
    };
    std::string_view text(reinterpret_cast<const char *>(bytes->data()), bytes->size());
    if (!isUtf8(text))
      return wrong("the vocabulary is not UTF-8");
    Json vocabulary = Json::array();
    for (std::string &line : linesOf(text)) {
      if (layer.className != "IntegerLookup") {
        vocabulary.push_back(std::move(line));
        continue;
      }
      int64_t number = 0;
      auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
      if (error != std::errc() || end != line.data() + line.size())
        return wrong(fmt::format("line {} of the vocabulary is no integer of 64 bits",
                                 vocabulary.size() + 1));
      vocabulary.push_back(number);
    }
    HORNET_TRY(addIdfWeights(config, path, vocabulary.size()));
    config["vocabulary"] = std::move(vocabulary);
    return true;
  }

  /// Those of tf_idf, one a token; what comes behind is the padding to max_tokens.
  Expected<void> addIdfWeights(Json &config, const std::string &path, size_t tokens) {
    std::string dataset = path + "/vars/idf_weights";
    if (!weights || HORNET_TRY(weights->kind(dataset)) != Hdf5File::Kind::dataset)
      return {};
    Tensor values = HORNET_TRY(weights->read(dataset)).toFloat32();
    Json list = Json::array();
    for (float value : values.as<float>().first(std::min<size_t>(values.size(), tokens)))
      list.push_back(value);
    config["idf_weights"] = std::move(list);
    return {};
  }

  const ReadMember &read;
  const Hdf5File *weights;
};
} // namespace

Expected<bool> addVocabularies(Json &config, const Model &model, const ReadMember &read,
                               const Hdf5File *weights) {
  return Vocabularies(read, weights).addAll(config, model, "");
}

} // namespace hornet::keras
