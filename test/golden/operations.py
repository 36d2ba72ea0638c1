"""Writes the cases of layers/ whose names begin with "ops_": models of Keras's operations, one for a
family, with what Keras computes. Needs keras 3.15, tf_keras 2.21 and tensorflow 2.21:

    KERAS_BACKEND=tensorflow python test/golden/operations.py [NAME…]

The tolerance of a case is the smallest of 1e-5, 2e-5, 5e-5, … that is at least 4 times the worst
difference between Keras in float32 and in float64.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow
from keras import ops

from arrays import describe

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers")
CASES = {}


def case(**inputs):
    """Registers a function of the inputs: each a shape of a sample, or (shape, how)."""

    def register(function):
        CASES[function.__name__] = (inputs, function)
        return function

    return register


def numbers(random, shape, how):
    shape = (3, *shape)
    if how == "whole":
        return random.integers(-9, 10, shape).astype("float32")
    if how.startswith("below "):
        return random.integers(0, int(how[6:]), shape).astype("int32")
    if how == "unit":
        return random.uniform(-0.95, 0.95, shape).astype("float32")
    if how == "positive":
        return random.uniform(0.1, 2.5, shape).astype("float32")
    x = random.normal(0, 1.5, shape).astype("float32")
    if how == "nan":
        x[random.uniform(size=shape) < 0.3] = np.nan
    return x


def withKind(given):
    return given if len(given) == 2 and isinstance(given[1], str) else (given, "")


def build(inputs, function, dtype):
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    tensors = []
    for name, how in inputs.items():
        shape, how = withKind(how)
        kind = "int32" if how.startswith("below ") else dtype
        batch = 3 if function.__name__.endswith("_fixed") else None
        tensors.append(keras.Input(shape, batch_size=batch, name=name, dtype=kind))
    outputs = function(*tensors)
    return keras.Model(tensors, list(outputs))


def tolerance(a, b):
    worst = 0.0
    for x, y in zip(a, b):
        x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
        fine = np.isfinite(x) & np.isfinite(y)
        if fine.any():
            worst = max(worst, float(np.max(np.abs(x - y)[fine] / (1 + np.abs(y[fine])))))
    for step in (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3):
        if step >= 4 * worst:
            return step
    raise SystemExit(f"float32 is {worst} from float64")


def write(name):
    inputs, function = CASES[name]
    random = np.random.default_rng(sum(map(ord, name)))
    arrays = {k: numbers(random, *withKind(v)) for k, v in inputs.items()}
    try:
        double = build(inputs, function, "float64")
        exact = double([arrays[k] if arrays[k].dtype == "int32" else arrays[k].astype("float64") for k in arrays])
    except tensorflow.errors.InvalidArgumentError:  # an operation that mixes types
        exact = None
    model = build(inputs, function, "float32")
    results = [np.asarray(y) for y in model(list(arrays.values()))]
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    model.save(os.path.join(folder, "model.keras"))
    np.savez(os.path.join(folder, "io.npz"), **arrays, **{f"output_{i}": y for i, y in enumerate(results)})
    step = tolerance(results, exact or results)
    finish(folder, name, "model.keras", "keras3_zip", 3, f"keras {keras.__version__}", model, step)


def finish(folder, name, path, form, generation, writer, model, step, more=()):
    """`more`: other files of the same model, as (path, form)."""
    with open(os.path.join(folder, "case.json"), "w") as file:
        json.dump(
            {
                "name": name,
                "family": "ops",
                "written_by": writer,
                "files": [{"path": p, "format": f, "keras_generation": generation, "io": "io.npz"} for p, f in [(path, form), *more]],
                "tolerance": {"rtol": step, "atol": step},
                "layer_classes": sorted({type(layer).__name__ for layer in model.layers} | {"Functional"}),
                "notes": "written by test/golden/operations.py",
                "io": describe(os.path.join(folder, "io.npz")),
            },
            file,
            indent=1,
        )
        file.write("\n")
    print(name, step)


@case(x=((5,), "unit"), y=(5,), p=((5,), "positive"))
def ops__special(x, y, p):
    return [
        ops.arcsin(x), ops.arccos(x), ops.arctan(y), ops.arctan2(y, x), ops.erfinv(x), ops.i0(y * 2),
        ops.fmax(x, y), ops.fmin(x, y), ops.isreal(x), ops.select([x > 0.3, y > 0], [x, y], 2.0),
        ops.stop_gradient(x), ops.round(y, 2), ops.isclose(x, x, equal_nan=True), ops.exp2(y), ops.cbrt(y),
        ops.deg2rad(y), ops.rad2deg(y), ops.sinc(y), ops.heaviside(y, x), ops.logaddexp2(x, y),
        ops.ldexp(x, ops.cast(ops.floor(p), "int32")), ops.fmod(y, x), ops.nan_to_num(y / 0.0, 1.0, 7.0, -7.0), ops.arccosh(p + 1),
        ops.signbit(y), ops.reciprocal(p), ops.erfc(y),
        ops.logical_xor(x > 0, y > 0), ops.saturate_cast(y, "float32"),
        ops.linspace(x, y, 4, axis=1), ops.logspace(x, x + 1, 3, axis=-1),
        ops.linspace(x, y, 4, endpoint=False, axis=-1), ops.size(x),
    ]  # fmt: skip


@case(x=((6,), "below 200"), y=((6,), "below 200"), s=((6,), "below 5"))
def ops__bits(x, y, s):
    x, y = x - 100, y - 100
    return [
        ops.bitwise_and(x, y), ops.bitwise_or(x, y), ops.bitwise_xor(x, y), ops.bitwise_not(x), ops.bitwise_invert(y),
        ops.bitwise_left_shift(x, s), ops.bitwise_right_shift(x, s), ops.left_shift(y, s), ops.right_shift(y, s),
    ]  # fmt: skip


@case(x=(4, 3), m=(3, 5, 2))
def ops__repeated(x, m):
    return [
        ops.tile(x, (1, 2, 3)), ops.tile(x, 2), ops.repeat(x, 2, axis=2), ops.repeat(x, [1, 0, 2, 1], axis=1),
        ops.roll(x, -1, axis=2), ops.roll(m, (1, 2), axis=(1, 2)), ops.roll(x, 7, axis=1),
        ops.pad(x, ((0, 0), (2, 1), (0, 3)), constant_values=-1.5), ops.pad(m, ((0, 0), (2, 1), (1, 3), (0, 1)), "reflect"),
        ops.pad(m, ((0, 0), (3, 3), (1, 5), (2, 0)), "symmetric"), ops.tile(x > 0, (1, 1, 2)),
        ops.flip(m, axis=(1, 3)), ops.fliplr(x), ops.add(x, ops.broadcast_to(ops.convert_to_tensor([1.0, 2.0, 3.0]), (4, 3))),
    ]  # fmt: skip


@case(x=(4, 6), m=(3, 4, 2), u=(2,))
def ops__placed(x, m, u):
    return [
        ops.moveaxis(m, 1, -1), ops.moveaxis(m, (1, 3), (2, 1)), ops.rot90(m, axes=(1, 2)),
        ops.rot90(m, k=3, axes=(1, 3)), ops.rot90(m, k=-1, axes=(2, 1)), ops.hstack([x, x * 2]), ops.dstack([x, -x]),
        ops.append(x, x, axis=1), *ops.array_split(x, 4, axis=2), *ops.hsplit(x, 2), *ops.dsplit(m, 2), *ops.unstack(u, axis=1),
        ops.slice_update(x, (0, 1, 2), m[:, :, :, 0][:, :3, :4]), ops.ndim(x),
        ops.squeeze(ops.expand_dims(x, 1), 1),
    ]  # fmt: skip


@case(x=(4, 6), m=(3, 4, 2))
def ops__rearranged_fixed(x, m):  # Keras wants to know the batch
    return [ops.rearrange(m, "b h w c -> b (h w) c"), ops.rearrange(x, "b (a c) d -> b c (d a)", a=2), ops.rearrange(m, "n h w c -> n c w h")]


@case(x=(5, 3), i=((4,), "below 5"), j=((2, 3), "below 5"), w=((6,), "whole"), t=((), "below 6"))
def ops__gathered(x, i, j, w, t):
    table = np.arange(15, dtype="float32").reshape(5, 3) / 7
    return [
        ops.take(x, [[2, 0], [-1, 4]], axis=1), ops.take(x, 1, axis=2), ops.take(table, i, axis=0), ops.take(x, [0, -1], axis=-1),
        ops.take_along_axis(x, j, axis=1), ops.take_along_axis(x, ops.argmax(x, axis=1, keepdims=True), axis=1),
        ops.one_hot(i, 6), ops.one_hot(i, 4, axis=1), ops.one_hot(i, 5, dtype="bool"), ops.multi_hot(i, 5), ops.multi_hot(j, 5),
        ops.segment_sum(x, t, num_segments=6), ops.maximum(ops.segment_max(x, t, num_segments=6), -99.0), ops.minimum(ops.segment_min(x, t, num_segments=6), 99.0), ops.digitize(w, np.array([-5.0, 0.0, 3.0])),
        ops.searchsorted(np.array([-3.0, 0.0, 2.0], "float32"), ops.cast(w[:, 0], "float32")), ops.searchsorted(np.array([-3.0, 0.0, 2.0], "float32"), ops.cast(w[:, 1], "float32"), side="right"),
        ops.isin(w, [1.0, 2.0, -3.0]), ops.isin(w, [1.0, 0.0], invert=True), ops.in_top_k(t, ops.cast(w, "float32"), k=2),
    ]  # fmt: skip


@case(x=(4, 3), y=(4, 3), m=(3, 5), s=((4,), "positive"))
def ops__matrices(x, y, m, s):
    other = np.linspace(-1, 1, 15, dtype="float32").reshape(3, 5)
    return [
        ops.tril(x), ops.triu(x, k=1), ops.tril(m, k=-1), ops.diagonal(m, axis1=1, axis2=2), ops.diagonal(m, offset=1, axis1=2, axis2=1),
        ops.trace(x, axis1=1, axis2=2), ops.cross(x, y), ops.cross(x, y[:, :, :2]), ops.cross(x[:, :, :2], y[:, :, :2]),
        ops.cdist(x, y), ops.diff(x, axis=1), ops.diff(x, n=2, axis=-2), ops.trapezoid(x, dx=0.5), ops.trapezoid(y, axis=1),
        ops.dot(x, other), ops.inner(x, other.T), ops.tensordot(x, other, axes=1), ops.tensordot(x, other, axes=[[2], [0]]),
        ops.outer(s[:, 0], np.array([1.0, 2.0, 3.0], "float32")), ops.vdot(x, y), ops.vander(s[:, 0], 4), ops.vander(s[:, 1], 3, increasing=True),
        ops.norm(m, ord=1, axis=(1, 2)), ops.norm(m, ord=-np.inf, axis=(1, 2)), ops.norm(m, ord="fro", axis=(1, 2), keepdims=True), ops.norm(x, ord=3, axis=1),
    ]  # fmt: skip


@case(x=(5, 4), n=((6,), "nan"))
def ops__ordered(x, n):
    return [
        ops.quantile(x, 0.3, axis=1), ops.quantile(x, 0.5, axis=(1, 2)), ops.quantile(x, 0.75, axis=2, keepdims=True),
        ops.quantile(x, 0.3, axis=1, method="lower"), ops.quantile(x, 0.3, axis=1, method="higher"),
        ops.quantile(x, 0.3, axis=1, method="nearest"), ops.quantile(x, 0.3, axis=1, method="midpoint"),
        ops.percentile(x, 40, axis=2), ops.median(x, axis=1), ops.median(x, axis=2, keepdims=True), ops.nanmedian(n, axis=1),
        ops.nanquantile(n, 0.25, axis=1), ops.nanpercentile(n, 60, axis=1), ops.quantile(n, 0.5, axis=1), ops.nanargmax(n, axis=1),
        ops.nanargmin(n, axis=1), ops.nansum(n, axis=1), ops.nanmean(n, axis=1), ops.nanmax(n, axis=1), ops.nanmin(n, axis=1),
        ops.nanstd(n, axis=1), ops.nanvar(n, axis=1), ops.nanprod(n, axis=1), ops.nancumsum(n, axis=1), ops.nancumprod(n, axis=1),
        ops.ptp(x, axis=1), ops.average(x, axis=1, weights=np.array([1.0, 2.0, 3.0, 4.0, 5.0], "float32")), ops.count_nonzero(x > 0, axis=1),
        ops.logsumexp(x, axis=1), *ops.moments(x, axes=[1]), ops.all(x > -1, axis=1), ops.any(x > 1, axis=2), ops.argsort(x, axis=1),
    ]  # fmt: skip


@case(x=(8, 7, 4), s=(9, 3), v=(4, 5, 4, 2), f=(4, 6, 6))
def ops__windowed(x, s, v, f):
    def weights(*shape):
        return (np.arange(np.prod(shape), dtype="float32").reshape(shape) % 13 - 6) / 9

    return [
        ops.conv(x, weights(3, 3, 4, 5), strides=2, padding="same"),
        ops.conv(s, weights(3, 3, 2), padding="valid", dilation_rate=2), ops.conv(v, weights(2, 2, 2, 2, 3)),
        ops.depthwise_conv(x, weights(3, 3, 4, 2), padding="same"), ops.depthwise_conv(s, weights(3, 3, 1)),
        ops.separable_conv(x, weights(3, 3, 4, 2), weights(1, 1, 8, 3), strides=1, padding="valid"),
        ops.max_pool(x, (3, 2), strides=(2, 1), padding="same"), ops.max_pool(s, 2), ops.average_pool(x, 2, strides=1, padding="valid"),
        ops.adaptive_average_pool(x, (4, 7), data_format="channels_last"), ops.adaptive_max_pool(x, (3, 3), data_format="channels_last"),
        ops.unfold(f, 3, stride=2, padding=1), ops.unfold(f, (2, 3), dilation=(2, 1)), ops.depth_to_space(x, 2), ops.space_to_depth(x[:, :, :6], 2),
        ops.image.extract_patches(x, (3, 2), strides=(2, 2), padding="same"), ops.image.extract_patches(x, 3, dilation_rate=2, strides=1),
    ]  # fmt: skip


@case(x=(4, 6), q=(5, 4, 3), k=(6, 2, 3), v=(6, 2, 3), p=((5,), "unit"), t=((5,), "unit"), c=((), "below 5"))
def ops__normalized(x, q, k, v, p, t, c):
    six = np.linspace(0.5, 1.5, 6, dtype="float32")
    four = np.linspace(-1, 1, 4, dtype="float32")
    same = q[:, :, :2]
    mask = np.tril(np.ones((5, 6), bool))[None, None]
    probability, target = ops.sigmoid(p), ops.softmax(t)
    return [
        ops.layer_normalization(x, six, six - 1),
        ops.layer_normalization(x, four, axis=1), ops.layer_normalization(x, axis=(1, 2), epsilon=0.1), ops.layer_normalization(x, six, rms_scaling=True),
        ops.rms_normalization(x, six), ops.rms_normalization(x, axis=1, epsilon=0.01), ops.normalize(x, order=3), ops.normalize(x, axis=(1, 2)),
        ops.batch_normalization(x, six, six, axis=-1, offset=six, scale=six), ops.batch_normalization(x, four, four + 2, axis=1, epsilon=0.1),
        ops.dot_product_attention(q, k, v), ops.dot_product_attention(same, k, v, mask=mask, scale=0.3), ops.dot_product_attention(same, same, same, is_causal=True),
        ops.dot_product_attention(same, k, v, bias=np.linspace(-1, 1, 60, dtype="float32").reshape(1, 2, 5, 6)),
        ops.binary_crossentropy(target, probability), ops.binary_crossentropy(target, p, from_logits=True),
        ops.categorical_crossentropy(target, p, from_logits=True), ops.sparse_categorical_crossentropy(c, target), ops.sparse_categorical_crossentropy(c, p, from_logits=True),
        ops.psnr(p, t, 2.0), ops.celu(x), ops.hard_shrink(x), ops.soft_shrink(x, 0.2), ops.threshold(x, 0.1, -2.0), ops.squareplus(x), ops.tanh_shrink(x),
        ops.glu(x), ops.sparsemax(x), ops.sparse_plus(x), ops.sparse_sigmoid(x), ops.hard_tanh(x), ops.hard_silu(x), ops.log_sigmoid(x), ops.gelu(x, False),
    ]  # fmt: skip


@case(x=((6, 7, 3), "positive"), h=((5, 4, 3), "unit"), c=(3, 8, 6))
def ops__images(x, h, c):
    image = ops.image
    return [
        image.rgb_to_grayscale(x), image.rgb_to_hsv(x / 3), image.hsv_to_rgb(ops.absolute(h)),
        image.resize(x, (3, 3), "lanczos3", antialias=True), image.resize(c, (5, 9), data_format="channels_first"),
        image.resize(x, (4, 4), crop_to_aspect_ratio=True), image.resize(x, (8, 12), pad_to_aspect_ratio=True, fill_value=0.5),
        image.pad_images(x, 1, 2, target_height=10, target_width=12), image.pad_images(x, 1, 2, 3, 0), image.crop_images(x, 1, 2, target_height=3, target_width=4),
        image.crop_images(c, 1, 0, 1, 2, data_format="channels_first"), image.gaussian_blur(x, (3, 5), (0.8, 1.2), data_format="channels_last"),
        image.sobel_edges(x, data_format="channels_last"),
        image.rgb_to_grayscale(c, data_format="channels_first"),
    ]  # fmt: skip


@case(x=(6, 7, 2), t=((8,), "unit"))
def ops__sampled(x, t):
    turn = np.array([0.9, 0.3, -1.1, -0.2, 1.1, 0.7, 0.01, -0.02], "float32")
    start = np.array([[0, 0], [0, 6], [5, 0], [5, 6]], "float32")
    end = np.array([[1, 0.5], [0, 5], [4, 1], [5.5, 6.5]], "float32")
    image = ops.image
    fills = [image.affine_transform(x, turn, fill_mode=mode, fill_value=0.7, data_format="channels_last") for mode in ("constant", "nearest", "reflect")]
    return [
        *fills, image.affine_transform(x, turn, interpolation="nearest", fill_mode="reflect", data_format="channels_last"),
        image.affine_transform(x, t * np.array([1, 1, 1, 1, 1, 1, 0.05, 0.05], "float32"), data_format="channels_last"),
        image.perspective_transform(x, start, end, fill_value=-1.0, data_format="channels_last"),
    ]  # fmt: skip


@case(x=(2, 9), y=(2, 9), s=(40,))
def ops__fourier(x, y, s):
    return [
        *ops.fft((x, y)), *ops.fft2((x, y)), *ops.ifft2((x, y)), *ops.rfft(x), *ops.rfft(x, fft_length=6), *ops.rfft(x, fft_length=12),
        ops.irfft((x, y)), ops.irfft((x, y), fft_length=11), ops.extract_sequences(s, 8, 3), *ops.stft(s, 8, 4, 12), *ops.stft(s, 10, 3, 10, window=None, center=False),
        *ops.stft(s, 6, 5, 8, window="hamming"),
    ]  # fmt: skip


@case(x=(2, 4, 9), y=(2, 4, 9), f=(18, 8), g=(12, 4))
def ops__added_up(x, y, f, g):
    return [
        ops.istft((x, y), 12, 5, 16), ops.istft((x, y), 16, 4, 16, window="hamming", length=20), ops.istft((x, y), 9, 16, 16, center=False, window=None),
        ops.istft((x, y), 10, 6, 13, center=False), ops.istft((x, y), 16, 4, 16, window=np.linspace(0.5, 1, 16).tolist()),
        ops.fold(f, (4, 5), (3, 2)), ops.fold(g, (7, 6), (2, 3), dilation=(1, 2), padding=(0, 1), stride=(3, 2)),
    ]  # fmt: skip


@case(x=((12, 13, 3), "unit"), y=((12, 13, 3), "unit"), c=(2, 12, 6), d=(2, 12, 6))
def ops__compared_images(x, y, c, d):
    image, shape = ops.image, (None, 20, 7, 3)
    two = lambda a, b: np.array([a, b], "float32")
    return [
        image.ssim(x, x + 0.1 * y, data_format="channels_last"), image.ssim(x, y, 2.0, filter_size=7, filter_sigma=1.0, k1=0.02, k2=0.05, data_format="channels_last"),
        image.ssim(c, d, filter_size=5, data_format="channels_first"),
        *[image.scale_and_translate(x, shape, two(1.5, 0.4), two(0.3, 1.25), (1, 2), method) for method in ("linear", "cubic", "lanczos3", "lanczos5")],
        image.scale_and_translate(x, shape, two(0.4, 1.3), two(2.5, -1.25), (1, 2), "bilinear", antialias=False),
        image.scale_and_translate(c, (None, 2, 12, 9), two(1.7, 1)[:1], two(-2, 0)[:1], (3,), "cubic"),
    ]  # fmt: skip


@case(a=(4, 4), b=(4, 2), v=(4,), s=(2, 3, 3), w=(2, 3), n=(11, 11))
def ops__linear_systems(a, b, v, s, w, n):
    dominant = lambda x, size: x + 4 * np.eye(size, dtype="float32")
    regular, several = ops.flip(dominant(a, 4), 1), ops.flip(dominant(s, 3), 2)
    positive = ops.matmul(a, ops.transpose(a, (0, 2, 1))) + np.eye(4, dtype="float32")
    larger = ops.matmul(n, ops.transpose(n, (0, 2, 1))) + 5 * np.eye(11, dtype="float32")
    lower = ops.tril(dominant(a, 4))
    return [
        ops.det(a), ops.det(s), ops.det(a * np.array([1, 1, 0, 1], "float32")), ops.inv(regular), ops.inv(several),
        ops.solve(regular, b), ops.solve(regular, v), ops.solve(several, w), ops.solve(several, several),
        *ops.slogdet(regular), *ops.slogdet(several), ops.logdet(positive), ops.cholesky(positive), ops.cholesky(positive, upper=True),
        ops.cholesky(larger), ops.cholesky_inverse(lower), ops.cholesky_inverse(ops.triu(dominant(a, 4)), upper=True),
        ops.solve_triangular(dominant(a, 4), b, lower=True), ops.solve_triangular(dominant(a, 4), v), ops.solve_triangular(several[:, :, ::-1], several, lower=True),
        ops.inv(larger), ops.det(several[:, :1]),
    ]  # fmt: skip


@case(x=(5,))
def ops__lambda_named(x):
    layer = keras.layers.Lambda
    return [layer(keras.activations.relu)(x), layer(keras.activations.gelu)(x), layer(keras.activations.leaky_relu, arguments={"negative_slope": 0.05})(x), layer(keras.activations.softmax)(x), layer(keras.activations.tanh)(x)]


def tf_functions(x, y, i):
    """Calls of TensorFlow, and of Keras 2's backend, on Keras 2's tensors."""
    import tf_keras

    tf, K = tensorflow, tf_keras.backend
    parts = tf.split(x, [1, 2, 3], axis=2)
    batch = tf.shape(x)[0]
    image = tf.reshape(x, (-1, 2, 3, 4))
    kernel = tf.constant(np.linspace(-1, 1, 32, dtype="float32").reshape(2, 2, 4, 2))
    return [
        1.0 - x, 2.0**x, x / 3.0, 3.0 / (tf.abs(x) + 1.0), x // 0.5, x % 0.7, -x, abs(x), x**2, x @ tf.ones((6, 2)), tf.where(x > 0.5, x, 0.0),
        x[..., 0], x[:, tf.newaxis, 1:, ::2], x[:, -1], x[:, 1:3, 2], x[:, ::-1],
        tf.transpose(x, [0, 2, 1]), tf.reshape(x, (batch, 3, 8)), tf.reshape(x, (-1, 24)), tf.reshape(x, [batch, 2, -1]),
        tf.expand_dims(x, -1), tf.squeeze(tf.expand_dims(x, -1), -1), tf.gather(x, [0, 2], axis=1), tf.gather(x, i, axis=1, batch_dims=1), tf.stack([x, x], axis=1),
        *parts, *tf.split(x, 2, axis=1), *tf.unstack(x[:, :, 0], axis=1), tf.concat([x, tf.ones_like(x)], 1), tf.one_hot(i, 3), tf.one_hot(i, 4, 2.0, -1.0),
        tf.pad(x, [[0, 0], [1, 1], [0, 2]]), tf.pad(x, [[0, 0], [1, 1], [0, 2]], mode="REFLECT"), tf.tile(x, [1, 2, 1]), tf.repeat(x, 2, axis=1), tf.roll(x, 1, axis=1), tf.reverse(x, [1]),
        tf.nn.l2_normalize(x, axis=1), K.l2_normalize(x, axis=-1), tf.reduce_sum(x, axis=[1]), tf.math.reduce_variance(x, axis=1), tf.math.reduce_std(x, axis=-1, keepdims=True), tf.linalg.norm(x, axis=1),
        tf.argmax(x, axis=1), *tf.math.top_k(x, 2), tf.cumsum(x, axis=1), tf.clip_by_value(x, -0.5, 0.5), K.clip(x, 0, 1), tf.math.logical_and(x > 0, x < 1), ~(x > 0), tf.equal(x, x),
        tf.nn.softmax(x), tf.nn.leaky_relu(x, alpha=0.1), tf.nn.gelu(x), tf.nn.elu(x), tf.nn.selu(x), tf.nn.relu6(x * 5), tf.nn.silu(x), tf.nn.softplus(x), tf.nn.softsign(x), tf.nn.log_softmax(x), tf.sigmoid(x),
        tf.nn.bias_add(x, tf.ones(6)), tf.nn.max_pool2d(image, 2, 1, "SAME"), tf.nn.avg_pool2d(image, [1, 2, 2, 1], [1, 1, 1, 1], "VALID"), tf.nn.conv2d(image, kernel, [1, 1, 1, 1], "SAME"), tf.nn.depth_to_space(image, 2),
        tf.nn.depthwise_conv2d(image, kernel, [1, 1, 1, 1], "VALID"), tf.image.resize(image, (4, 5)), tf.image.resize(image, (3, 2), method="nearest"), tf.image.flip_left_right(image), tf.image.rgb_to_grayscale(image[..., :3]),
        tf.linalg.diag(x), tf.linalg.matmul(x, y, transpose_b=True), tf.math.squared_difference(x, y), tf.add_n([x, y, x]), tf.math.divide_no_nan(x, y * 0.0), tf.math.atan2(x, y), tf.stop_gradient(x), tf.identity(x),
        tf.math.rsqrt(tf.abs(x) + 1.0), tf.round(x), tf.floor(x), tf.sign(x), tf.math.is_nan(x), tf.maximum(x, y), tf.subtract(tf.ones(6), x), tf.slice(x, [0, 1, 0], [-1, 2, 3]), K.mean(x, axis=1, keepdims=True), K.permute_dimensions(x, (0, 2, 1)),
    ]  # fmt: skip


def tf_matrices(a, b, x, y):
    tf = tensorflow
    regular, positive = a[:, ::-1] + tf.eye(4)[::-1] * 5.0, tf.matmul(a, a, transpose_b=True) + tf.eye(4)
    return [
        tf.linalg.det(a), tf.linalg.inv(regular), tf.linalg.solve(regular, b), tf.linalg.cholesky(positive), tf.linalg.logdet(positive),
        tf.linalg.triangular_solve(regular[:, ::-1], b), tf.linalg.triangular_solve(regular[:, ::-1], b, lower=False), tf.image.ssim(x, y, 2.0), tf.image.ssim(x, y, max_val=1.0, filter_size=5, k2=0.1),
    ]  # fmt: skip


def random_features(x):
    import tf_keras

    tf_keras.utils.set_random_seed(5)
    layer = tf_keras.layers.experimental.RandomFourierFeatures
    return [layer(7)(x), layer(5, "laplacian", scale=1.5)(x), layer(3, tf_keras.initializers.RandomUniform(-1, 1), trainable=True)(x)]


KERAS2 = {
    "ops__tf_functions": (tf_functions, {"x": (4, 6), "y": (4, 6), "i": ((2,), "below 4")}),
    "ops__tf_matrices": (tf_matrices, {"a": (4, 4), "b": (4, 3), "x": ((12, 13, 2), "unit"), "y": ((12, 13, 2), "unit")}),
    "random_fourier_features__kernels": (random_features, {"x": (6,)}),
}


def write_keras2(name):
    import tf_keras

    random = np.random.default_rng(7)
    function, inputs = KERAS2[name]
    arrays = {key: numbers(random, *withKind(how)) for key, how in inputs.items()}
    tensors = [tf_keras.Input(a.shape[1:], name=k, dtype=a.dtype) for k, a in arrays.items()]
    model = tf_keras.Model(tensors, function(*tensors))
    results = [np.asarray(y) for y in model(list(arrays.values()))]
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    model.save(os.path.join(folder, "model_keras2.h5"))
    np.savez(os.path.join(folder, "io.npz"), **arrays, **{f"output_{i}": y for i, y in enumerate(results)})
    more = []
    if function is random_features:
        more.append(("model_keras2.keras", "keras2_zip"))
        model.save(os.path.join(folder, more[0][0]))
    finish(folder, name, "model_keras2.h5", "keras2_h5", 2, f"tf_keras {tf_keras.__version__}", model, 1e-5, more)


if __name__ == "__main__":
    for each in sys.argv[1:] or [*CASES, *KERAS2]:
        (write_keras2 if each in KERAS2 else write)(each)
