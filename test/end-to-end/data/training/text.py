"""Writes text.keras, a small network of words, and text.npz: whether word 1 comes before word 2 in
sentences of different lengths. Needs Keras 3 and NumPy: python text.py"""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(5)
model = keras.Sequential([
    keras.Input((10,), name="words"),
    layers.Embedding(9, 8, mask_zero=True, name="embedding"),
    layers.LSTM(12, return_sequences=True, dropout=0.1, recurrent_dropout=0.1, name="lstm"),
    layers.Bidirectional(layers.GRU(6, name="gru"), name="both"),
    layers.Dense(1, activation="sigmoid", name="first"),
], name="text")
model.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
model.save("text.keras")

random = np.random.default_rng(5)
x = np.zeros((480, 10), np.float32)
y = np.zeros((480, 1), np.float32)
for words, label in zip(x, y):
    length = random.integers(4, 11)
    words[:length] = random.integers(3, 9, length)
    places = np.sort(random.choice(length, 2, replace=False))
    label[0] = random.integers(0, 2)
    words[places] = (1, 2) if label[0] else (2, 1)
np.savez_compressed("text.npz", x=x, y=y)
