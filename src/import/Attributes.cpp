// What of layers' attributes changes nothing when predicting, and which values are refused.

#include "import/Importers.h"
#include "import/Registry.h"

namespace hornet::import {

/// Attributes that end so.
static constexpr std::string_view endings[] = {"_initializer", "_regularizer", "_constraint",
                                               "_init"};

static constexpr std::string_view withoutEffect[] = {
    // Of every layer, and how training begins and goes on.
    "name",
    "trainable",
    "dtype",
    "seed",
    "init",
    "weights",
    "dynamic",
    "autocast",
    "gptq_unpacked_column_size",
    "unit_forget_bias",
    "adjustment",
    "synchronized",
    "virtual_batch_size",
    "renorm_momentum",
    "renorm_clipping",
    "lora_rank",
    "lora_alpha",
    "init_values",
    "query_shape",
    "key_shape",
    "value_shape",
    // How to compute, not what.
    "fused",
    "use_cudnn",
    "unroll",
    "flash_attention",
    "sparse",
    "ragged",
    "partitioner",
    // The input's shape, which the tensor itself has, and what stands beside it.
    "batch_input_shape",
    "batch_shape",
    "input_shape",
    "input_dtype",
    "input_tensor",
    "type_spec",
    "optional",
    "shape",
    "batch_size",
    "build_config",
    "bounding_box_format",
    "shared_object_id",
    "factor",
    "quantization_config",
    // Arguments of constructors that no file holds.
    "rank",
    "pool_mode",
    "pool_dimensions",
    "pool_function",
    "conv_op",
    "input",
    "output",
};

bool isWithoutEffect(std::string_view attribute) {
  return llvm::is_contained(withoutEffect, attribute) ||
         llvm::any_of(endings, [&](auto end) { return attribute.ends_with(end); });
}

static constexpr RefusedValue values[] = {
    {importRecurrent, "time_major", "true"},
};

llvm::ArrayRef<RefusedValue> refusedValues() { return values; }

} // namespace hornet::import
