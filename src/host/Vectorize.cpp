// Text to lists of indices, or to vectors.

#include "host/Encode.h"
#include "host/Functions.h"
#include "host/Text.h"
#include "host/Vocabulary.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace hornet::host {

namespace {
using Indices = std::vector<int64_t>;

struct Vectorizer {
  TextRules rules;
  Vocabulary vocabulary;
  std::optional<Encoder> encoder;
  std::optional<size_t> length; ///< of the list of indices; none: of the longest
  bool exact = false;           ///< whether the longest must have it

  explicit Vectorizer(const Json &settings) : rules(settings), vocabulary(settings) {
    if (const Json &encode = settings.at("encode"); !encode.is_null())
      encoder.emplace(encode);
    else if (const Json &given = settings.at("length"); !given.is_null())
      length = given.get<size_t>();
    exact = settings.value("exact", false);
  }

  Indices indicesOf(std::span<const std::string> texts) const {
    std::vector<std::string> tokens;
    for (const std::string &text : texts)
      for (std::string &token : rules.tokensOf(text))
        tokens.push_back(std::move(token));
    Indices indices;
    for (const std::string &token : rules.ngramsOf(std::move(tokens)))
      indices.push_back(*vocabulary.indexOf(token)); // the layer always has an index for unknown
    return indices;
  }
};
} // namespace

/// One row each, cut off at `length`, or followed by zeros.
static Tensor padded(std::span<const Indices> rows, size_t length) {
  Tensor result(DType::i64, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(length)});
  auto to = result.as<int64_t>();
  for (size_t row = 0; row < rows.size(); ++row)
    std::copy_n(rows[row].begin(), std::min(rows[row].size(), length),
                to.subspan(row * length).begin());
  return result;
}

static Tensor encoded(std::span<const Indices> rows, const Encoder &encoder, DType dtype) {
  Tensor result(dtype, {static_cast<int64_t>(rows.size()), encoder.depth});
  for (size_t row = 0; row < rows.size(); ++row)
    encoder.encode(rows[row], dtype, result.data() + row * (result.bytes() / rows.size()));
  return result;
}

/// A row of x is one text, or the tokens of one.
Function makeVectorize(const Step &step, const Value &result) {
  auto vectorizer = std::make_shared<const Vectorizer>(step.settings);
  return [=, dtype = result.dtype](std::span<const Tensor> x) -> Expected<Tensor> {
    auto texts = x[0].as<std::string>();
    std::vector<Indices> rows(x[0].shape().front());
    size_t width = rows.empty() ? 0 : texts.size() / rows.size(), longest = 0;
    for (size_t row = 0; row < rows.size(); ++row) {
      rows[row] = vectorizer->indicesOf(texts.subspan(row * width, width));
      longest = std::max(longest, rows[row].size());
    }
    if (vectorizer->encoder)
      return encoded(rows, *vectorizer->encoder, dtype);
    size_t length = vectorizer->length.value_or(longest);
    if (vectorizer->exact && longest != length)
      return refuse(step,
                    fmt::format("the longest text has {} tokens, and the model was compiled for "
                                "texts of {}",
                                longest, length),
                    "compile it for these, as hornet run and predict do of themselves, or set "
                    "output_sequence_length");
    return padded(rows, length);
  };
}

} // namespace hornet::host
