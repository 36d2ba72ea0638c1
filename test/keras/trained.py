"""Opens what `hornet train` saves with the real Keras 3 and Keras 2 (tf_keras), and goes on training there.

A small network that this Keras makes learns one epoch of some hundred MNIST images in Hornet. Its Keras must
load every form, predict what `hornet run` does, find the optimizer's state as Hornet's checkpoint has it where
the form carries it (.keras in Keras 3, .h5 in Keras 2; Keras 3 itself starts anew from every .h5), and its next
step must be Hornet's. `./x test-keras` runs it; exit code 1 when something does not hold.

usage: trained.py HORNET
"""
import gzip
import os
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np
import tf_keras

KERAS = {3: keras, 2: tf_keras}
STATE_FORM = {3: "keras", 2: "h5"}
SAMPLES, BATCH, TOLERANCE = 320, 32, 1e-5


def idx(name, header, count):
    with gzip.open(f"data/mnist/{name}-ubyte.gz") as file:
        return np.frombuffer(file.read(header + count), "uint8")[header:]


def hornet(*arguments):
    done = subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"FAILED hornet {' '.join(arguments)}\n{done.stdout}{done.stderr}")


def network(k):
    # Without dropout, so that both do the same next step; with statistics that move.
    return k.Sequential([
        k.layers.Input((28, 28, 1)), k.layers.Conv2D(4, 5, strides=2, activation="relu"),
        k.layers.BatchNormalization(), k.layers.Flatten(), k.layers.Dense(10, activation="softmax")])


class Check:
    failures = 0

    def that(self, what, good, detail=""):
        self.failures += not good
        print("ok    " if good else "FAILED", what, "" if good else detail)

    def near(self, what, got, wanted, tolerance=TOLERANCE):
        got, wanted = [np.asarray(a) for a in got], [np.asarray(a) for a in wanted]
        same = [a.shape for a in got] == [a.shape for a in wanted]
        far = max((np.abs(a - b).max() for a, b in zip(got, wanted)), default=np.inf) if same else np.inf
        self.that(f"{what} ({len(got)} arrays)", bool(got) and far <= tolerance, f"difference {far}")


def slots(optimizer):
    """All variables but the count of steps and the rate, in the order that both generations have."""
    listed = optimizer.variables
    listed = listed() if callable(listed) else listed
    return [np.asarray(v) for v in listed if np.ndim(v)]


def checkpointed_slots(path, parameters):
    """Hornet's own: the states behind the parameters."""
    arrays = np.load(path)
    states = [arrays[f"state/{i}"] for i in range(sum(name.startswith("state/") for name in arrays.files))]
    return states[parameters:]


def check(generation, scratch, images, labels, result):
    k = KERAS[generation]
    k.backend.clear_session()
    path = lambda name: os.path.join(scratch, name)
    label = lambda what: f"Keras {generation}: {what}"
    fresh = network(k)
    with open(path("model.json"), "w", encoding="utf-8") as file:
        file.write(fresh.to_json())
    np.savez(path("train.npz"), x=images, y=labels)
    np.savez(path("next.npz"), x=images[:BATCH], y=labels[:BATCH])
    scaled = images[..., None].astype("float32") / 255
    np.save(path("test.npy"), scaled)
    form = STATE_FORM[generation]
    whole = ["h5", "keras"] if generation == 3 else ["h5"]
    train = ["train", path("model.json"), "--loss=sparse_categorical_crossentropy", "--optimizer=adam",
             "--learning-rate=0.002", f"--batch-size={BATCH}", "--in-order", "--validation=none", "--seed=4",
             f"--data={path('train.npz')}"]
    weights = ["w.h5", "w.weights.h5"] if generation == 3 else ["w.h5"]
    for file in whole:
        hornet(*train, f"--save={path('model.' + file)}")
    for file in weights:
        hornet(*train, f"--save-weights={path(file)}")

    def predicted(file, *flags):
        hornet("run", path(file), f"--input={path('test.npy')}", f"--output={path('out.npz')}", *flags)
        return list(np.load(path("out.npz")).values())

    wanted = predicted("model.h5")
    for file in ["model." + ending for ending in whole]:
        result.near(label(f"{file} predicts as Hornet"), [k.models.load_model(path(file)).predict(scaled, verbose=0)], wanted)
    result.that(label("an epoch has trained"), np.abs(fresh.predict(scaled, verbose=0) - wanted[0]).max() > 0.01)
    for file in weights:
        model = network(k)
        model.load_weights(path(file))
        result.near(label(f"{file} predicts as Hornet"), [model.predict(scaled, verbose=0)],
                    predicted("model.json", f"--weights={path(file)}"))
        result.near(label(f"{file} has the weights of the whole model"), [model.predict(scaled, verbose=0)], wanted)

    model = k.models.load_model(path("model." + form))
    optimizer = model.optimizer
    steps = int(np.asarray(optimizer.iterations))
    result.that(label("the count of steps"), steps == SAMPLES // BATCH, f"is {steps}")
    rate = float(np.asarray(optimizer.learning_rate))
    result.that(label("the learning rate"), abs(rate - 0.002) < 1e-8, f"is {rate}")
    ours = checkpointed_slots(path(f"model.{form}.checkpoint"), len(model.weights))
    result.near(label("the slots are the checkpoint's"), slots(optimizer), ours, 0)
    result.that(label("the slots are not as they began"), all(np.any(a) for a in slots(optimizer)))

    model.train_on_batch(scaled[:BATCH], labels[:BATCH].astype("int32"))
    hornet("train", path("model." + form), "--resume", f"--data={path('next.npz')}", f"--batch-size={BATCH}", "--in-order",
           "--validation=none", f"--save={path('next.' + form)}")
    other = k.models.load_model(path("next." + form))
    result.near(label("the next step is Hornet's"), model.get_weights(), other.get_weights())
    result.near(label("and so are its slots"), slots(model.optimizer), slots(other.optimizer))
    result.that(label("and its count of steps"), int(np.asarray(other.optimizer.iterations)) == steps + 1)


def main():
    images = idx("train-images-idx3", 16, SAMPLES * 784).reshape(SAMPLES, 28, 28)
    labels = idx("train-labels-idx1", 8, SAMPLES)
    result = Check()
    for generation in KERAS:
        with tempfile.TemporaryDirectory() as scratch:
            check(generation, scratch, images, labels, result)
    sys.exit(1 if result.failures else 0)


if __name__ == "__main__":
    main()
