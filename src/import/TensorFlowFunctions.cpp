// Functions of TensorFlow and of Keras 2's backend, which Keras 2 writes into functional models by
// their names (tf.keras.layers: TFOpLambda, SlicingOpLambda): each is one of Keras 3's operations
// with other names for its arguments.

#include "import/Operation.h"
#include "import/TensorFlow.h"

#include "base/Nearest.h"

#include <cmath>
#include <fmt/format.h>

using namespace mlir;

namespace hornet::import {
namespace {

//===----------------------------------------------------------------------===//
// Arguments of another meaning
//===----------------------------------------------------------------------===//

/// Sizes of parts to the places between them.
void toPlaces(Json &arguments) {
  Json &sizes = arguments["indices_or_sections"];
  if (!sizes.is_array() || sizes.empty())
    return;
  Json places = Json::array();
  int64_t end = 0;
  for (const Json &size : sizes) {
    if (!size.is_number_integer() || size < 0 || size > largestInteger)
      return;
    places.push_back(end += size.get<int64_t>());
  }
  places.erase(places.size() - 1);
  sizes = std::move(places);
}

/// l2_normalize has the epsilon under the root.
void rootOfEpsilon(Json &arguments) {
  Json epsilon = arguments.value("epsilon", Json());
  arguments["epsilon"] = std::sqrt(epsilon.is_number() ? epsilon.get<double>() : 1e-12);
}

/// Without an axis, the first after the batch dimensions.
void firstAxis(Json &arguments) {
  if (arguments.value("axis", Json()).is_null())
    arguments["axis"] = arguments.value("batch_dims", Json(0));
  if (arguments.value("batch_dims", Json()) == 0)
    arguments.erase("batch_dims");
}

/// Keras's slices, from dicts of start, stop and step.
void toSlices(Json &arguments) {
  Json &key = arguments["key"];
  if (!key.is_array())
    return;
  for (Json &entry : key)
    if (entry.is_object() && entry.contains("start"))
      entry = {{"class_name", "__slice__"}, {"config", entry}};
}

void stringToEuclidean(Json &arguments) {
  if (arguments.value("ord", Json()) == "euclidean")
    arguments.erase("ord");
}

/// The default of the function, where TensorFlow's is not Keras's.
template <bool exact> void geluDefault(Json &arguments) {
  if (!arguments.contains("approximate"))
    arguments["approximate"] = !exact;
}

//===----------------------------------------------------------------------===//
// What Keras 3 has no operation for
//===----------------------------------------------------------------------===//

void importAddN(Operation &op) {
  SmallVector<Value> values = op.values("inputs");
  if (!op.ready())
    return;
  Term sum = op.number(values.front());
  for (Value value : ArrayRef(values).drop_front())
    if (Term next = op.number(value); op.broadcasts({sum, next}))
      sum = sum + next;
    else
      return;
  op.result(sum);
}

void importSquaredDifference(Operation &op) {
  Term x = op.number("x1"), y = op.number("x2");
  if (op.ready() && op.broadcasts({x, y}))
    op.result(graph::square(x - y));
}

void importShape(Operation &op) {
  (void)op.find("dtype");
  Term x = op.number("x");
  if (!op.ready())
    return;
  SmallVector<Term> extents;
  for (auto [d, extent] : llvm::enumerate(x.type().getShape()))
    extents.push_back(reshape(
        ShapedType::isDynamic(extent)
            ? Term{&op.builder, graph::ExtentOp::create(
                                    op.builder, RankedTensorType::get({}, op.builder.getF32Type()),
                                    x.value, static_cast<int64_t>(d))}
            : x.scalar(static_cast<double>(extent)),
        {1}));
  op.result(joined(extents, 0));
}

/// A matrix for each vector of the last dimension.
void importDiag(Operation &op) {
  Term x = op.number("x");
  if (!op.ready())
    return;
  int64_t rank = x.type().getRank(), n = x.type().getShape().back();
  if (rank < 2)
    return op.problem("inbound_nodes", "makes one matrix of all samples of a batch");
  Term same = equals(reshape(op.count(n), {n, 1}), reshape(op.count(n), {1, n}));
  op.result(where(same, expanded(x, rank), 0));
}

constexpr OperationEntry own[] = {
    {"AddN", importAddN},
    {"MatrixDiag", importDiag},
    {"Shape", importShape},
    {"SquaredDifference", importSquaredDifference},
};

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

constexpr std::string_view unary = "x", binary = "x:x1 y:x2",
                           reduction = "input_tensor:x axis keepdims", input = "input:x",
                           features = "features:x",
                           pool2d = "input:inputs ksize:pool_size strides "
                                    "padding data_format",
                           images = "images";

constexpr Translation table[] = {
    {"__operators__.add", "Add", binary},
    {"__operators__.eq", "Equal", "self:x1 other:x2"},
    {"__operators__.getitem", "GetItem", "tensor:x slice_spec:key", "", toSlices},
    {"__operators__.ne", "NotEqual", "self:x1 other:x2"},
    {"abs", "Abs", unary},
    {"add", "Add", binary},
    {"argmax", "Argmax", "input:x axis output_type:- dimension:axis"},
    {"argmin", "Argmin", "input:x axis output_type:- dimension:axis"},
    {"argsort", "Argsort", "values:x axis direction stable:-"},
    {"broadcast_to", "BroadcastTo", "input:x shape"},
    {"cast", "Cast", "x dtype"},
    {"clip_by_value", "Clip", "t:x clip_value_min:x_min clip_value_max:x_max"},
    {"concat", "Concatenate", "values:xs axis"},
    {"convert_to_tensor", "ConvertToTensor", "value:x dtype"},
    {"cos", "Cos", unary},
    {"cumsum", "Cumsum", "x axis exclusive reverse"},
    {"divide", "Divide", binary},
    {"equal", "Equal", binary},
    {"exp", "Exp", unary},
    {"expand_dims", "ExpandDims", "input:x axis dim:axis"},
    {"floor", "Floor", unary},
    {"floor_div", "FloorDivide", binary},
    {"gather", "Take", "params:x indices validate_indices:- axis batch_dims", "", firstAxis},
    {"greater", "Greater", binary},
    {"greater_equal", "GreaterEqual", binary},
    {"identity", "Copy", input},
    {"less", "Less", binary},
    {"less_equal", "LessEqual", binary},
    {"logical_and", "LogicalAnd", binary},
    {"logical_not", "LogicalNot", unary},
    {"logical_or", "LogicalOr", binary},
    {"matmul", "Matmul",
     "a:x1 b:x2 transpose_a transpose_b adjoint_a:transpose_a adjoint_b:transpose_b a_is_sparse "
     "b_is_sparse output_type:-"},
    {"maximum", "Maximum", binary},
    {"minimum", "Minimum", binary},
    {"multiply", "Multiply", binary},
    {"negative", "Negative", unary},
    {"norm", "Norm", "tensor:x ord axis keepdims", "", stringToEuclidean},
    {"not_equal", "NotEqual", binary},
    {"one_hot", "OneHot", "indices:x depth:num_classes on_value off_value axis dtype"},
    {"ones_like", "OnesLike", "input:x dtype optimize:- tensor:x"},
    {"pad", "Pad", "tensor:x paddings:pad_width mode constant_values"},
    {"pow", "Power", binary},
    {"range", "Arange", "start stop step"},
    {"rank", "Ndim", input},
    {"realdiv", "Divide", binary},
    {"reduce_all", "All", reduction},
    {"reduce_any", "Any", reduction},
    {"reduce_logsumexp", "Logsumexp", reduction},
    {"reduce_max", "Max", reduction},
    {"reduce_mean", "Mean", reduction},
    {"reduce_min", "Min", reduction},
    {"reduce_prod", "Prod", reduction},
    {"reduce_sum", "Sum", reduction},
    {"repeat", "Repeat", "input:x repeats axis"},
    {"reshape", "Reshape", "tensor:x shape:newshape"},
    {"reverse", "Flip", "tensor:x axis"},
    {"roll", "Roll", "input:x shift axis"},
    {"round", "Round", unary},
    {"searchsorted", "SearchSorted", "sorted_sequence values side out_type:-"},
    {"shape", "Shape", "input:x out_type:dtype"},
    {"sigmoid", "Sigmoid", unary},
    {"sign", "Sign", unary},
    {"sin", "Sin", unary},
    {"size", "Size", "input:x out_type:-"},
    {"slice", "Slice", "input_:inputs begin:start_indices size:shape input:inputs"},
    {"sort", "Sort", "values:x axis direction"},
    {"split", "Split", "value:x num_or_size_splits:indices_or_sections axis num", "axis=0",
     toPlaces},
    {"sqrt", "Sqrt", unary},
    {"square", "Square", unary},
    {"squeeze", "Squeeze", "input:x axis squeeze_dims:axis"},
    {"stack", "Stack", "values:x axis"},
    {"stop_gradient", "StopGradient", "input:variable"},
    {"subtract", "Subtract", binary},
    {"tan", "Tan", unary},
    {"tanh", "Tanh", unary},
    {"tensordot", "Tensordot", "a:x1 b:x2 axes"},
    {"tile", "Tile", "input:x multiples:repeats"},
    {"transpose", "Transpose", "a:x perm:axes conjugate"},
    {"truediv", "TrueDivide", binary},
    {"unstack", "Unstack", "value:x num axis"},
    {"where", "Where", "condition x:x1 y:x2"},
    {"zeros_like", "ZerosLike", "input:x dtype optimize:- tensor:x"},

    {"math.acos", "Arccos", unary},
    {"math.acosh", "Arccosh", unary},
    {"math.add_n", "AddN", "inputs"},
    {"math.asin", "Arcsin", unary},
    {"math.asinh", "Arcsinh", unary},
    {"math.atan", "Arctan", unary},
    {"math.atan2", "Arctan2", "y:x1 x:x2"},
    {"math.atanh", "Arctanh", unary},
    {"math.bessel_i0", "I0", unary},
    {"math.ceil", "Ceil", unary},
    {"math.cosh", "Cosh", unary},
    {"math.count_nonzero", "CountNonzero", "input:x axis keepdims dtype:-"},
    {"math.cumprod", "Cumprod", "x axis exclusive reverse"},
    {"math.divide_no_nan", "DivideNoNan", binary},
    {"math.erf", "Erf", unary},
    {"math.erfc", "Erfc", unary},
    {"math.erfinv", "Erfinv", unary},
    {"math.expm1", "Expm1", unary},
    {"math.floordiv", "FloorDivide", binary},
    {"math.floormod", "Mod", binary},
    {"math.in_top_k", "InTopK", "targets predictions k"},
    {"math.is_finite", "Isfinite", unary},
    {"math.is_inf", "Isinf", unary},
    {"math.is_nan", "Isnan", unary},
    {"math.l2_normalize", "Normalize", "x axis epsilon dim:axis", "order=2", rootOfEpsilon},
    {"math.log", "Log", unary},
    {"math.log1p", "Log1p", unary},
    {"math.log_sigmoid", "LogSigmoid", unary},
    {"math.logical_xor", "LogicalXor", binary},
    {"math.mod", "Mod", binary},
    {"math.real", "Real", input},
    {"math.reciprocal", "Reciprocal", unary},
    {"math.reduce_euclidean_norm", "Norm", reduction},
    {"math.reduce_std", "Std", reduction},
    {"math.reduce_variance", "Var", reduction},
    {"math.rint", "Round", unary},
    {"math.rsqrt", "Rsqrt", unary},
    {"math.sinh", "Sinh", unary},
    {"math.softplus", "Softplus", features},
    {"math.squared_difference", "SquaredDifference", binary},
    {"math.top_k", "TopK", "input:x k sorted index_type:-"},
    {"math.unsorted_segment_max", "SegmentMax", "data segment_ids num_segments"},
    {"math.unsorted_segment_sum", "SegmentSum", "data segment_ids num_segments"},

    {"linalg.cholesky", "Cholesky", input},
    {"linalg.cross", "Cross", "a:x1 b:x2"},
    {"linalg.det", "Det", input},
    {"linalg.diag", "MatrixDiag", "diagonal:x"},
    {"linalg.diag_part", "Diagonal", input, "axis1=-2 axis2=-1"},
    {"linalg.inv", "Inv", "input:x adjoint"},
    {"linalg.matrix_transpose", "Swapaxes", "a:x conjugate", "axis1=-1 axis2=-2"},
    {"linalg.solve", "Solve", "matrix:a rhs:b adjoint"},
    {"linalg.trace", "Trace", unary, "axis1=-2 axis2=-1"},
    {"linalg.triangular_solve", "SolveTriangular", "matrix:a rhs:b lower adjoint", "lower=true"},

    {"nn.avg_pool1d", "AveragePool", pool2d},
    {"nn.avg_pool2d", "AveragePool", pool2d},
    {"nn.avg_pool3d", "AveragePool", pool2d},
    {"nn.batch_normalization", "BatchNorm", "x mean variance offset scale variance_epsilon:epsilon",
     "axis=-1"},
    {"nn.bias_add", "Add", "value:x1 bias:x2"},
    {"nn.conv1d", "Conv",
     "input:inputs filters:kernel stride:strides padding data_format dilations:dilation_rate"},
    {"nn.conv2d", "Conv",
     "input:inputs filters:kernel strides padding data_format dilations:dilation_rate "
     "filter:kernel use_cudnn_on_gpu:-"},
    {"nn.conv3d", "Conv",
     "input:inputs filters:kernel strides padding data_format dilations:dilation_rate"},
    {"nn.depth_to_space", "DepthToSpace", "input:x block_size data_format"},
    {"nn.depthwise_conv2d", "DepthwiseConv",
     "input:inputs filter:kernel strides padding data_format dilations:dilation_rate "
     "rate:dilation_rate"},
    {"nn.elu", "Elu", features},
    {"nn.gelu", "Gelu", "features:x approximate", "", geluDefault<true>},
    {"nn.leaky_relu", "LeakyRelu", "features:x alpha:negative_slope"},
    {"nn.log_softmax", "LogSoftmax", "logits:x axis"},
    {"nn.max_pool1d", "MaxPool", pool2d},
    {"nn.max_pool2d", "MaxPool", pool2d},
    {"nn.max_pool3d", "MaxPool", pool2d},
    {"nn.moments", "Moments", "x axes shift keepdims keep_dims:keepdims"},
    {"nn.relu", "Relu", features},
    {"nn.relu6", "Relu6", features},
    {"nn.selu", "Selu", features},
    {"nn.separable_conv2d", "SeparableConv",
     "input:inputs depthwise_filter:depthwise_kernel pointwise_filter:pointwise_kernel strides "
     "padding data_format dilations:dilation_rate"},
    {"nn.sigmoid_cross_entropy_with_logits", "BinaryCrossentropy", "labels:target logits:output",
     "from_logits=true"},
    {"nn.silu", "Silu", "features:x beta"},
    {"nn.softmax", "Softmax", "logits:x axis"},
    {"nn.softmax_cross_entropy_with_logits", "CategoricalCrossentropy",
     "labels:target logits:output axis", "from_logits=true"},
    {"nn.softsign", "Softsign", features},
    {"nn.space_to_depth", "SpaceToDepth", "input:x block_size data_format"},
    {"nn.sparse_softmax_cross_entropy_with_logits", "SparseCategoricalCrossentropy",
     "labels:target logits:output", "from_logits=true"},

    {"image.flip_left_right", "Flip", "image:x", "axis=2"},
    {"image.flip_up_down", "Flip", "image:x", "axis=1"},
    {"image.hsv_to_rgb", "HSVToRGB", images},
    {"image.resize", "Resize", "images size method:interpolation preserve_aspect_ratio antialias"},
    {"image.rgb_to_grayscale", "RGBToGrayscale", images},
    {"image.rgb_to_hsv", "RGBToHSV", images},
    {"image.sobel_edges", "SobelEdges", "image:images"},
    {"image.ssim", "SSIM",
     "img1:image1 img2:image2 max_val filter_size filter_sigma k1 k2 return_index_map"},

    {"keras.activations.elu", "Elu", "x alpha"},
    {"keras.activations.gelu", "Gelu", "x approximate", "", geluDefault<true>},
    {"keras.activations.relu", "Relu", "x alpha:negative_slope max_value threshold"},
    {"keras.activations.softmax", "Softmax", "x axis"},
    {"keras.backend.all", "All", "x axis keepdims"},
    {"keras.backend.any", "Any", "x axis keepdims"},
    {"keras.backend.argmax", "Argmax", "x axis", "axis=-1"},
    {"keras.backend.argmin", "Argmin", "x axis", "axis=-1"},
    {"keras.backend.cast", "Cast", "x dtype"},
    {"keras.backend.clip", "Clip", "x min_value:x_min max_value:x_max"},
    {"keras.backend.concatenate", "Concatenate", "tensors:xs axis", "axis=-1"},
    {"keras.backend.elu", "Elu", "x alpha"},
    {"keras.backend.expand_dims", "ExpandDims", "x axis", "axis=-1"},
    {"keras.backend.gather", "Take", "reference:x indices", "axis=0"},
    {"keras.backend.l2_normalize", "Normalize", "x axis", "order=2", rootOfEpsilon},
    {"keras.backend.logsumexp", "Logsumexp", "x axis keepdims"},
    {"keras.backend.max", "Max", "x axis keepdims"},
    {"keras.backend.mean", "Mean", "x axis keepdims"},
    {"keras.backend.min", "Min", "x axis keepdims"},
    {"keras.backend.one_hot", "OneHot", "indices:x num_classes"},
    {"keras.backend.permute_dimensions", "Transpose", "x pattern:axes"},
    {"keras.backend.pow", "Power", "x:x1 a:x2"},
    {"keras.backend.prod", "Prod", "x axis keepdims"},
    {"keras.backend.relu", "Relu", "x alpha:negative_slope max_value threshold"},
    {"keras.backend.repeat_elements", "Repeat", "x rep:repeats axis"},
    {"keras.backend.reshape", "Reshape", "x shape:newshape"},
    {"keras.backend.reverse", "Flip", "x axes:axis"},
    {"keras.backend.softmax", "Softmax", "x axis"},
    {"keras.backend.squeeze", "Squeeze", "x axis"},
    {"keras.backend.stack", "Stack", "x axis"},
    {"keras.backend.std", "Std", "x axis keepdims"},
    {"keras.backend.sum", "Sum", "x axis keepdims"},
    {"keras.backend.switch", "Where", "condition then_expression:x1 else_expression:x2"},
    {"keras.backend.tile", "Tile", "x n:repeats"},
    {"keras.backend.var", "Var", "x axis keepdims"},
};

/// Other places of the same functions: "math.add" and "add", "nn.tanh" and "tanh".
const Translation *findTranslation(StringRef name) {
  auto exactly = [](StringRef wanted) -> const Translation * {
    for (const Translation &row : table)
      if (StringRef(row.name) == wanted && !row.operation.empty())
        return &row;
    return nullptr;
  };
  while (name.consume_front("tf.") || name.consume_front("compat.v1."))
    continue;
  if (const Translation *found = exactly(name))
    return found;
  for (StringRef prefix : {"math.", "linalg.", "nn.", "keras.backend.", "keras.activations."})
    if (StringRef rest = name; rest.consume_front(prefix)) {
      if (const Translation *found = exactly(rest))
        return found;
      for (StringRef other : {"math.", "linalg.", "nn."})
        if (const Translation *found = exactly((other + rest).str()))
          return found;
    }
  return exactly(("math." + name).str());
}

} // namespace

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

const OperationEntry *findTranslated(std::string_view name) {
  auto found = llvm::find_if(own, [&](const OperationEntry &each) { return each.name == name; });
  return found == std::end(own) ? findOperation(name) : found;
}

/// What TensorFlow says of windows in all dimensions, batch and channels among them.
static void adaptWindows(Json &arguments) {
  bool channelsFirst = false;
  if (auto format = arguments.find("data_format");
      format != arguments.end() && format->is_string()) {
    auto word = format->get<std::string>();
    channelsFirst = word.starts_with("NC") && word.size() > 2;
    if (word.starts_with("N"))
      *format = channelsFirst ? "channels_first" : "channels_last";
  }
  for (const char *key : {"strides", "pool_size", "dilation_rate"})
    if (auto found = arguments.find(key);
        found != arguments.end() && found->is_array() && found->size() > 3) {
      Json inner = Json::array();
      for (size_t i = channelsFirst ? 2 : 1; i + (channelsFirst ? 0 : 1) < found->size(); ++i)
        inner.push_back((*found)[i]);
      bool outer = (*found)[0] == 1 && (channelsFirst ? (*found)[1] : found->back()) == 1;
      if (outer)
        *found = std::move(inner);
    }
}

Json translated(const Translation &row, const Json &args, const Json &named) {
  Json arguments = Json::object();
  SmallVector<StringRef> settings, parameters;
  StringRef(row.fixed).split(settings, ' ', -1, false);
  for (StringRef setting : settings) {
    auto [key, value] = setting.split('=');
    arguments[key.str()] = Json::parse(value.str());
  }
  StringRef(row.parameters).split(parameters, ' ');
  auto keyOf = [](StringRef parameter) {
    auto [theirs, ours] = parameter.split(':');
    return (ours.empty() ? theirs : ours).str();
  };
  for (size_t i = 0; i < args.size(); ++i)
    arguments[i < parameters.size() ? keyOf(parameters[i]) : fmt::format("argument {}", i)] =
        args[i];
  for (const auto &[name, value] : named.items()) {
    auto parameter = llvm::find_if(
        parameters, [&](StringRef each) { return each.split(':').first == StringRef(name); });
    if (!value.is_null() && name != "name")
      arguments[parameter == parameters.end() ? name : keyOf(*parameter)] = value;
  }
  arguments.erase("-");
  adaptWindows(arguments);
  if (row.adapt)
    row.adapt(arguments);
  return arguments;
}

bool importFunction(LayerImport &layer, std::string_view name, const Json &more) {
  const Translation *row = findTranslation(name);
  const OperationEntry *entry = row ? findTranslated(row->operation) : nullptr;
  if (!entry)
    return false;
  Json named = layer.call().kwargs;
  named.update(more);
  callOperation(layer, *entry, translated(*row, layer.call().args, named));
  return true;
}

void importFunctionLayer(LayerImport &layer) {
  const Json *function = layer.find("function");
  if (!function || !function->is_string())
    return layer.problem("function", fmt::format("the name of a function is missing{}",
                                                 function ? ", got " + describe(*function) : ""));
  auto name = function->get<std::string>();
  if (importFunction(layer, name, Json::object()))
    return;
  std::vector<std::string_view> names;
  for (const Translation &row : table)
    if (!row.operation.empty())
      names.push_back(row.name);
  std::vector<std::string_view> near = nearest(name, names, 3);
  layer.problem("function",
                fmt::format("the function 'tf.{}' is not supported", name.substr(0, 80)),
                near.empty() ? "rebuild the model with Keras's layers in place of the function"
                             : fmt::format("the nearest that are: {}", fmt::join(near, ", ")));
}

} // namespace hornet::import
