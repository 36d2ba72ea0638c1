// Text to lists of indices, or to vectors.

#include "host/Encode.h"
#include "host/Functions.h"
#include "host/Text.h"
#include "host/Vocabulary.h"

#include <memory>

namespace hornet::host {

namespace {
struct Vectorizer {
  TextRules rules;
  Vocabulary vocabulary;
  std::optional<Encoder> encoder;
  int64_t length = 0; ///< of the list of indices

  explicit Vectorizer(const Json &settings) : rules(settings), vocabulary(settings) {
    if (const Json &encode = settings.at("encode"); !encode.is_null())
      encoder.emplace(encode);
    else
      length = settings.at("length");
  }

  std::vector<int64_t> indicesOf(std::span<const std::string> texts) const {
    std::vector<std::string> tokens;
    for (const std::string &text : texts)
      for (std::string &token : rules.tokensOf(text))
        tokens.push_back(std::move(token));
    std::vector<int64_t> indices;
    for (const std::string &token : rules.ngramsOf(std::move(tokens)))
      indices.push_back(*vocabulary.indexOf(token)); // the layer always has an index for unknown
    return indices;
  }
};
} // namespace

/// A row of x is one text, or the tokens of one; indices are cut off at the length, or followed by
/// zeros.
Function makeVectorize(const Step &step, const Value &result) {
  auto vectorizer = std::make_shared<const Vectorizer>(step.settings);
  return [=, value = result](std::span<const Tensor> x) -> Expected<Tensor> {
    Shape shape = value.shape;
    shape.front() = x[0].shape().front();
    Tensor result(value.dtype, shape);
    auto texts = x[0].as<std::string>();
    int64_t rows = shape.front();
    size_t width = rows == 0 ? 0 : texts.size() / rows;
    size_t rowBytes = rows == 0 ? 0 : result.bytes() / rows;
    for (int64_t row = 0; row < rows; ++row) {
      std::vector<int64_t> indices = vectorizer->indicesOf(texts.subspan(row * width, width));
      std::byte *to = result.data() + row * rowBytes;
      if (vectorizer->encoder) {
        vectorizer->encoder->encode(indices, value.dtype, to);
        continue;
      }
      size_t kept = std::min<size_t>(indices.size(), vectorizer->length);
      std::copy_n(indices.begin(), kept, reinterpret_cast<int64_t *>(to));
    }
    return result;
  };
}

} // namespace hornet::host
