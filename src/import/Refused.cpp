// Layers that a model file cannot bring with it, or not completely.

#include "import/Importers.h"

#include "llvm/Support/Base64.h"
#include <fmt/format.h>

namespace hornet::import {

/// The name of a Python function in its marshalled code object, which follows the name of its
/// source file: strings are 'z' or 'Z' (plus 0x80 for a back reference), a length and ASCII text.
/// Empty when there is none.
static std::string functionIn(const std::string &base64) {
  std::string encoded;
  for (char c : base64)
    if (!llvm::isSpace(c))
      encoded.push_back(c);
  std::vector<char> code;
  if (llvm::errorToBool(llvm::decodeBase64(encoded, code)))
    return "";
  bool afterFile = false;
  for (size_t i = 0; i + 1 < code.size(); ++i) {
    char kind = static_cast<char>(code[i] & 0x7f);
    size_t length = static_cast<unsigned char>(code[i + 1]);
    if ((kind != 'z' && kind != 'Z') || length == 0 || i + 2 + length > code.size())
      continue;
    llvm::StringRef text(code.data() + i + 2, length);
    if (!llvm::all_of(text, llvm::isPrint))
      continue;
    if (afterFile)
      return text.str();
    afterFile = text.ends_with(".py");
    i += 1 + length;
  }
  return "";
}

void importLambda(LayerImport &layer) {
  constexpr const char *mend = "rebuild the model with Keras's own layers in place of the Lambda";
  const Json *function = layer.find("function");
  const Json *code =
      function && function->is_array() && !function->empty() ? &function->front() : nullptr;
  std::string name;
  if (code && code->is_string())
    name = functionIn(code->get<std::string>());
  else if (function && function->is_string())
    name = function->get<std::string>();
  else if (function && function->is_object() && function->contains("config") &&
           (*function)["config"].is_string())
    name = (*function)["config"].get<std::string>();
  name = name.substr(0, 80);
  if (code || !function || name.empty())
    layer.problem("function",
                  fmt::format("Lambda holds Python bytecode{}: it is not executed",
                              name.empty() ? "" : fmt::format(" (of '{}')", name)),
                  mend);
  else
    layer.problem("function",
                  fmt::format("Lambda refers to a Python function by name ('{}')", name), mend);
}

void importFeatureSpace(LayerImport &layer) {
  layer.problem("class_name",
                "a FeatureSpace keeps its layers in a form of its own, which is not read",
                "save keras.Model(space.get_inputs(), space.get_encoded_features()) instead");
}

} // namespace hornet::import
