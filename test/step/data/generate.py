"""Writes the folders beside this file: training steps as Keras 3.15.1 does them, in the form of
test/golden/training. Every number is computed in float64, too: `measured` says how far both are apart.

Several axes are Keras 2's alone (tf_keras 2.21.0).

python generate.py [optimizers|losses|gradients|recurrent]
"""
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import keras
import numpy as np
import tensorflow as tf
import tf_keras

HERE = os.path.dirname(os.path.abspath(__file__))
L = keras.layers


def write_json(path, content):
    with open(os.path.join(HERE, path), "w") as file:
        json.dump({"written_by": f"keras {keras.__version__} on tensorflow {tf.__version__}", **content}, file, indent=1)
        file.write("\n")


def write_npz(path, arrays):
    np.savez(os.path.join(HERE, path), **{key: np.asarray(value, "float32") for key, value in arrays.items()})


def distance(a, b):
    """The greatest difference, as a part of the greatest element of b."""
    return float(np.max(np.abs(np.asarray(a, "float64") - b)) / max(np.max(np.abs(b)), 1e-30))


def in_double(model, build):
    """The same model with the same weights, in float64."""
    keras.config.set_floatx("float64")
    twin = build()
    twin.set_weights([w.astype("float64") for w in model.get_weights()])
    keras.config.set_floatx("float32")
    return twin


# ---------------------------------------------------------------------------------------- optimizers


def muon_model():
    x = inputs = L.Input((6,), name="x")
    x = L.Dense(10, activation="tanh", name="wide")(x)
    x = L.Dense(4, activation="tanh", name="tall")(x)
    x = L.Dense(5, activation="tanh", name="my_Embedding_mix")(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(x))


def steps_of(model, optimizer, xs, ys):
    loss_of = keras.losses.CategoricalCrossentropy(dtype=model.dtype)
    optimizer.build(model.trainable_variables)
    losses, arrays = [], {}
    for k in range(5):
        with tf.GradientTape() as tape:
            loss = loss_of(ys[k].astype(model.dtype), model(xs[k].astype(model.dtype), training=True))
        variables = [v.value for v in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), model.trainable_variables)
        losses.append(float(loss))
        if k in (0, 1, 4):
            for v in model.trainable_variables:
                arrays[f"step{k + 1}/{v.path}"] = v.numpy()
    for i, v in enumerate(optimizer.variables):
        arrays[f"optimizer_after_5/{i:02d}/{v.path.split('/')[-1]}"] = v.numpy()
    return losses, arrays


def optimizers():
    os.makedirs(os.path.join(HERE, "optimizers"), exist_ok=True)
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    xs = [rng.normal(size=(8, 6)).astype("float32") for _ in range(5)]
    ys = [np.eye(3, dtype="float32")[rng.integers(0, 3, 8)] for _ in range(5)]
    first = muon_model()
    for v in first.trainable_variables:
        if v.path.endswith("bias"):
            v.assign(rng.normal(size=v.shape) * 0.1)
    first.save(os.path.join(HERE, "optimizers/model.keras"))
    variants = {
        "muon": {},
        "muon_exclude_layers": {"exclude_layers": ["he[a-e]+d/", "^nothing$"], "adam_lr_ratio": 0.5},
        "muon_embeddings_too": {"exclude_embeddings": False, "nesterov": False, "momentum": 0.9, "rms_rate": None},
        "muon_three_iterations": {"ns_steps": 3, "muon_a": 3.0, "muon_b": -4.0, "muon_c": 1.8, "epsilon": 1e-5},
        "muon_decay": {"weight_decay": 0.1, "adam_weight_decay": None, "adam_beta_1": 0.8, "adam_beta_2": 0.99},
        "muon_decay_of_adam": {"weight_decay": None, "adam_weight_decay": 0.2, "rms_rate": 0.3},
        "muon_clipnorm_ema_accumulation": {"clipnorm": 0.1, "use_ema": True, "gradient_accumulation_steps": 2},
    }
    cases, arrays = [], {}
    for k in range(5):
        arrays[f"x/{k}"], arrays[f"y/{k}"] = xs[k], ys[k]
    for name, options in variants.items():
        optimizer = keras.optimizers.Muon(learning_rate=0.02, **options)
        model = muon_model()
        model.set_weights(first.get_weights())
        losses, found = steps_of(model, optimizer, xs, ys)
        twin = in_double(first, muon_model)
        keras.config.set_floatx("float64")
        _, exact = steps_of(twin, keras.optimizers.Muon(learning_rate=0.02, **options), xs, ys)
        keras.config.set_floatx("float32")
        worst = max(distance(found[key], exact[key]) for key in found if key.startswith("step"))
        arrays.update({f"{name}/{key}": value for key, value in found.items()})
        cases.append({"name": name, "optimizer": json.loads(json.dumps(keras.optimizers.serialize(optimizer))),
                      "loss_per_step": losses, "learning_rate_per_step": [0.02] * 5,
                      "tolerance": {"rtol": 1e-5, "atol": 1e-5}, "measured": {"float64_rel_to_max": worst}})
        print(name, losses, worst)
    write_json("optimizers/optimizers.json", {"cases": cases})
    write_npz("optimizers/optimizers.npz", arrays)


# -------------------------------------------------------------------------------------------- losses


def loss_and_gradients(model, loss, x, y, weights):
    with tf.GradientTape() as tape:
        value = loss(y, model(tf.cast(x, model.dtype), training=True),
                     None if weights is None else tf.cast(weights, model.dtype))
    gradients = tape.gradient(value, [v.value for v in model.trainable_variables])
    return float(value), {v.path: tf.convert_to_tensor(g).numpy() for v, g in zip(model.trainable_variables, gradients)}


def sequence_model(units, activation):
    def build():
        inputs = L.Input((7, 4), name="x")
        return keras.Model(inputs, L.Dense(units, activation=activation, name="head")(inputs))

    return build


def losses():
    os.makedirs(os.path.join(HERE, "losses"), exist_ok=True)
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)
    builders = {"model_linear": sequence_model(5, None), "model_softmax": sequence_model(5, "softmax")}
    models = {name: build() for name, build in builders.items()}
    for name, model in models.items():
        model.save(os.path.join(HERE, f"losses/{name}.keras"))
    weighted = builders["model_linear"]()
    weighted.compile("sgd", "mse", weighted_metrics=["mae"])
    weighted.save(os.path.join(HERE, "losses/weighted_metrics.keras"))
    x = rng.normal(size=(6, 7, 4)).astype("float32")
    classes = rng.integers(0, 5, (6, 7))
    hot = np.eye(5, dtype="float32")[classes]
    numbers = rng.normal(size=(6, 7, 5)).astype("float32")
    steps = np.round(rng.uniform(0, 2, (6, 7)), 2) * (np.arange(7) < rng.integers(3, 8, (6, 1)))
    samples = np.round(rng.uniform(0, 2, 6), 2)[:, None] * np.ones((6, 7))
    # Of all lengths that fit, with labels that come twice in a row, which need a blank between them.
    alignments = np.array([[0] * 7, [3, 0, 0, 0, 0, 0, 0], [1, 1, 2, 0, 0, 0, 0], [4, 4, 4, 4, 0, 0, 0],
                           [1, 2, 3, 4, 1, 2, 3], [2, 1, 2, 1, 1, 0, 0]])
    K = keras.losses
    variants = [
        ("mse_steps_weighted", "MeanSquaredError", {}, "model_linear", numbers, steps),
        ("mse_steps_weighted_sum", "MeanSquaredError", {"reduction": "sum"}, "model_linear", numbers, steps),
        ("mse_steps_weighted_mean", "MeanSquaredError", {"reduction": "mean_with_sample_weight"}, "model_linear", numbers, steps),
        ("categorical_steps_weighted", "CategoricalCrossentropy", {}, "model_softmax", hot, steps),
        ("sparse_steps_weighted", "SparseCategoricalCrossentropy", {}, "model_softmax", classes, steps),
        ("sparse_steps_weighted_mean", "SparseCategoricalCrossentropy", {"reduction": "mean_with_sample_weight"}, "model_softmax", classes, steps),
        ("sparse_ignore_class_weighted", "SparseCategoricalCrossentropy", {"ignore_class": 1}, "model_softmax", classes, steps),
        ("sparse_ignore_class_weighted_mean", "SparseCategoricalCrossentropy",
         {"ignore_class": 1, "reduction": "mean_with_sample_weight"}, "model_softmax", classes, steps),
        ("sparse_ignore_class_sum", "SparseCategoricalCrossentropy", {"ignore_class": 1, "reduction": "sum"}, "model_softmax", classes, None),
        ("ctc", "CTC", {}, "model_linear", alignments, None),
        ("ctc_weighted", "CTC", {"reduction": "sum"}, "model_linear", alignments, samples[:, 0]),
        ("sparse_samples_weighted", "SparseCategoricalCrossentropy", {}, "model_softmax", classes, samples),
    ]
    cases, arrays = [], {"x": x}
    for name, class_name, config, model, y, weights in variants:
        loss = getattr(K, class_name)(**config)
        value, gradients = loss_and_gradients(models[model], loss, x, y, weights)
        twin = in_double(models[model], builders[model])
        exact, exact_gradients = loss_and_gradients(twin, getattr(K, class_name)(dtype="float64", **config), x, y, weights)
        arrays[f"{name}/y_true"], arrays[f"{name}/loss"] = y, value
        if weights is not None:
            arrays[f"{name}/sample_weight"] = weights
        for path, gradient in gradients.items():
            arrays[f"{name}/grad/{path}"] = gradient
        measured = {"loss_float64_rel": abs(value - exact) / abs(exact),
                    "grad_float64_rel_to_max": max(distance(gradients[path], exact_gradients[path]) for path in gradients)}
        cases.append({"name": name, "class_name": class_name, "config": config, "model": model + ".keras",
                      "head_kernel_times": 1, "tolerance": {"loss_rtol": 2e-6, "grad_t": 1e-5}, "measured": measured})
        print(name, value, measured)
    write_json("losses/losses.json", {"cases": cases})
    write_npz("losses/losses.npz", arrays)


# ----------------------------------------------------------------------------------------- gradients


def norm_model(K, shape, axis, **options):
    def build():
        x = inputs = K.layers.Input(shape, name="x")
        x = K.layers.Dense(shape[-1], name="mix")(x)
        x = K.layers.BatchNormalization(axis=axis, momentum=0.9, name="norm", **options)(x)
        x = K.layers.Flatten()(K.layers.Activation("tanh")(x))
        return K.Model(inputs, K.layers.Dense(3, activation="softmax", name="head")(x))

    return build


def path_of(variable):
    return getattr(variable, "path", variable.name).split(":")[0]


def gradients():
    rng = np.random.default_rng(5)
    keras.utils.set_random_seed(5)
    variants = {
        "batchnorm_axes": (tf_keras, (4, 5, 3), [1, 3], {}),
        "batchnorm_axes_unsorted": (tf_keras, (4, 5, 3), [-1, 2], {"center": False}),
        "batchnorm_all_axes": (tf_keras, (3, 4), [1, 2], {"scale": False}),
        "batchnorm_first_axis_keras2": (tf_keras, (4, 5, 3), [1], {}),
        "batchnorm_first_axis": (keras, (4, 5, 3), 1, {}),
        "batchnorm_middle_axis": (keras, (4, 5, 3), 2, {}),
    }
    for name, (K, shape, axis, options) in variants.items():
        folder = os.path.join(HERE, "gradients", name)
        os.makedirs(folder, exist_ok=True)
        model = norm_model(K, shape, axis, **options)()
        for v in model.weights:
            if path_of(v).startswith("norm/"):
                v.assign(rng.uniform(0.5, 1.5, v.shape))
        file = "model.h5" if K is tf_keras else "model.keras"
        model.save(os.path.join(folder, file))
        x = rng.normal(size=(6, *shape)).astype("float32")
        y = np.eye(3, dtype="float32")[rng.integers(0, 3, 6)]
        with tf.GradientTape() as tape:
            value = K.losses.CategoricalCrossentropy()(y, model(x, training=True))
        # Of the variables by name: each Keras sorts them in its own way.
        found = dict(zip(map(path_of, model.trainable_variables),
                         tape.gradient(value, [getattr(v, "value", v) if K is keras else v for v in model.trainable_variables])))
        arrays = {"x/x": x, "y/0": y, "loss": value}
        arrays.update({f"grad/{path}": gradient for path, gradient in found.items()})
        arrays.update({f"state_after/{path_of(v)}": v.numpy() for v in model.non_trainable_variables
                       if path_of(v).startswith("norm/")})
        # A bias before a normalization over all else moves nothing.
        zero = [path for path, g in found.items() if np.max(np.abs(g)) < 1e-6]
        write_npz(os.path.join("gradients", name, "ref.npz"), arrays)
        write_json(os.path.join("gradients", name, "case.json"), {
            "name": name, "model": file, "losses": [{"class_name": "CategoricalCrossentropy", "config": {}}],
            "loss_weights": None, "gradients_that_are_zero": zero, "tolerance": {"grad": {"t": 2e-5}}})
        print(name, float(value), zero)


# ----------------------------------------------------------------------------------------- recurrent


def conv_lstm():
    x = inputs = L.Input((4, 5, 6, 2), name="x")
    x = L.ConvLSTM2D(3, (3, 2), padding="same", strides=(2, 1), return_sequences=True, name="first")(x)
    x = L.ConvLSTM2D(2, 2, activation="relu", go_backwards=True, name="second")(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(L.Flatten()(x)))


def stacked_cells():
    x = inputs = L.Input((5, 3), name="x")
    cells = [L.GRUCell(4, name="first_cell"), L.LSTMCell(3, activation="softmax", name="second_cell"),
             L.SimpleRNNCell(4, activation="relu", use_bias=False, name="third_cell")]
    x = L.RNN(cells, go_backwards=True, return_sequences=True, name="cells")(x)
    x = L.LayerNormalization(name="norm")(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(L.Flatten()(x)))


def states():
    inputs = L.Input((5, 3), name="x")
    x, h, c = L.LSTM(4, return_sequences=True, return_state=True, name="encoder")(inputs)
    x, g = L.GRU(4, return_sequences=True, return_state=True, reset_after=False, name="decoder")(x, initial_state=c)
    x = L.TimeDistributed(L.Dense(3, activation="tanh"), name="each")(x)
    x = L.Concatenate()([L.Flatten()(x), h, g])
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(x))


def masked():
    x = inputs = L.Input((6, 3), name="x")
    x = L.Masking()(x)
    x = L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="mul", name="both")(x)
    x = L.LSTM(3, go_backwards=True, name="last")(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(x))


def rnn_of_each():
    x = inputs = L.Input((3, 4, 2), name="x")
    x = L.TimeDistributed(L.LSTM(3, return_sequences=True), name="inner")(x)
    x = L.TimeDistributed(L.Flatten())(x)
    x = L.SimpleRNN(4, name="outer")(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax", name="head")(x))


def recurrent():
    rng = np.random.default_rng(6)
    keras.utils.set_random_seed(6)
    for build in [conv_lstm, stacked_cells, states, masked, rnn_of_each]:
        name = build.__name__
        folder = os.path.join(HERE, "gradients", name)
        os.makedirs(folder, exist_ok=True)
        model = build()
        model.save(os.path.join(folder, "model.keras"))
        x = rng.normal(size=(6, *model.input_shape[1:])).astype("float32")
        if build is masked:
            x *= (rng.uniform(size=(6, 6, 1)) < 0.7) | (np.arange(6) == 0)[:, None, None]
        y = np.eye(3, dtype="float32")[rng.integers(0, 3, 6)]
        value, found = loss_and_gradients(model, keras.losses.CategoricalCrossentropy(), x, y, None)
        exact, exactly = loss_and_gradients(in_double(model, build), keras.losses.CategoricalCrossentropy(dtype="float64"), x, y, None)
        measured = {"loss_float64_rel": abs(value - exact) / abs(exact),
                    "grad_float64_rel_to_max": max(map(distance, found.values(), exactly.values()))}
        arrays = {"x/x": x, "y/0": y, "loss": value}
        arrays.update({f"grad/{path}": gradient for path, gradient in found.items()})
        write_npz(os.path.join("gradients", name, "ref.npz"), arrays)
        write_json(os.path.join("gradients", name, "case.json"), {
            "name": name, "model": "model.keras", "losses": [{"class_name": "CategoricalCrossentropy", "config": {}}],
            "loss_weights": None, "gradients_that_are_zero": [], "measured": measured,
            # Keras's float32 is up to a tenth of that from float64, but with the softmax within a cell.
            "tolerance": {"grad": {"t": max(1e-5, 5 * measured["grad_float64_rel_to_max"])}}})
        print(name, value, measured)


for part in sys.argv[1:] or ["optimizers", "losses", "gradients", "recurrent"]:
    {"optimizers": optimizers, "losses": losses, "gradients": gradients, "recurrent": recurrent}[part]()
