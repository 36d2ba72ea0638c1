// keras.ops that no importer translates, and why.

#include "import/Operation.h"

namespace hornet::import {

static constexpr std::string_view function =
                                      "it calls a Python function, which a file does not hold",
                                  unroll = "write its steps out as operations of the graph",
                                  size = "the size of its result depends on the numbers",
                                  batch =
                                      "it goes over the samples of a batch as over one dimension",
                                  complex = "its results are complex numbers",
                                  bits = "it works on the bits of a number's representation",
                                  elimination = "it factors matrices, by steps that depend on the "
                                                "numbers",
                                  loop = "it takes a loop whose length depends on the numbers";

static constexpr RefusedOperation table[] = {
    {"Arange", size, "give constants to keras.ops.arange"},
    {"Argpartition", "which order it leaves the parts in is not defined", "use keras.ops.argsort"},
    {"AssociativeScan", function, "use cumsum, cumprod or a recurrent layer"},
    {"Bincount", size, "sum keras.ops.one_hot of the numbers instead"},
    {"CTCDecode", loop, "decode what the model gives outside of it"},
    {"CTCLoss", loop, "compute the loss outside of the model"},
    {"Cond", function, "choose with keras.ops.where"},
    {"Corrcoef", batch, ""},
    {"Correlate", batch, "use a convolution"},
    {"Diag", batch, ""},
    {"Diagflat", batch, ""},
    {"Eig", elimination, ""},
    {"Eigh", elimination, ""},
    {"ElasticTransform", "its displacements are random numbers of Keras's own generator", ""},
    {"EmptyLike", "what it gives is not defined", "use keras.ops.zeros_like"},
    {"ForiLoop", function, unroll},
    {"Gcd", loop, ""},
    {"Geomspace", "Keras itself cannot compute it for tensors", "use keras.ops.logspace"},
    {"Histogram", "its result lies over the samples of a batch", ""},
    {"JVP", function, ""},
    {"Kron", batch, ""},
    {"Lcm", loop, ""},
    {"Lstsq", elimination, ""},
    {"LuFactor", elimination, ""},
    {"Map", function, "use TimeDistributed"},
    {"MapCoordinates", "its coordinates name places across the samples of a batch",
     "use keras.ops.image.affine_transform"},
    {"MatrixRank", elimination, ""},
    {"Meshgrid", "it makes a grid of the samples of a batch", "give constants to it"},
    {"Nextafter", bits, ""},
    {"Nonzero", size, "use keras.ops.where with three arguments"},
    {"Pinv", elimination, ""},
    {"Polar", complex, "use the product with cos and sin"},
    {"Qr", elimination, ""},
    {"SVD", elimination, ""},
    {"Scan", function, "use a recurrent layer"},
    {"Scatter", "its indices name places across the samples of a batch",
     "use keras.ops.segment_sum"},
    {"ScatterUpdate", "its indices name places across the samples of a batch",
     "use keras.ops.slice_update"},
    {"SegmentProd", "a product over the batch is not supported",
     "use the exponential of a segment_sum of logarithms"},
    {"Switch", function, "choose with keras.ops.where"},
    {"Unique", size, ""},
    {"UnravelIndex", "its results are a tuple of whole numbers for a shape that may be open", ""},
    {"VectorizedMap", function, "use TimeDistributed"},
    {"View", bits, "use keras.ops.cast"},
    {"ViewAsComplex", complex, ""},
    {"ViewAsReal", complex, ""},
    {"WhileLoop", function, unroll},
};

llvm::ArrayRef<RefusedOperation> refusedOperations() { return table; }

} // namespace hornet::import
