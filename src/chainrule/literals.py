"""The names by which things are chosen, for editors: they complete a Literal, and offer no text that is not one.

What takes one of them takes any text beside it: a name in another case, and one that was added to a table. A Literal
cannot be computed, so a test holds each of these to the table that it is of.
"""

from typing import Literal, TypeAlias

ActivationName: TypeAlias = Literal[
    "relu", "sigmoid", "tanh", "softmax", "identity", "linear", "gelu", "silu", "swish", "elu", "leaky_relu",
    "softplus", "logistic", "step", "exponential",
]  # fmt: skip
LossName: TypeAlias = Literal[
    "mse", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mae", "huber",
    "poisson", "quantile", "half_mse", "mean_squared_error", "half_mean_squared_error", "mean_absolute_error",
    "pinball", "log_loss",
]  # fmt: skip
InitializerName: TypeAlias = Literal[
    "he", "he_normal", "he_uniform", "glorot", "glorot_normal", "glorot_uniform", "xavier", "xavier_normal",
    "xavier_uniform", "lecun", "lecun_normal", "lecun_uniform", "orthogonal", "zeros", "ones", "small", "large",
]  # fmt: skip
RegularizerName: TypeAlias = Literal["l1", "l2", "l1_l2"]
OptimizerName: TypeAlias = Literal[
    "adam", "sgd", "adamw", "rmsprop", "adagrad", "momentum", "nesterov", "lbfgs"
]  # fmt: skip
MetricName: TypeAlias = Literal[
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "auc", "average_precision", "r2", "rmse", "mape",
    "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "roc_auc",
    "root_mean_squared_error", "mean_absolute_percentage_error",
]  # and every loss, and averages such as "f1_macro"  # fmt: skip
MonitorName: TypeAlias = Literal[
    "val_cost", "cost", "val_accuracy", "accuracy"
]  # and every other that is recorded
TaskName: TypeAlias = Literal["regression", "classification", "binary", "multiclass", "multilabel"]
SampleName: TypeAlias = Literal[
    "iris", "wine", "breast_cancer", "digits", "diabetes", "xor", "circles", "moons", "spirals", "four_people"
]
EngineName: TypeAlias = Literal["auto", "native", "numpy"]
PictureKind: TypeAlias = Literal[
    "confusion", "roc", "precision_recall", "calibration", "thresholds", "predicted_against_true", "residuals",
    "boundary",
]  # fmt: skip
StageName: TypeAlias = Literal["graph", "fusion", "memory", "ir", "asm", "source"]
