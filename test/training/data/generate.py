"""Writes metrics.json and callbacks.json beside this file: what Keras 3.15.1 computes.

python generate.py
"""
import json
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, content):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump({"written_by": f"keras {keras.__version__}", **content}, file, indent=1)
        file.write("\n")


def metrics():
    rng = np.random.default_rng(5)
    batches, size = 3, 8
    weights = [np.round(rng.uniform(0, 2, size), 2) for _ in range(batches)]
    hot = [np.eye(4)[rng.integers(0, 4, size)] for _ in range(batches)]
    data = {
        "binary": [(rng.integers(0, 2, (size, 1)), np.round(rng.uniform(0, 1, (size, 1)), 3)) for _ in range(batches)],
        "multilabel": [(rng.integers(0, 2, (size, 3)), np.round(rng.uniform(0, 1, (size, 3)), 3)) for _ in range(batches)],
        "categorical": [(h, np.round(rng.dirichlet(np.ones(4), size), 3)) for h in hot],
        "logits": [(h, np.round(rng.normal(0, 3, (size, 4)), 3)) for h in hot],
        "sparse_logits": [(h.argmax(1), np.round(rng.normal(0, 3, (size, 4)), 3)) for h in hot],
        "regression": [(np.round(rng.normal(0, 2, (size, 3)), 3), np.round(rng.normal(0, 2, (size, 3)), 3)) for _ in range(batches)],
        "labels": [(rng.integers(0, 4, size), rng.integers(0, 4, size)) for _ in range(batches)],
        "pixels": [(rng.integers(0, 4, (size, 2, 2)), np.round(rng.dirichlet(np.ones(4), (size, 2, 2)), 3)) for _ in range(batches)],
    }
    M = keras.metrics
    cases = [
        (M.AUC(curve="PR", summation_method="majoring"), "binary"),
        (M.AUC(curve="PRGAIN"), "binary"),
        (M.AUC(summation_method="minoring", num_thresholds=7), "binary"),
        (M.AUC(thresholds=[0.7, 0.2, 0.4]), "binary"),
        (M.AUC(multi_label=True, num_labels=3, label_weights=[1.0, 2.0, 0.5]), "multilabel"),
        (M.AUC(label_weights=[1.0, 2.0, 0.5]), "multilabel"),
        (M.AUC(curve="PR", multi_label=True, num_labels=3), "multilabel"),
        (M.AUC(from_logits=True), "logits"),
        (M.Precision(thresholds=[0.0, 0.5, 1.0]), "multilabel"),
        (M.Recall(top_k=2, class_id=1), "multilabel"),
        (M.TrueNegatives(thresholds=[0.3, 0.6]), "binary"),
        (M.SensitivityAtSpecificity(0.4), "binary"),
        (M.SpecificityAtSensitivity(0.6, num_thresholds=20), "binary"),
        (M.PrecisionAtRecall(0.7), "multilabel"),
        (M.RecallAtPrecision(0.5, class_id=2), "multilabel"),
        (M.F1Score(average="micro"), "categorical"),
        (M.F1Score(average="weighted"), "categorical"),
        (M.FBetaScore(beta=2.0, threshold=0.4), "multilabel"),
        (M.R2Score(class_aggregation=None), "regression"),
        (M.R2Score(class_aggregation="variance_weighted_average", num_regressors=2), "regression"),
        (M.PearsonCorrelation(), "regression"),
        (M.ConcordanceCorrelation(), "regression"),
        (M.SquaredHinge(), "multilabel"),
        (M.Hinge(), "regression"),
        (M.CategoricalHinge(), "categorical"),
        (M.Accuracy(), "labels"),
        (M.MeanIoU(num_classes=4), "labels"),
        (M.IoU(num_classes=4, target_class_ids=[0, 2], ignore_class=1), "labels"),
        (M.IoU(num_classes=4, target_class_ids=[1], dtype="float32"), "labels"),
        (M.MeanIoU(num_classes=4, sparse_y_pred=False), "pixels"),
        (M.OneHotIoU(num_classes=4, target_class_ids=[3]), "categorical"),
        (M.BinaryIoU(threshold=0.4), "binary"),
        (M.CategoricalCrossentropy(label_smoothing=0.1), "categorical"),
        (M.CategoricalCrossentropy(from_logits=True), "logits"),
        (M.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2), "sparse_logits"),
        (M.BinaryCrossentropy(from_logits=True, label_smoothing=0.2), "logits"),
        (M.SparseCategoricalAccuracy(), "pixels"),
        (M.SparseCategoricalAccuracy(), "sparse_logits"),
        (M.SparseTopKCategoricalAccuracy(k=2), "sparse_logits"),
        (M.BinaryAccuracy(), "multilabel"),
    ]
    results = []
    for metric, kind in cases:
        case = {"metric": json.loads(json.dumps(keras.metrics.serialize(metric), default=lambda x: np.asarray(x).tolist())), "data": kind}
        for key, weighted in [("plain", False), ("weighted", True)]:
            metric.reset_state()
            case[key] = []
            if weighted and kind == "pixels" and "IoU" in type(metric).__name__:
                continue  # Keras wants a weight a pixel
            for (y_true, y_pred), weight in zip(data[kind], weights):
                if weighted and isinstance(metric, (M.IoU,)):
                    weight = weight if metric.dtype == "float32" else weight.astype("int32")
                metric.update_state(y_true, np.asarray(y_pred, "float32"), sample_weight=weight if weighted else None)
                case[key].append(np.asarray(metric.result(), "float64").tolist())
        results.append(case)
    write("metrics.json", {
        "tolerance": 1e-5,
        "weights": [w.tolist() for w in weights],
        "data": {k: [{"targets": np.asarray(t).tolist(), "predictions": np.asarray(p).tolist()} for t, p in v] for k, v in data.items()},
        "cases": results,
    })


class Optimizer:
    def __init__(self, rate):
        self.learning_rate = rate


class Model:
    """What the callbacks ask of a model."""

    def __init__(self):
        self.optimizer = Optimizer(1.0)
        self.stop_training = False
        self.epoch = None
        self.restored = None
        self.metrics = []

    def get_weights(self):
        return self.epoch

    def set_weights(self, epoch):
        self.restored = epoch


def callbacks():
    rng = np.random.default_rng(2)
    noisy = np.round(1 / (1 + np.arange(24)) + rng.normal(0, 0.08, 24), 4).tolist()
    sequences = {
        "noisy": noisy,
        "flat": [0.5] * 12,
        "worse": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "steps": [1.0, 0.9, 0.9, 0.9, 0.899, 0.8, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7],
        "nan": [0.5, float("nan"), 0.4, 0.6, 0.6, 0.6],
    }
    stopping, plateau, checkpoint = [], [], []
    for name, values in sequences.items():
        for config in [
            {},
            {"patience": 2},
            {"patience": 3, "min_delta": 0.05, "restore_best_weights": True},
            {"patience": 1, "mode": "max", "restore_best_weights": True},
            {"patience": 2, "baseline": 0.4},
            {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True},
        ]:
            callback, model = keras.callbacks.EarlyStopping(**config), Model()
            callback.set_model(model)
            callback.on_train_begin()
            stopped = None
            for epoch, value in enumerate(values):
                model.epoch = epoch
                callback.on_epoch_end(epoch, {"val_loss": value})
                if model.stop_training:
                    stopped = epoch
                    break
            callback.on_train_end()
            stopping.append({"values": name, "config": config, "stopped": stopped, "restored": model.restored})
        for config in [
            {"patience": 2},
            {"patience": 1, "factor": 0.5, "cooldown": 2},
            {"patience": 1, "factor": 0.3, "min_lr": 0.05, "min_delta": 0.02},
            {"patience": 2, "factor": 0.5, "mode": "max", "cooldown": 1},
        ]:
            callback, model = keras.callbacks.ReduceLROnPlateau(**config), Model()
            callback.set_model(model)
            callback.on_train_begin()
            rates = []
            for epoch, value in enumerate(values):
                callback.on_epoch_end(epoch, {"val_loss": value})
                rates.append(model.optimizer.learning_rate)
            plateau.append({"values": name, "config": config, "rates": rates})
        for config in [{}, {"mode": "max"}, {"initial_value_threshold": 0.45}]:
            callback = keras.callbacks.ModelCheckpoint("x.keras", save_best_only=True, **config)
            callback.set_model(Model())
            callback._set_monitor_op()
            saved = [epoch for epoch, value in enumerate(values) if callback._should_save_model(epoch, None, {"val_loss": value}, "x.keras")]
            checkpoint.append({"values": name, "config": config, "saved": saved})
    write("callbacks.json", {"sequences": sequences, "early_stopping": stopping, "reduce_on_plateau": plateau, "best": checkpoint})


metrics()
callbacks()
