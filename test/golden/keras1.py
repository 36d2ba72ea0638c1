#!/usr/bin/env python3
"""Writes the cases keras1__* of layers/: models in the form of Keras 1, with answers of tf_keras.

Keras 1 itself runs on no Python of today. Each model is built with tf_keras, which answers; its weights are
then written as Keras 1.2 wrote them (engine/topology.py, models.py): under its names, in its order and layouts,
for Theano with the filters turned around. How all of that looks
stands in keras1_form.py. Needs tf_keras 2.21 and h5py:  keras1.py
"""
import io
import json
import os
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import numpy as np
import tf_keras
from tf_keras import layers as L

from keras1_form import (Case, Formula, OLD_INIT, both, conv, conv2d, cosine, dense, functional, gru, highway,
                         layer, lstm, maxout, same, sample_norm, sequential, softplus, srelu, turn)


def image(theano, first):
    """A network for images, in either order of dimensions and with the filters of either backend."""
    name = ("image_theano" if theano else "image_tensorflow") + ("_first" if first else "")
    case = Case(name, "Keras 1.2 on " + ("Theano" if theano else "TensorFlow"), theano)
    ordering = "th" if first else "tf"
    data = "channels_first" if first else "channels_last"
    # tf_keras on a CPU wants channels last: it computes on the transposed input.
    net = [L.Conv2D(5, (3, 2), activation="relu", padding="same", name="convolution2d_1"),
           L.BatchNormalization(axis=-1, epsilon=1e-5, name="batchnormalization_1"),
           L.ZeroPadding2D(((1, 0), (2, 1)), name="zeropadding2d_1"),
           L.MaxPooling2D((2, 2), name="maxpooling2d_1"),
           L.Conv2D(4, (3, 3), dilation_rate=2, name="atrousconvolution2d_1"),
           L.Dropout(0.25, name="dropout_1")]
    x = y = L.Input((12, 11, 3))
    for n in net:
        y = n(y)
    if first:
        y = L.Permute((3, 1, 2))(y)
    head = L.Dense(4, activation="softmax", name="dense_1")
    y = head(L.Flatten()(y))
    model = tf_keras.Model(x, y)
    case.fill(model)
    case.keep(net[0], conv(theano, first), ["W", "b"])
    case.keep(net[1], same, ["gamma", "beta", "running_mean", "running_std"])
    for n in (net[2], net[3]):
        case.named.append((n.name, []))
    case.keep(net[4], conv(theano, first), ["W", "b"])
    case.named.append(("dropout_1", []))
    case.named.append(("flatten_1", []))
    case.keep(head, same, ["W", "b"])
    shape = [None, 3, 12, 11] if first else [None, 12, 11, 3]
    convolution = conv2d("convolution2d_1", 5, 3, 2, ordering, "same")
    convolution["config"].update(batch_input_shape=shape, input_dtype="float32")
    spec = sequential(
        convolution,
        layer("BatchNormalization", "batchnormalization_1", axis=1 if first else -1, mode=0, epsilon=1e-5, momentum=0.99,
              gamma_regularizer=None, beta_regularizer=None),
        layer("ZeroPadding2D", "zeropadding2d_1", padding=[1, 0, 2, 1]),
        layer("MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering=ordering),
        conv2d("atrousconvolution2d_1", 4, 3, 3, ordering, activation="linear", cls="AtrousConvolution2D", atrous_rate=[2, 2]),
        layer("Dropout", "dropout_1", p=0.25), layer("Flatten", "flatten_1"), dense("dense_1", 4, "softmax"))
    data = case.random.normal(size=(3, 12, 11, 3)).astype(np.float32)
    np.savez(case.folder / "io.npz", x=np.moveaxis(data, -1, 1) if first else data, output_0=model(data).numpy())
    case.whole(spec)
    case.parts(spec, version=False)
    (case.folder / "text.json").write_text(json.dumps(json.dumps(spec)))  # json.dump(model.to_json(), file)
    case.entry("text.json", format="keras1_json", weights="weights.h5")
    case.finish(2e-5)


def volume():
    case = Case("volume_theano", "Keras 1.2 on Theano", theano=True)
    net = [L.Conv3D(3, (2, 3, 2), activation="relu", name="convolution3d_1"), L.MaxPooling3D((2, 2, 1), name="maxpooling3d_1")]
    x = y = L.Input((5, 6, 4, 2))
    for n in net:
        y = n(y)
    y = L.Permute((4, 1, 2, 3))(y)
    head = L.Dense(3, name="dense_1")
    model = tf_keras.Model(x, head(L.Flatten()(y)))
    case.fill(model)
    case.keep(net[0], conv(True, True), ["W", "b"])
    case.keep(head, same, ["W", "b"])
    spec = sequential(
        layer("Convolution3D", "convolution3d_1", nb_filter=3, kernel_dim1=2, kernel_dim2=3, kernel_dim3=2, subsample=[1, 1, 1],
              border_mode="valid", dim_ordering="th", activation="relu", batch_input_shape=[None, 2, 5, 6, 4], **OLD_INIT),
        layer("MaxPooling3D", "maxpooling3d_1", pool_size=[2, 2, 1], strides=None, border_mode="valid", dim_ordering="th"),
        layer("Flatten", "flatten_1"), dense("dense_1", 3))
    data = case.random.normal(size=(2, 5, 6, 4, 2)).astype(np.float32)
    np.savez(case.folder / "io.npz", x=np.moveaxis(data, -1, 1), output_0=model(data).numpy())
    case.whole(spec)
    case.finish()


def signal(old):
    case = Case("signal_old" if old else "signal", "Keras 1.0 on Theano" if old else "Keras 1.2 on TensorFlow", theano=old)
    net = [L.Conv1D(4, 3, activation="relu", padding="same", name="convolution1d_1"), L.MaxPooling1D(2, name="maxpooling1d_1"),
           L.Conv1D(3, 2, strides=2, name="convolution1d_2"), L.UpSampling1D(2, name="upsampling1d_1")]
    model = tf_keras.Sequential([L.Input((10, 2)), *net, L.Flatten(), L.Dense(2, activation="hard_sigmoid", name="dense_1")])
    case.fill(model)
    for n in (net[0], net[2]):
        case.keep(n, conv(old, False, True, old), ["W", "b"])
    case.keep(model.layers[-1], same, ["W", "b"])

    def conv1d(name, filters, length, mode="valid", activation="linear", stride=1, **more):
        return layer("Convolution1D", name, nb_filter=filters, filter_length=length, subsample_length=stride, border_mode=mode,
                     activation=activation, input_dim=more.get("dims"), input_length=None, **OLD_INIT,
                     **({"batch_input_shape": [None, 10, 2]} if name.endswith("_1") else {}))

    spec = sequential(conv1d("convolution1d_1", 4, 3, "same", "relu"),
                      layer("MaxPooling1D", "maxpooling1d_1", pool_length=2, stride=2, border_mode="valid"),
                      conv1d("convolution1d_2", 3, 2, stride=2), layer("UpSampling1D", "upsampling1d_1", length=2),
                      layer("Flatten", "flatten_1"), dense("dense_1", 2, "hard_sigmoid"))
    case.answer(model, {"x": (3, 10, 2)})
    case.whole(spec)
    case.finish()


def text(separate):
    case = Case("text_by_gate" if separate else "text_joined", "Keras 1.2")
    mode = "cpu" if separate else "gpu"
    net = [L.Embedding(11, 6, mask_zero=True, name="embedding_1"),
           L.Bidirectional(L.LSTM(5, recurrent_activation="hard_sigmoid", return_sequences=True, name="lstm_1"), name="bidirectional_1"),
           L.GRU(4, recurrent_activation="hard_sigmoid", reset_after=False, return_sequences=True, name="gru_1"),
           L.Dense(5, activation="tanh", name="timedistributeddense_1"),
           L.TimeDistributed(L.Dense(4, name="dense_2"), name="timedistributed_1"),
           L.SimpleRNN(3, name="simplernn_1")]
    model = tf_keras.Sequential([L.Input((7,)), *net, L.Dense(2, activation="softmax", name="dense_1")])
    case.fill(model)
    case.keep(net[0], same, ["W"])
    case.keep(net[1], both(lstm) if separate else same)
    case.keep(net[2], gru if separate else same)
    for n in (*net[3:], model.layers[-1]):
        case.keep(n)
    rnn = dict(init="glorot_uniform", inner_init="orthogonal", U_regularizer=None, W_regularizer=None, b_regularizer=None, dropout_U=0.2,
               dropout_W=0.2, go_backwards=False, stateful=False, unroll=False, consume_less=mode, input_dim=None, input_length=None)
    inner = layer("LSTM", "lstm_1", output_dim=5, activation="tanh", inner_activation="hard_sigmoid", forget_bias_init="one",
                  return_sequences=True, **rnn)
    spec = sequential(
        layer("Embedding", "embedding_1", input_dim=11, output_dim=6, input_length=7, mask_zero=True, init="uniform", dropout=0.1,
              W_regularizer=None, W_constraint=None, activity_regularizer=None, batch_input_shape=[None, 7], input_dtype="int32"),
        layer("Bidirectional", "bidirectional_1", merge_mode="concat", layer=inner),
        layer("GRU", "gru_1", output_dim=4, activation="tanh", inner_activation="hard_sigmoid", return_sequences=True, **rnn),
        layer("TimeDistributedDense", "timedistributeddense_1", output_dim=5, activation="tanh", input_dim=None, input_length=None,
              **OLD_INIT),
        layer("TimeDistributed", "timedistributed_1", layer=dense("dense_2", 4)),
        layer("SimpleRNN", "simplernn_1", output_dim=3, activation="tanh", return_sequences=False, **rnn), dense("dense_1", 2, "softmax"))
    case.answer(model, {"x": (3, 7)}, integers=11)
    case.whole(spec)
    if separate:
        case.parts(spec)
    case.finish()


def merges():
    case = Case("merge_modes", "Keras 1.2, functional")
    a, b = L.Input((6,), name="a"), L.Input((6,), name="b")
    p, q = L.Dense(5, name="dense_1"), L.Dense(5, name="dense_2")
    x, y = p(a), q(b)
    modes = {"sum": L.Add(), "mul": L.Multiply(), "ave": L.Average(), "max": L.Maximum(), "concat": L.Concatenate(), "dot": L.Dot(1)}
    outputs = [m([x, y]) for m in modes.values()] + [L.Lambda(cosine)([x, y])]
    model = tf_keras.Model([a, b], outputs)
    case.fill(model)
    case.keep(p, same, ["W", "b"])
    case.keep(q, same, ["W", "b"])
    more = dict(mode_type="raw", output_shape=None, output_shape_type="raw", output_mask=None, output_mask_type="raw", arguments={},
                concat_axis=-1, dot_axes=-1)
    names = [*modes, "cos"]

    def plain(name, units, node):
        spec = dense(name, units)
        return {**spec, "name": name, "inbound_nodes": [[[node, 0, 0]]]}

    spec = functional(
        [layer("InputLayer", n, [], batch_input_shape=[None, 6], input_dtype="float32", sparse=False) for n in "ab"]
        + [plain("dense_1", 5, "a"), plain("dense_2", 5, "b")]
        + [layer("Merge", f"merge_{m}", ["dense_1", "dense_2"], mode=m, **more) for m in names], "ab", [f"merge_{m}" for m in names])
    case.answer(model, {"a": (3, 6), "b": (3, 6)})
    case.whole(spec)
    case.finish()


def branches():
    case = Case("merge_branches", "Keras 1.2: a Sequential that begins with a Merge of Sequentials; a branch merges too, and two share a layer")
    a, b, c = (L.Input((n,), name=f"{m}_input") for m, n in (("dense_1", 6), ("shared", 4), ("dense_4", 4)))
    one, shared, two, four = (L.Dense(n, name=m) for m, n in (("dense_1", 3), ("shared", 4), ("dense_2", 3), ("dense_4", 4)))
    last = L.Dense(2, activation="tanh", name="dense_3")
    inner = L.Add()([two(shared(four(c))), two(shared(b))])
    model = tf_keras.Model([c, b, a], last(L.Concatenate()([inner, one(a)])))
    case.fill(model)
    for n in (four, shared, two, one, last):
        case.keep(n, same, ["W", "b"])

    def first(name, units, size):
        spec = dense(name, units)
        spec["config"]["batch_input_shape"] = [None, size]
        return spec

    def merge(name, mode, *sequentials):
        return layer("Merge", name, mode=mode, mode_type="raw", concat_axis=-1, dot_axes=-1, layers=list(sequentials), arguments={},
                     output_shape=None, output_shape_type="raw", output_mask=None, output_mask_type="raw")

    inside = merge("merge_1", "sum", sequential(first("dense_4", 4, 4), first("shared", 4, 4), dense("dense_2", 3)),
                   sequential(first("shared", 4, 4), dense("dense_2", 3)))
    spec = sequential(merge("merge_2", "concat", sequential(inside), sequential(first("dense_1", 3, 6))), dense("dense_3", 2, "tanh"))
    case.answer(model, {"dense_4_input": (3, 4), "shared_input": (3, 4), "dense_1_input": (3, 6)})
    case.whole(spec)
    case.finish()


def gone():
    case = Case("gone_layers", "Keras 1.2.2, by its formulas: tf_keras has none of these layers")
    net = [Formula(lambda s: [(4, s[-1], 6), (4, 6)], maxout, name="maxoutdense_1"),
           Formula(lambda s: [(6, 6), (6, 6), (6,), (6,)], highway, name="highway_1"),
           Formula(lambda s: [(6,)] * 4, srelu, name="srelu_1"), Formula(lambda s: [(6,)] * 2, softplus, name="parametricsoftplus_1"),
           Formula(lambda s: [(6,)] * 4, sample_norm, name="batchnormalization_1"), L.ThresholdedReLU(0.3, name="thresholdedrelu_1"),
           L.PReLU(name="prelu_1")]
    model = tf_keras.Sequential([L.Input((5,)), *net])
    case.fill(model)
    highways = ["W", "W_carry", "b", "b_carry"]
    for n, keys in zip(net, [["W", "b"], highways, ["t_left", "a_left", "t_right", "a_right"], ["alphas", "betas"],
                             ["gamma", "beta", "running_mean", "running_std"], [], ["alphas"]]):
        case.keep(n, same, keys)
    spec = sequential(
        layer("MaxoutDense", "maxoutdense_1", output_dim=6, nb_feature=4, input_dim=5, batch_input_shape=[None, 5], **OLD_INIT),
        layer("Highway", "highway_1", activation="tanh", input_dim=None, **OLD_INIT),
        layer("SReLU", "srelu_1", t_left_init="zero", a_left_init="glorot_uniform", t_right_init="glorot_uniform", a_right_init="one"),
        layer("ParametricSoftplus", "parametricsoftplus_1", alpha_init=0.2, beta_init=5.0),
        layer("BatchNormalization", "batchnormalization_1", axis=-1, mode=1, epsilon=1e-3, momentum=0.99),
        layer("ThresholdedReLU", "thresholdedrelu_1", theta=0.3), layer("PReLU", "prelu_1", init="zero"))
    case.answer(model, {"x": (4, 5)})
    case.whole(spec)
    case.named[1] = ("highway_1", [case.named[1][1][i] for i in (0, 2, 1, 3)])  # the order of Keras 1.0
    case.parts(spec)
    case.finish()


def forerunner():
    case = Case("keras03_theano", "Keras 0.3 on Theano: numbered groups, deviations in place of variances", theano=True)
    net = [L.Conv2D(3, (3, 3), activation="relu", name="c"), L.BatchNormalization(epsilon=1e-6, name="n")]
    x = y = L.Input((6, 6, 2))
    for n in net:
        y = n(y)
    head = L.Dense(2, activation="softmax", name="d")
    model = tf_keras.Model(x, head(L.Flatten()(L.Permute((3, 1, 2))(y))))
    case.fill(model)
    case.keep(net[0], conv(True, True))
    gamma, beta, mean, variance = (w.numpy() for w in net[1].weights)
    # x / (deviation + epsilon) then, x / sqrt(variance + epsilon) now
    case.named.append(("n", list(zip("gbms", (gamma, beta, mean, np.sqrt(variance + 1e-6) - 1e-6)))))
    case.named += [("f", []), ("p", [])]
    case.keep(head)
    spec = {"name": "Sequential", "loss": "categorical_crossentropy", "optimizer": {"name": "SGD", "lr": 0.01}, "layers": [
        {"name": "Convolution2D", "nb_filter": 3, "nb_row": 3, "nb_col": 3, "border_mode": "valid", "dim_ordering": "th",
         "subsample": [1, 1], "activation": "relu", "init": "glorot_uniform", "input_shape": [2, 6, 6], "cache_enabled": True,
         "custom_name": "convolution2d", "W_regularizer": None},
        {"name": "BatchNormalization", "epsilon": 1e-6, "mode": 0, "axis": 1, "momentum": 0.9, "cache_enabled": True},
        {"name": "Flatten", "cache_enabled": True}, {"name": "Dropout", "p": 0.5, "cache_enabled": True},
        {"name": "Dense", "output_dim": 2, "activation": "softmax", "init": "uniform", "input_dim": None, "cache_enabled": True}]}
    data = case.random.normal(size=(2, 6, 6, 2)).astype(np.float32)
    np.savez(case.folder / "io.npz", x=np.moveaxis(data, -1, 1), output_0=model(data).numpy())
    case.numbered(spec)
    case.finish(2e-5)


def deconvolution():
    case = Case("decoder", "Keras 1.2 on TensorFlow: Deconvolution2D with its output_shape, SeparableConvolution2D")
    net = [L.Conv2DTranspose(4, (3, 3), strides=2, padding="same", name="deconvolution2d_1"),
           L.Conv2DTranspose(3, (2, 3), strides=2, padding="valid", output_padding=(1, 1), name="deconvolution2d_2"),
           L.UpSampling2D((2, 1), name="upsampling2d_1"), L.SeparableConv2D(2, (3, 3), depth_multiplier=2, name="separableconvolution2d_1")]
    model = tf_keras.Sequential([L.Input((4, 5, 2)), *net])
    case.fill(model)
    swap = lambda w: [w[0].transpose(0, 1, 3, 2), w[1]]
    case.keep(net[0], swap, ["W", "b"])
    case.keep(net[1], swap, ["W", "b"])
    case.keep(net[3], same, ["depthwise_kernel", "pointwise_kernel", "b"])
    up = conv2d("deconvolution2d_1", 4, 3, 3, "tf", "same", "linear", (2, 2), "Deconvolution2D", output_shape=[None, 8, 10, 4])
    up["config"]["batch_input_shape"] = [None, 4, 5, 2]
    separable = conv2d("separableconvolution2d_1", 2, 3, 3, "tf", activation="linear", cls="SeparableConvolution2D", depth_multiplier=2,
                       depthwise_regularizer=None, pointwise_regularizer=None)
    shape = [None, *net[1].output_shape[1:]]
    spec = sequential(up, conv2d("deconvolution2d_2", 3, 2, 3, "tf", "valid", "linear", (2, 2), "Deconvolution2D", output_shape=shape),
                      layer("UpSampling2D", "upsampling2d_1", size=[2, 1]), separable)
    case.answer(model, {"x": (2, 4, 5, 2)})
    case.whole(spec)
    case.finish()


def video():
    case = Case("video", "Keras 1.2 on TensorFlow: ConvLSTM2D by gate")
    net = L.ConvLSTM2D(3, (3, 3), padding="same", recurrent_activation="hard_sigmoid", return_sequences=True, name="convlstm2d_1")
    model = tf_keras.Sequential([L.Input((3, 5, 6, 2)), net])
    case.fill(model)
    case.keep(net, lstm)
    spec = sequential(layer("ConvLSTM2D", "convlstm2d_1", nb_filter=3, nb_row=3, nb_col=3, init="glorot_uniform", inner_init="orthogonal",
                            forget_bias_init="one", activation="tanh", inner_activation="hard_sigmoid", dim_ordering="tf",
                            border_mode="same", return_sequences=True, go_backwards=False, stateful=False,
                            batch_input_shape=[None, 3, 5, 6, 2]))
    case.answer(model, {"x": (2, 3, 5, 6, 2)})
    case.whole(spec)
    case.finish()


def theano2():
    """Keras 2 on Theano: its own layout and names, the filters turned around."""
    case = Case("keras2_theano", "a file of tf_keras with backend 'theano' and the filters turned around")
    model = tf_keras.Sequential([L.Input((8, 7, 2)), L.Conv2D(3, (3, 2), name="c"), L.Conv2DTranspose(2, (2, 3), name="t"),
                                 L.Flatten(), L.Dense(3, name="d")])
    case.fill(model)
    case.answer(model, {"x": (2, 8, 7, 2)})
    path = case.folder / "model.h5"
    model.save(path, save_format="h5")
    with h5py.File(path, "r+") as file:
        for holder in (file, file["model_weights"]):
            for key, value in (("backend", b"theano"), ("keras_version", b"2.0.8")):
                if key in holder.attrs:
                    holder.attrs[key] = value
        for name in "ct":
            kernel = file[f"model_weights/{name}/{name}/kernel:0"]
            kernel[...] = turn(kernel[...])
    case.entry("model.h5", format="keras2_h5")
    case.files[-1]["keras_generation"] = 2
    case.finish()


def early():
    """An archive of Keras 2.13, which met layers with weights twice while it numbered their groups."""
    case = Case("keras213_archive", "an archive of tf_keras with the names of groups of 2.13")
    x = L.Input((8, 8, 2))
    y = L.Conv2D(3, 3, activation="relu", name="a")(x)
    y = L.BatchNormalization(name="n")(L.Activation("relu", name="r")(L.Conv2D(4, 3, name="b")(y)))
    model = tf_keras.Model(x, L.Dense(2, name="d")(L.Flatten(name="f")(L.Activation("tanh", name="s")(y))))
    case.fill(model)
    case.answer(model, {"x": (2, 8, 8, 2)})
    path = case.folder / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members["metadata.json"] = json.dumps({"keras_version": "2.13.1"}).encode()
    (case.folder / "w.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(case.folder / "w.h5") as old, h5py.File(case.folder / "v.h5", "w") as new:
        lists = next(k for k in old if k != "vars")
        old.copy(lists, new, name="_layer_checkpoint_dependencies")
        group = new["_layer_checkpoint_dependencies"]
        group.move("conv2d_1", "conv2d_2")
        new.create_group("vars")
    members["model.weights.h5"] = (case.folder / "v.h5").read_bytes()
    for name in ("w.h5", "v.h5"):
        (case.folder / name).unlink()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    case.entry("model.keras", format="keras2_zip")
    case.files[-1]["keras_generation"] = 2
    case.finish()


def archive():
    """An archive of Keras 2.15 with layers in layers, and the same written on Windows: its groups all stand in the
    root, by paths with backslashes."""
    case = Case("keras2_archive", "an archive of tf_keras, and one with the names of groups that it writes on Windows")
    x = L.Input((6, 4))
    y = L.LayerNormalization(name="n")(x + L.MultiHeadAttention(2, 3, name="a")(x, x))
    y = L.TimeDistributed(L.Dense(4), name="t")(L.Bidirectional(L.LSTM(3, return_sequences=True), name="b")(y))
    inside = L.Input((6, 4))
    inner = tf_keras.Model(inside, L.Dense(3, name="id")(L.Conv1D(5, 2, activation="tanh", name="ic")(inside)), name="inner")
    model = tf_keras.Model(x, L.Dense(2, name="d")(L.GlobalAveragePooling1D(name="g")(inner(y))))
    case.fill(model)
    case.answer(model, {"x": (2, 6, 4)})
    path = case.folder / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as file:
        members = {n: file.read(n) for n in file.namelist()}
    members["metadata.json"] = json.dumps({"keras_version": "2.15.0"}).encode()
    with h5py.File(io.BytesIO(members["model.weights.h5"])) as old, h5py.File.in_memory() as new:
        def move(name, item):
            if name.endswith("/vars"):
                old.copy(item, new.create_group(name.removesuffix("/vars").replace("/", "\\")), name="vars")

        old.visititems(move)
        new.create_group("vars")
        new.flush()
        members["model.weights.h5"] = new.id.get_file_image()
    with zipfile.ZipFile(case.folder / "model_windows.keras", "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data)
    for path in ("model.keras", "model_windows.keras"):
        case.entry(path, format="keras2_zip")
        case.files[-1]["keras_generation"] = 2
    case.finish()


CASES = [lambda: image(False, False), lambda: image(True, True), lambda: image(False, True), early, volume, lambda: signal(False), lambda: signal(True), lambda: text(True),
         lambda: text(False), merges, branches, gone, forerunner, deconvolution, video, theano2, archive]

if __name__ == "__main__":
    for write in CASES:
        write()
