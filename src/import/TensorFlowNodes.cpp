// Nodes of TensorFlow graphs, which the Keras of TensorFlow 1.14 to 2.3 writes into functional
// models as layers (TensorFlowOpLayer): a node definition, and the constants among its inputs.

#include "import/TensorFlow.h"

#include "llvm/Support/Base64.h"
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

/// Bits `begin_mask`, … of a StridedSlice say which of its indices mean something else.
void toKey(Json &arguments) {
  Json key = Json::array();
  auto mask = [&](const char *name) {
    Json bits = arguments.value(name, Json(0));
    arguments.erase(name);
    return bits.is_number_integer() ? bits.get<int64_t>() : 0;
  };
  int64_t begins = mask("begin_mask"), ends = mask("end_mask"), ellipsis = mask("ellipsis_mask"),
          added = mask("new_axis_mask"), removed = mask("shrink_axis_mask");
  Json begin = arguments.value("begin", Json()), end = arguments.value("end", Json()),
       strides = arguments.value("strides", Json());
  for (const char *name : {"begin", "end", "strides"})
    arguments.erase(name);
  if (!begin.is_array() || !end.is_array() || begin.size() != end.size() || begin.size() > 32)
    return;
  for (size_t i = 0; i < begin.size(); ++i) {
    int64_t bit = int64_t(1) << i;
    if (ellipsis & bit)
      key.push_back({{"class_name", "__ellipsis__"}, {"config", Json::object()}});
    else if (added & bit)
      key.push_back(nullptr);
    else if (removed & bit)
      key.push_back(begin[i]);
    else
      key.push_back(
          {{"class_name", "__slice__"},
           {"config",
            {{"start", begins & bit ? Json() : begin[i]},
             {"stop", ends & bit ? Json() : end[i]},
             {"step", strides.is_array() && i < strides.size() && strides[i] != 1 ? strides[i]
                                                                                  : Json()}}}});
  }
  arguments["key"] = std::move(key);
}

constexpr std::string_view unary = "x", binary = "x1 x2", reduction = "x axis keep_dims:keepdims",
                           pool = "inputs ksize:pool_size strides padding data_format";

/// Inputs in their order, then attributes; "T" and its like say types, which follow from the rest.
constexpr Translation table[] = {
    {"Abs", "Abs", unary},
    {"Acos", "Arccos", unary},
    {"Add", "Add", binary},
    {"AddN", "AddN", "*inputs"},
    {"AddV2", "Add", binary},
    {"All", "All", reduction},
    {"Any", "Any", reduction},
    {"ArgMax", "Argmax", "x axis"},
    {"ArgMin", "Argmin", "x axis"},
    {"Asin", "Arcsin", unary},
    {"Atan", "Arctan", unary},
    {"Atan2", "Arctan2", binary},
    {"AvgPool", "AveragePool", pool},
    {"BatchMatMul", "Matmul", "x1 x2 adj_x:transpose_a adj_y:transpose_b"},
    {"BatchMatMulV2", "Matmul", "x1 x2 adj_x:transpose_a adj_y:transpose_b"},
    {"BiasAdd", "Add", "x1 x2"},
    {"Cast", "Cast", "x DstT:dtype Truncate"},
    {"Ceil", "Ceil", unary},
    {"ConcatV2", "Concatenate", "*xs"},
    {"Conv2D", "Conv",
     "inputs kernel strides padding data_format dilations:dilation_rate use_cudnn_on_gpu:- "
     "explicit_paddings:-"},
    {"Cos", "Cos", unary},
    {"Cumprod", "Cumprod", "x axis exclusive reverse"},
    {"Cumsum", "Cumsum", "x axis exclusive reverse"},
    {"DepthToSpace", "DepthToSpace", "x block_size data_format"},
    {"DepthwiseConv2dNative", "DepthwiseConv",
     "inputs kernel strides padding data_format dilations:dilation_rate explicit_paddings:-"},
    {"DivNoNan", "DivideNoNan", binary},
    {"Elu", "Elu", unary},
    {"Equal", "Equal", "x1 x2 incompatible_shape_error:-"},
    {"Erf", "Erf", unary},
    {"Exp", "Exp", unary},
    {"ExpandDims", "ExpandDims", "x axis"},
    {"Expm1", "Expm1", unary},
    {"Floor", "Floor", unary},
    {"FloorDiv", "FloorDivide", binary},
    {"FloorMod", "Mod", binary},
    {"GatherV2", "Take", "x indices axis batch_dims"},
    {"Greater", "Greater", binary},
    {"GreaterEqual", "GreaterEqual", binary},
    {"Identity", "Copy", unary},
    {"IsFinite", "Isfinite", unary},
    {"IsInf", "Isinf", unary},
    {"IsNan", "Isnan", unary},
    {"LeakyRelu", "LeakyRelu", "x alpha:negative_slope"},
    {"Less", "Less", binary},
    {"LessEqual", "LessEqual", binary},
    {"Log", "Log", unary},
    {"Log1p", "Log1p", unary},
    {"LogSoftmax", "LogSoftmax", unary},
    {"LogicalAnd", "LogicalAnd", binary},
    {"LogicalNot", "LogicalNot", unary},
    {"LogicalOr", "LogicalOr", binary},
    {"MatMul", "Matmul", "x1 x2 transpose_a transpose_b"},
    {"Max", "Max", reduction},
    {"MaxPool", "MaxPool",
     "inputs ksize:pool_size strides padding data_format explicit_paddings:-"},
    {"Maximum", "Maximum", binary},
    {"Mean", "Mean", reduction},
    {"Min", "Min", reduction},
    {"Minimum", "Minimum", binary},
    {"MirrorPad", "Pad", "x pad_width mode"},
    {"Mul", "Multiply", binary},
    {"Neg", "Negative", unary},
    {"NotEqual", "NotEqual", "x1 x2 incompatible_shape_error:-"},
    {"OneHot", "OneHot", "x num_classes on_value off_value axis"},
    {"OnesLike", "OnesLike", unary},
    {"Pack", "Stack", "*x axis"},
    {"Pad", "Pad", "x pad_width"},
    {"PadV2", "Pad", "x pad_width constant_values"},
    {"Pow", "Power", binary},
    {"Prod", "Prod", reduction},
    {"RealDiv", "Divide", binary},
    {"Reciprocal", "Reciprocal", unary},
    {"Relu", "Relu", unary},
    {"Relu6", "Relu6", unary},
    {"Reshape", "Reshape", "x newshape"},
    {"ReverseV2", "Flip", "x axis"},
    {"Rint", "Round", unary},
    {"Round", "Round", unary},
    {"Rsqrt", "Rsqrt", unary},
    {"Select", "Where", "condition x1 x2"},
    {"SelectV2", "Where", "condition x1 x2"},
    {"Selu", "Selu", unary},
    {"Shape", "Shape", unary},
    {"Sigmoid", "Sigmoid", unary},
    {"Sign", "Sign", unary},
    {"Sin", "Sin", unary},
    {"Slice", "Slice", "inputs start_indices shape"},
    {"Softmax", "Softmax", unary},
    {"Softplus", "Softplus", unary},
    {"Softsign", "Softsign", unary},
    {"SpaceToDepth", "SpaceToDepth", "x block_size data_format"},
    {"Split", "Split", "axis x num_split:indices_or_sections"},
    {"Sqrt", "Sqrt", unary},
    {"Square", "Square", unary},
    {"SquaredDifference", "SquaredDifference", binary},
    {"Squeeze", "Squeeze", "x squeeze_dims:axis"},
    {"StopGradient", "StopGradient", "variable"},
    {"StridedSlice", "GetItem",
     "x begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask", "",
     toKey},
    {"Sub", "Subtract", binary},
    {"Sum", "Sum", reduction},
    {"Tan", "Tan", unary},
    {"Tanh", "Tanh", unary},
    {"Tile", "Tile", "x repeats"},
    {"TopKV2", "TopK", "x k sorted"},
    {"Transpose", "Transpose", "x axes"},
    {"Unpack", "Unstack", "x num axis"},
    {"ZerosLike", "ZerosLike", unary},
};

/// Attributes that say types, sizes or where a node runs.
bool saysNoNumber(StringRef attribute) {
  return attribute.starts_with("_") || attribute == "N" ||
         (attribute.starts_with("T") && attribute != "Truncate") ||
         llvm::is_contained({"SrcT", "Index", "out_type", "output_type", "out_idx"}, attribute);
}

/// "bool" of "DT_BOOL".
std::string typeName(StringRef type) {
  type.consume_front("DT_");
  if (type == "FLOAT")
    return "float32";
  if (type == "DOUBLE")
    return "float64";
  return type == "HALF" ? "float16" : type.lower();
}

/// An attribute as protobuf's JSON has it: {"b": true}, {"i": "3"}, {"list": {"i": […]}}; numbers
/// of 64 bits are strings, and strings are in base64. Others stay as they are, so that they are
/// refused.
Json attributeOf(const Json &value) {
  if (!value.is_object() || value.empty())
    return value;
  auto integer = [](const Json &json) -> Json {
    int64_t number = 0;
    if (json.is_string() &&
        !StringRef(json.get_ref<const std::string &>()).getAsInteger(10, number))
      return number;
    return json.is_number() ? json : Json();
  };
  const std::string key = value.begin().key();
  const Json &content = value.begin().value();
  if (key == "i")
    return integer(content);
  if (key == "b" || key == "f")
    return content;
  if (key == "type" && content.is_string())
    return typeName(content.get_ref<const std::string &>());
  if (key == "s" && content.is_string()) {
    std::vector<char> text;
    if (llvm::errorToBool(llvm::decodeBase64(content.get_ref<const std::string &>(), text)))
      return value;
    return std::string(text.begin(), text.end());
  }
  if (key == "list" && content.is_object() && content.contains("i") && content["i"].is_array()) {
    Json list = Json::array();
    for (const Json &entry : content["i"])
      list.push_back(integer(entry));
    return list;
  }
  return value;
}

/// The inputs of the node: tensors of the call, with constants in their places.
std::optional<Json> inputsOf(LayerImport &layer, const Json &node) {
  Json given = layer.call().args, args = Json::array();
  if (given.size() == 1 && given[0].is_array())
    given = Json(given[0]);
  const Json *constants = layer.find("constants");
  Json inputs = node.value("input", Json());
  size_t count = inputs.is_array() ? inputs.size() : given.size(), next = 0;
  for (size_t i = 0; i < count; ++i) {
    std::string key = fmt::format("{}", i);
    if (constants && constants->is_object() && constants->contains(key))
      args.push_back((*constants)[key]);
    else if (next < given.size())
      args.push_back(given[next++]);
  }
  if (args.size() == count && next == given.size())
    return args;
  layer.problem("node_def", fmt::format("the node has {} inputs, its call and its constants give "
                                        "{}",
                                        count, args.size()));
  return std::nullopt;
}

/// node_def: an object, or its text. Nothing, and reported, when it is none.
std::optional<Json> nodeOf(LayerImport &layer) {
  const Json *given = layer.find("node_def");
  Json node = given ? *given : Json();
  if (node.is_string())
    node = Json::parse(node.get<std::string>(), nullptr, /*allow_exceptions=*/false);
  if (node.is_object() && node.contains("op") && node["op"].is_string())
    return node;
  layer.problem("node_def", "the definition of a node of TensorFlow is missing, or is no JSON",
                "save the model again with TensorFlow 2.4 or later");
  return std::nullopt;
}

/// What goes into one list: the inputs that a parameter "*xs" stands for.
void collectList(StringRef parameters, std::string_view operation, Json &args) {
  if (!parameters.starts_with("*"))
    return;
  Json list = Json::array(), rest = Json::array();
  // The last input of ConcatV2 is its axis.
  size_t count = operation == "Concatenate" ? args.size() - 1 : args.size();
  for (size_t i = 0; i < args.size(); ++i)
    (i < count ? list : rest).push_back(args[i]);
  args = Json::array({std::move(list)});
  for (Json &each : rest)
    args.push_back(std::move(each));
}

} // namespace

void importNodeLayer(LayerImport &layer) {
  std::optional<Json> node = nodeOf(layer);
  if (!node)
    return;
  auto name = (*node)["op"].get<std::string>();
  auto row = llvm::find_if(table, [&](const Translation &each) { return each.name == name; });
  const OperationEntry *entry = row == std::end(table) ? nullptr : findTranslated(row->operation);
  if (!entry)
    return layer.problem(
        "node_def",
        fmt::format("the TensorFlow operation '{}' is not supported", name.substr(0, 80)),
        "rebuild the model with Keras's layers in place of the operation");
  std::optional<Json> args = inputsOf(layer, *node);
  if (!args || args->empty())
    return;
  Json named = Json::object(), attributes = node->value("attr", Json::object());
  for (const auto &[key, value] : attributes.items())
    if (Json attribute = attributeOf(value); !saysNoNumber(key) && attribute != Json::array())
      named[key] = std::move(attribute);
  Translation translation = *row;
  collectList(row->parameters, row->operation, *args);
  static constexpr std::string_view lists[] = {"inputs", "xs axis", "x axis"};
  if (StringRef(row->parameters).starts_with("*"))
    translation.parameters = row->operation == "AddN"          ? lists[0]
                             : row->operation == "Concatenate" ? lists[1]
                                                               : lists[2];
  callOperation(layer, *entry, translated(translation, *args, named));
}

} // namespace hornet::import
