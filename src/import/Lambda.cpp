// Keras's Lambda: functions of Keras by their names, and Python code, which is never executed.

#include "import/ActivationLayers.h"
#include "import/Importers.h"
#include "import/Operation.h"

#include "llvm/Support/Base64.h"
#include <fmt/format.h>

using namespace mlir;

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

namespace {
/// What a Lambda says of its function.
struct Function {
  std::string name, module;
  bool isCode = false;
};
} // namespace

static std::string textAt(const Json &json, const char *key) {
  auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Keras 3 has an object, of class __lambda__ for code; Keras 2 a name, or a list that begins with
/// the code, and the module beside it.
static Function functionOf(LayerImport &layer) {
  const Json *function = layer.find("function");
  if (!function)
    return {.isCode = true};
  if (function->is_string()) {
    const Json *module = layer.find("module");
    return {function->get<std::string>(),
            module && module->is_string() ? module->get<std::string>() : ""};
  }
  if (function->is_array())
    return {!function->empty() && function->front().is_string()
                ? functionIn(function->front().get<std::string>())
                : "",
            "", true};
  auto config = function->is_object() ? function->find("config") : function->end();
  if (config == function->end() || !config->is_string())
    return {.isCode = true};
  return {config->get<std::string>(), textAt(*function, "module")};
}

/// What is known of the shapes, for who writes the layer anew.
static std::string shapesOf(LayerImport &layer) {
  std::vector<std::string> inputs;
  for (Value input : layer.inputs())
    if (input)
      inputs.push_back(shapeOf(input));
  std::string text = inputs.empty() ? "" : fmt::format("; it takes {}", fmt::join(inputs, " and "));
  // Where it is no shape it is code, too.
  const Json *output = layer.find("output_shape");
  if (output && output->is_array() &&
      llvm::all_of(*output, [](const Json &size) { return size.is_number() || size.is_null(); }))
    text += fmt::format(" and gives {} a sample", output->dump());
  return text;
}

static void refuse(LayerImport &layer, const Function &function) {
  std::string name = function.name.substr(0, 80), reason;
  if (function.isCode || name.empty())
    reason = fmt::format("Lambda holds Python bytecode{}: it is not executed",
                         name.empty() ? "" : fmt::format(" (of '{}')", name));
  else
    reason = fmt::format("Lambda refers to a Python function by name ('{}')", name);
  layer.problem("function", reason + shapesOf(layer),
                "give an importer for this layer (docs/add-a-layer.md), or rebuild the model with "
                "Keras's own layers in place of the Lambda (Rescaling for a factor and an offset, "
                "Activation, Reshape, keras.ops)");
}

/// The operation that keras.ops calls `name`: its class has the same letters.
static const OperationEntry *operationCalled(StringRef name) {
  std::string letters = name.str();
  llvm::erase(letters, '_');
  for (std::string_view each : supportedOperations())
    if (StringRef(each).lower() == letters)
      return findOperation(each);
  return nullptr;
}

/// keras.ops.name(inputs, **arguments).
static bool importOperationCalled(LayerImport &layer, const std::string &name, Json arguments) {
  const OperationEntry *entry = operationCalled(name);
  if (!entry)
    return false;
  SmallVector<StringRef> parameters;
  StringRef(entry->parameters).split(parameters, ' ');
  const Json &args = layer.call().args;
  for (size_t i = 0; i < std::min(args.size(), parameters.size()); ++i)
    arguments[parameters[i].str()] = args[i];
  if (name == "gelu" && !arguments.contains("approximate"))
    arguments["approximate"] = true;
  callOperation(layer, *entry, arguments);
  return true;
}

/// keras.activations.name(inputs, **arguments).
static bool importActivationCalled(LayerImport &layer, const std::string &name,
                                   const Json &arguments) {
  if (!llvm::is_contained(activationNames(), name))
    return false;
  Activation activation{name};
  for (const auto &[key, value] : arguments.items())
    if (value.is_number() && key != "axis")
      activation.attributes[key] = value.get<double>();
    else if (value.is_boolean())
      activation.attributes[key] = value.get<bool>() ? 1 : 0;
    else if (key == "axis" && value.is_number_integer())
      activation.axes = {value.get<int64_t>()};
    else if (!value.is_null())
      layer.problem("arguments",
                    fmt::format("the argument {}={} is not supported", key, describe(value)));
  Value x = layer.input();
  if (layer.ready())
    layer.result(activate(layer, activation, x));
  return true;
}

/// https://keras.io/api/layers/core_layers/lambda/: what Keras registers itself is found by its
/// name, as Keras finds it (an activation without a module); all else is Python.
void importLambda(LayerImport &layer) {
  Function function = functionOf(layer);
  layer.find("output_shape"); // what the function gives, in words of who wrote it
  if (layer.find("mask"))
    layer.problem("mask", "a mask of a function's is not supported",
                  "give the mask by a Masking layer");
  const Json *given = layer.find("arguments");
  Json arguments = given && given->is_object() ? *given : Json::object();
  StringRef module = function.module;
  bool isActivation = module == "builtins" || module.contains("activations");
  bool isKeras = module.starts_with("keras") || module.starts_with("tf_keras") ||
                 module.starts_with("tensorflow");
  bool keras3 = layer.generation() == keras::Generation::keras3;
  bool done =
      !function.isCode &&
      ((isActivation && (keras3 || isKeras) &&
        importActivationCalled(layer, function.name, arguments)) ||
       (isKeras && keras3 && importOperationCalled(layer, function.name, arguments)) ||
       (isKeras && !keras3 &&
        importFunction(layer, (module.contains("backend") ? "keras.backend." : "") + function.name,
                       arguments)));
  if (!done)
    refuse(layer, function);
}

} // namespace hornet::import
