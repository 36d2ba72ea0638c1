"""Writes the cases lookup__*, hashing__* and the spectrograms of layers/ that stand beside this file:
models saved by the installed Keras 3 (on TensorFlow), their inputs, and what Keras computes.

    python test/golden/lookups.py [PART_OF_A_NAME]
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
import numpy as np
import keras
from keras import Input, Model, layers, ops

FOLDER = pathlib.Path(__file__).parent / "layers"
WORDS = np.array([["cat", "dog", "été"], ["ox", "", "cat"], ["dog", "dog", "[UNK]"]])
TEXTS = np.array([["The cat, the DOG!  sat\ton\u00a0it"], [""], ["ÉTÉ dog-cat été; the cat the dog"]])
ROWS = np.array([[12, 7, -3], [2**40 + 1, 0, 42], [-(2**50), 12, 5]], dtype="int64")


def strings(x):
    return [np.asarray(y) if np.asarray(y).dtype.kind != "O"
            else np.array([t.decode() for t in np.asarray(y).ravel()]).reshape(np.shape(y)) for y in x]


def described(key, x):
    return {"key": key, "dtype": "string" if x.dtype.kind == "U" else str(x.dtype), "shape": list(x.shape)}


def save(name, model, inputs, tolerance=0.0, notes=""):
    """`inputs`: by the name of their input layer."""
    if len(sys.argv) > 1 and sys.argv[1] not in name:
        return
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    model = keras.models.load_model(folder / "model.keras")
    given = [np.asarray(inputs[i.name]) for i in model.inputs]
    given = [ops.convert_to_tensor(g) if g.dtype.kind != "U" else __import__("tensorflow").constant(g)
             for g in given]
    result = model(given if len(given) > 1 else given[0])
    outputs = strings(result if isinstance(result, (list, tuple)) else [result])
    arrays = dict(inputs)
    arrays.update({f"output_{i}": y for i, y in enumerate(outputs)})
    np.savez(folder / "io.npz", **arrays)
    case = {"name": name, "written_by": f"keras {keras.__version__} on tensorflow",
            "files": [{"path": "model.keras", "format": "keras3_zip", "keras_generation": 3, "io": "io.npz"}],
            "io": {"batch": 3, "calls": 1,
                   "inputs": [described(i.name, inputs[i.name]) for i in model.inputs],
                   "outputs": [described(f"output_{i}", y) for i, y in enumerate(outputs)]},
            "tolerance": {"rtol": tolerance, "atol": tolerance}, "notes": notes}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    print(name, [(y.dtype, y.shape) for y in outputs])


def one(name, layer, x, **more):
    dtype = "string" if x.dtype.kind == "U" else str(x.dtype)
    given = Input(x.shape[1:], dtype=dtype, name="x")
    save(name, Model(given, layer(given)), {"x": x}, **more)


V, I = ["cat", "dog", "été"], [12, 42, 2**40 + 1]
S, N, T, H = layers.StringLookup, layers.IntegerLookup, layers.TextVectorization, layers.Hashing
one("string_lookup__mask", S(vocabulary=V, mask_token=""), WORDS)
one("string_lookup__special_tokens", S(vocabulary=["", "[UNK]"] + V, mask_token=""), WORDS)
one("string_lookup__one_hot", S(vocabulary=V, output_mode="one_hot", mask_token=""), WORDS)
one("string_lookup__one_hot_column", S(vocabulary=V, output_mode="one_hot"), WORDS[:, :1])
one("string_lookup__count_mask", S(vocabulary=V, output_mode="count", mask_token=""), WORDS)
one("string_lookup__tf_idf", S(vocabulary=V, output_mode="tf_idf", idf_weights=[0.5, 0.25, 1.5], pad_to_max_tokens=True,
                               max_tokens=7), WORDS, tolerance=1e-6)
one("string_lookup__salt", S(vocabulary=["cat"], num_oov_indices=1000, salt=[133, 137]), WORDS)
one("integer_lookup__oov", N(vocabulary=I, num_oov_indices=4), ROWS)
one("integer_lookup__oov_farmhash", N(vocabulary=I, num_oov_indices=1000, oov_method="farmhash"), ROWS)
one("integer_lookup__tf_idf", N(vocabulary=I, output_mode="tf_idf", idf_weights=[0.5, 0.25, 1.5]), ROWS, tolerance=1e-6)
one("integer_lookup__of_floats", N(vocabulary=I), ROWS.astype("float32") + 0.5)
one("text_vectorization__characters", T(vocabulary=list("catdogé"), split="character", output_sequence_length=12), TEXTS)
one("text_vectorization__lower", T(vocabulary=["cat,", "the", "dog-cat", "été;"], standardize="lower",
                                   output_sequence_length=4), TEXTS)
one("text_vectorization__as_it_is", T(vocabulary=["The", "cat", "DOG!", "ÉTÉ"], standardize=None, output_sequence_length=9), TEXTS)
one("text_vectorization__whole", T(vocabulary=["cat", "dog", "cat dog"], split=None, ngrams=(2, 1)), WORDS)
one("text_vectorization__count", T(vocabulary=["the", "cat", "the cat"], output_mode="count", ngrams=2), TEXTS[:, 0])
one("text_vectorization__tf_idf", T(vocabulary=["the", "cat", "dog"], output_mode="tf_idf", idf_weights=[0.5, 0.25, 1.5]),
    TEXTS, tolerance=1e-6)
adapted = T(output_mode="tf_idf", max_tokens=20, pad_to_max_tokens=False)
adapted.adapt(["the cat sat", "the dog", "a\u2003cat"])
one("text_vectorization__adapted_tf_idf", adapted, TEXTS, tolerance=1e-6)
one("hashing__strings", H(1000003), WORDS)
one("hashing__salt_mask", H(2**30, salt=[133, 137], mask_value="dog"), WORDS)
one("hashing__large", H(2**30, mask_value=42), ROWS)
one("hashing__one_hot", H(5, output_mode="one_hot"), ROWS)
one("hashing__count", H(5, output_mode="count", mask_value=12), ROWS)

a, b = Input((1,), dtype="string", name="a"), Input((1,), dtype="int64", name="b")
crossed = {"a": WORDS[:, :1], "b": ROWS[:, :1]}
save("hashed_crossing__int", Model([a, b], layers.HashedCrossing(2**30)([a, b])), crossed)
save("hashed_crossing__one_hot", Model([a, b], layers.HashedCrossing(7, output_mode="one_hot")([b, a])), crossed)

# Strings and numbers through a whole network, and words at its end.
keras.utils.set_random_seed(7)
words, number = Input((3,), dtype="string", name="words"), Input((2,), name="number")
x = layers.Embedding(8, 4)(S(vocabulary=V, num_oov_indices=3)(layers.Reshape((3,))(words)))
x = layers.Concatenate()([layers.Flatten()(x), layers.Dense(3, activation="relu")(number)])
scores = layers.Dense(3, activation="softmax", name="scores")(x)
label = S(vocabulary=["no", "maybe", "yes"], num_oov_indices=0, invert=True, name="label")(ops.argmax(scores, axis=-1, keepdims=True))
numbers = np.random.default_rng(7).normal(size=(3, 2)).astype("float32")
save("lookup__words_in_words_out", Model([words, number], [label, scores]), {"words": WORDS, "number": numbers}, tolerance=1e-5)

inner = keras.Sequential([Input((1,), dtype="string"), T(output_sequence_length=5)], name="inner")
inner.layers[0].adapt(["the cat sat", "the dog", "été"])
given = Input((1,), dtype="string", name="x")
save("lookup__adapted_in_a_nested_model", Model(given, layers.Embedding(9, 2)(inner(given))), {"x": TEXTS}, tolerance=1e-5)

one_side, other = Input((2,), dtype="string", name="a"), Input((1,), dtype="string", name="b")
joined = layers.Concatenate()([one_side, other])
save("lookup__joined_words", Model([one_side, other], [S(vocabulary=V, output_mode="multi_hot")(joined), joined]),
     {"a": WORDS[:, :2], "b": WORDS[:, 2:]})

sound = np.random.default_rng(11).normal(size=(3, 100)).astype("float32")
one("mel_spectrogram__decibels", layers.MelSpectrogram(fft_length=32, sequence_stride=10, sequence_length=24, num_mel_bins=8,
    sampling_rate=8000, min_freq=50.0), sound, tolerance=1e-4, notes="decibels: near 100 of them, in float32")
one("mel_spectrogram__magnitude", layers.MelSpectrogram(fft_length=31, sequence_stride=7, num_mel_bins=5, sampling_rate=4000,
    window="hamming", power_to_db=False, mag_exp=1.0), sound, tolerance=2e-5)
one("mel_spectrogram__no_window", layers.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=6, window=None,
    power_to_db=False, mag_exp=1.5), sound, tolerance=2e-5)
stereo = np.random.default_rng(12).normal(size=(3, 50, 2)).astype("float32")
for mode in ["log", "psd", "real", "imag", "stft"]:
    one(f"stft_spectrogram__{mode}", layers.STFTSpectrogram(mode=mode, frame_length=12, frame_step=5, fft_length=16, window=np.hanning(12).tolist(),
        padding="same" if mode in ("psd", "imag") else "valid", expand_dims=mode in ("log", "stft")), stereo, tolerance=1e-5)
one("stft_spectrogram__expanded", layers.STFTSpectrogram(mode="magnitude", frame_length=12, scaling="spectrum", periodic=True,
    window=np.hamming(12).tolist(), expand_dims=True), stereo, tolerance=1e-5)

# Lists as long as the longest text.
FILMS = np.array([["a film to remember"], ["two hours"], ["a film"]])
FILM = ["a", "film", "to", "remember", "hours"]
one("text_vectorization__open_length", T(vocabulary=FILM), TEXTS)
one("text_vectorization__open_characters", T(vocabulary=list("afilm"), split="character", ngrams=(1, 2)), FILMS[:, 0])
keras.utils.set_random_seed(8)
one("text_vectorization__open_network", keras.Sequential([T(vocabulary=FILM, name="tokens"), layers.Embedding(8, 4, mask_zero=True), layers.Conv1D(
    5, 3, padding="same", activation="relu"), layers.LSTM(3, return_sequences=True), layers.GlobalAveragePooling1D(), layers.Dense(2)]),
    FILMS, tolerance=1e-5)
title, body = Input((1,), dtype="string", name="title"), Input((1,), dtype="string", name="body")
x = [layers.Embedding(9, 3)(t) for t in (T(vocabulary=FILM)(title), T(vocabulary=V, name="body_tokens")(body))]
save("text_vectorization__two_open", Model([title, body], layers.Concatenate(axis=1)(x)), {"title": FILMS, "body": TEXTS}, tolerance=1e-5)

# Lookups of what the model has computed.
whole = np.array([[3, -7, 2.4], [0, 5, 9], [12, 2, -1]], dtype="float32")
given = Input((3,), name="x")
number = ops.cast(ops.round(given * 2), "int64")
K = [4, -14, 0, 10, 18, 2**24 + 1]
save("integer_lookup__computed", Model(given, [
    N(vocabulary=K)(number), N(vocabulary=K, num_oov_indices=3)(number), N(vocabulary=K, mask_token=24)(number),
    N(vocabulary=K, output_mode="one_hot")(number), N(vocabulary=K, output_mode="multi_hot", mask_token=24)(number), N(vocabulary=K, output_mode="count")(number),
    N(vocabulary=K, output_mode="tf_idf", idf_weights=[0.5, 0.25, 1.5, 2.0, 3.0, 4.0], pad_to_max_tokens=True, max_tokens=9)(number),
]), {"x": whole})
keras.utils.set_random_seed(9)
one("integer_lookup__of_bins", keras.Sequential([layers.Discretization([-1.0, 2.0, 5.0]), N(vocabulary=[3, 1], num_oov_indices=2),
                                                layers.Embedding(5, 2)]), whole, tolerance=1e-5)

C = layers.ContrastLimitedAdaptiveHistogramEqualization
random = np.random.default_rng(13)
one("clahe__basic", C(), random.integers(0, 256, (3, 32, 24, 3)).astype("float32"), tolerance=1e-4)
one("clahe__padded", C(value_range=(0, 1), tile_grid_size=(4, 3), clip_limit=2.0), random.uniform(0, 0.6, (3, 30, 22, 1)).astype("float32"), tolerance=1e-5)
one("clahe__channels_first", C(tile_grid_size=(2, 2), clip_limit=0.0, data_format="channels_first"),
    random.integers(40, 90, (3, 2, 11, 9)).astype("float32"), tolerance=1e-4)
