"""The networks of the comparison, each as the files that the runtimes take.

    python networks.py FOLDER [NAME…]

writes FOLDER/NAME/: model.keras, and for each batch B a bB.onnx, bB.tflite, bB.saved_model, an
input bB.input.npy and two answers of Keras to it: bB.keras.npy in float32 and bB.reference.npy in
float64. Shapes are fixed but for model.keras, since the peers do best with fixed ones. Weights are
random by a fixed seed, but for the MNIST network's.
"""
import dataclasses
import functools
import importlib
import os
import pathlib
import sys
from typing import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True)
class Network:
    build: Callable  # the keras.Model, in Keras's current floating-point type
    batches: tuple[int, ...]
    rated: bool = True  # counts in the mean
    # The same in Keras 2, whose recurrent layers the converters know by their own ops. Those of
    # Keras 3 become loops in ONNX and TFLite, which are slower.
    for_converters: Callable | None = None


def mnist():
    from keras import Input, Sequential, layers

    return Sequential([
        Input((28, 28, 1)),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ])


def wide_mlp():
    from keras import Input, Sequential, layers

    wide = [layers.Dense(2048, activation="relu") for _ in range(3)]
    return Sequential([Input((784,)), *wide, layers.Dense(10, activation="softmax")])


def lenet5():
    from keras import Input, Sequential, layers

    return Sequential([
        Input((32, 32, 1)),
        layers.Conv2D(6, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ])


def vgg():
    from keras import Input, Sequential, layers

    stack = [Input((64, 64, 3))]
    for channels, count in ((32, 2), (64, 2), (128, 3), (256, 3)):
        stack += [layers.Conv2D(channels, 3, padding="same", activation="relu") for _ in range(count)]
        stack += [layers.MaxPooling2D()]
    return Sequential(stack + [layers.Flatten(), layers.Dense(256, activation="relu"),
                               layers.Dense(10, activation="softmax")])


def separable():
    from keras import Input, Sequential, layers

    stack = [Input((64, 64, 3)), layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")]
    for channels, strides in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        stack += [layers.DepthwiseConv2D(3, strides=strides, padding="same"),
                  layers.BatchNormalization(), layers.ReLU(),
                  layers.Conv2D(channels, 1), layers.BatchNormalization(), layers.ReLU()]
    stack += [layers.SeparableConv2D(256, 3, padding="same", activation="relu")]
    return Sequential(stack + [layers.GlobalAveragePooling2D(),
                               layers.Dense(10, activation="softmax")])


def mobilenet_v2():
    from keras.applications import MobileNetV2

    return MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=1000)


def residual():
    from keras import Input, Model, layers

    def convolution(x, channels, strides=1, size=3):
        x = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = Input((32, 32, 3))
    x = layers.ReLU()(convolution(inputs, 16))
    for channels, strides in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        shortcut = x if strides == 1 else convolution(x, channels, strides, size=1)
        x = convolution(layers.ReLU()(convolution(x, channels, strides)), channels)
        x = layers.ReLU()(layers.Add()([x, shortcut]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(10, activation="softmax")(x))


def densenet_block():
    from keras import Input, Model, layers

    inputs = Input((32, 32, 3))
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(inputs)
    for _ in range(6):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        y = layers.Conv2D(48, 1, use_bias=False)(y)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        y = layers.Conv2D(12, 3, padding="same", use_bias=False)(y)
        x = layers.Concatenate()([x, y])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.AveragePooling2D(2)(layers.Conv2D(48, 1, use_bias=False)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(10, activation="softmax")(x))


def unet():
    from keras import Input, Model, layers

    def block(x, channels):
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        return x

    inputs = x = Input((128, 128, 3))
    skips = []
    for channels in (16, 32, 64):
        skips.append(block(x, channels))
        x = layers.MaxPooling2D()(skips[-1])
    x = block(x, 128)
    # Both ways up that are in use.
    x = layers.Conv2DTranspose(64, 2, strides=2)(x)
    x = block(layers.Concatenate()([skips[2], x]), 64)
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same")(x)
    x = block(layers.Concatenate()([skips[1], x]), 32)
    x = layers.UpSampling2D(interpolation="bilinear")(x)
    x = block(layers.Concatenate()([skips[0], x]), 16)
    return Model(inputs, layers.Conv2D(2, 1, activation="softmax")(x))


def audio():
    """The raw sound of a quarter of a second, at 16 kHz."""
    from keras import Input, Sequential, layers

    stack = [Input((4000, 1)), layers.Conv1D(32, 80, strides=4, activation="relu"),
             layers.BatchNormalization(), layers.MaxPooling1D(4)]
    for channels in (32, 64, 128):
        stack += [layers.Conv1D(channels, 3, padding="same", use_bias=False),
                  layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D(4)]
    return Sequential(stack + [layers.GlobalAveragePooling1D(),
                               layers.Dense(35, activation="softmax")])


WORDS, STEPS = 10000, 100


def text(recurrent, library="keras"):
    keras = importlib.import_module(library)
    return keras.Sequential([
        keras.Input((STEPS,), dtype="int32"),
        keras.layers.Embedding(WORDS, 64),
        getattr(keras.layers, recurrent)(128),
        keras.layers.Dense(5, activation="softmax"),
    ])


def recurrent_text(layer):
    return Network(functools.partial(text, layer), (1, 16),
                   for_converters=functools.partial(text, layer, "tf_keras"))


def transformer():
    """The encoder of a text: two layers, four heads."""
    from keras import Input, Model, layers

    width = 128
    inputs = Input((128,), dtype="int32")
    x = layers.Embedding(WORDS, width)(inputs)
    for _ in range(2):
        y = layers.MultiHeadAttention(num_heads=4, key_dim=width // 4)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, y]))
        y = layers.Dense(4 * width, activation="relu")(x)
        x = layers.LayerNormalization()(layers.Add()([x, layers.Dense(width)(y)]))
    x = layers.GlobalAveragePooling1D()(x)
    return Model(inputs, layers.Dense(5, activation="softmax")(x))


def autoencoder():
    from keras import Input, Sequential, layers

    stack = [Input((32, 32, 3))]
    stack += [layers.Conv2D(channels, 3, strides=2, padding="same", activation="relu")
              for channels in (32, 64, 128)]
    stack += [layers.Flatten(), layers.Dense(128, activation="relu"),
              layers.Dense(4 * 4 * 128, activation="relu"), layers.Reshape((4, 4, 128))]
    stack += [layers.Conv2DTranspose(channels, 3, strides=2, padding="same", activation="relu")
              for channels in (128, 64, 32)]
    return Sequential(stack + [layers.Conv2D(3, 3, padding="same", activation="sigmoid")])


def nearly_nothing():
    """What a call costs before it does any work."""
    from keras import Input, Sequential, layers

    return Sequential([Input((10,)), layers.Dense(10)])


NETWORKS = {
    "mnist": Network(mnist, (1, 128)),
    "wide_mlp": Network(wide_mlp, (1, 256)),
    "lenet5": Network(lenet5, (1, 128)),
    "vgg": Network(vgg, (1, 16)),
    "separable": Network(separable, (1, 16)),
    "mobilenet_v2": Network(mobilenet_v2, (1, 16)),
    "residual": Network(residual, (1, 16)),
    "densenet_block": Network(densenet_block, (1, 16)),
    "unet": Network(unet, (1, 16)),
    "audio": Network(audio, (1, 16)),
    "lstm_text": recurrent_text("LSTM"),
    "gru_text": recurrent_text("GRU"),
    "transformer": Network(transformer, (1, 16)),
    "autoencoder": Network(autoencoder, (1, 16)),
    "nearly_nothing": Network(nearly_nothing, (1,), rated=False),
}


def batch_norms(model):
    from keras import layers

    return [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]


def give_weights(name, model):
    """The MNIST network's own, else random ones under which the activations keep their scale: batch
    normalizations get random scales and offsets, and as statistics those of random images."""
    import numpy
    from keras import layers

    if name == "mnist":
        return model.load_weights(ROOT / "examples/01-digit/cnn.h5")
    random = numpy.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.Embedding):  # as they are when trained, not near to 0
            layer.embeddings.assign(random.normal(0, 0.5, layer.embeddings.shape))
        if getattr(layer, "bias", None) is not None:
            layer.bias.assign(random.normal(0, 0.05, layer.bias.shape))
    momenta = [(layer, layer.momentum) for layer in batch_norms(model)]
    for layer, _ in momenta:
        layer.gamma.assign(random.uniform(0.5, 1.5, layer.gamma.shape))
        layer.beta.assign(random.normal(0, 0.1, layer.beta.shape))
        layer.momentum = 0.0
    if momenta:
        model(random.random((32, *model.input_shape[1:]), "float32"), training=True)
    for layer, momentum in momenta:
        layer.momentum = momentum


def reference(build, weights, inputs):
    """Keras's answers in float64."""
    import keras

    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        model = build()
        model.set_weights([value.astype("float64") for value in weights])
        answers = [model(x if x.dtype == "int32" else x.astype("float64"), training=False).numpy()
                   for x in inputs]
        assert all(answer.dtype == "float64" for answer in answers)
        return answers
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


def export(model, batch, prefix):
    """The model for one batch, as TensorFlow, TFLite and ONNX. What cannot be converted is reported,
    and the comparison shows that its runtime failed."""
    import tensorflow as tf
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    signature = [tf.TensorSpec((batch, *model.input_shape[1:]), model.inputs[0].dtype, name="x")]
    function = tf.function(lambda x: model(x, training=False), input_signature=signature)

    def saved_model():
        module = tf.Module()
        module.model, module.serve = model, function
        tf.saved_model.save(module, f"{prefix}.saved_model",
                            signatures={"serving_default": function})

    def tflite():
        # With its variables as constants: else the converter leaves them uninitialized.
        frozen = convert_variables_to_constants_v2(function.get_concrete_function(),
                                                   lower_control_flow=False)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([frozen])
        pathlib.Path(f"{prefix}.tflite").write_bytes(converter.convert())

    def onnx():
        tf2onnx.convert.from_function(function, signature, opset=18, output_path=f"{prefix}.onnx")

    for form in (saved_model, tflite, onnx):
        try:
            form()
        except Exception as error:
            print(f"  {prefix}: no {form.__name__}: {error}", file=sys.stderr)


def random_input(model, batch):
    """Words of a text where the model takes whole numbers."""
    import numpy

    random, shape = numpy.random.default_rng(2), (batch, *model.input_shape[1:])
    return (random.integers(0, WORDS, shape, "int32") if model.inputs[0].dtype == "int32"
            else random.random(shape, "float32"))


def make(name, folder):
    import keras
    import numpy

    network = NETWORKS[name]
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(1)
    model = network.build()
    give_weights(name, model)
    model.save(folder / "model.keras")
    converted = network.for_converters() if network.for_converters else model
    converted.set_weights(model.get_weights())
    inputs = [random_input(model, batch) for batch in network.batches]
    exact = reference(network.build, model.get_weights(), inputs)
    for batch, x, answer in zip(network.batches, inputs, exact):
        prefix = folder / f"b{batch}"
        numpy.save(f"{prefix}.input.npy", x)
        numpy.save(f"{prefix}.reference.npy", answer)
        numpy.save(f"{prefix}.keras.npy", model(x, training=False).numpy())
        export(converted, batch, prefix)
    (folder / "done").touch()


def make_missing(folder, names):
    """Makes what an earlier run has not."""
    for name in names:
        if not (folder / name / "done").exists():
            print(f"making {name}", file=sys.stderr)
            make(name, folder / name)


if __name__ == "__main__":
    make_missing(pathlib.Path(sys.argv[1]), sys.argv[2:] or NETWORKS)
