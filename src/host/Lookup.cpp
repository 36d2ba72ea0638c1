// Tokens to indices, and back.

#include "host/Functions.h"
#include "host/Vocabulary.h"

#include <fmt/format.h>
#include <memory>

namespace hornet::host {

template <class Token>
static Expected<Tensor> lookUp(const Step &step, const Vocabulary &vocabulary, const Tensor &x) {
  Tensor result(DType::i64, x.shape());
  auto tokens = x.as<Token>();
  auto to = result.as<int64_t>();
  for (size_t i = 0; i < to.size(); ++i) {
    std::optional<int64_t> index = vocabulary.indexOf(tokens[i]);
    if (!index)
      return refuse(
          step, fmt::format("'{}' is not in the vocabulary, and num_oov_indices is 0", tokens[i]),
          "give tokens of the vocabulary alone, or set num_oov_indices to 1");
    to[i] = *index;
  }
  return result;
}

Function makeLookUp(const Step &step, const Value &) {
  auto vocabulary = std::make_shared<const Vocabulary>(step.settings);
  Step where{step.layer, step.layerClass};
  return [=](std::span<const Tensor> x) {
    return x[0].dtype() == DType::string ? lookUp<std::string>(where, *vocabulary, x[0])
                                         : lookUp<int64_t>(where, *vocabulary, x[0].toInt64());
  };
}

/// The tokens by index, `oov` for all others.
template <class Token> static Function inverting(const Json &settings, const Value &result) {
  auto tokens = std::make_shared<const std::vector<Token>>(settings.at("tokens"));
  int64_t first = settings.at("first");
  Token oov = settings.at("oov");
  const Json &given = settings.at("mask");
  std::optional<Token> mask;
  if (!given.is_null())
    mask = given.get<Token>();
  return [=, dtype = result.dtype](std::span<const Tensor> x) -> Expected<Tensor> {
    Tensor indices = x[0].toInt64(), result(dtype, x[0].shape());
    auto to = result.template as<Token>();
    for (size_t i = 0; i < to.size(); ++i) {
      int64_t index = indices.as<int64_t>()[i];
      bool known = index >= first && index - first < static_cast<int64_t>(tokens->size());
      to[i] = index == 0 && mask ? *mask : known ? (*tokens)[index - first] : oov;
    }
    return result;
  };
}

Function makeInvert(const Step &step, const Value &result) {
  return result.dtype == DType::string ? inverting<std::string>(step.settings, result)
                                       : inverting<int64_t>(step.settings, result);
}

} // namespace hornet::host
