"""Runs with two faults at once."""

import numpy as np

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.columns import constant, filled, numbered
from benchmarks.faults.held.depths import deep
from benchmarks.faults.held.nets import bias, killed, times
from benchmarks.faults.held.setting import job, layers, plant, set_to, without_history
from benchmarks.faults.held.splits import leaks, rare, same_rows
from benchmarks.faults.held.steps import few
from benchmarks.faults.held.tables import emptied, flipped, raw, raw_targets, targets

RUNS = [
    plant(
        "raw_and_price_housing",
        "inputs_unscaled targets_unscaled",
        scenes.housing,
        raw,
        raw_targets,
        targets(lambda y, rng: y * 1000),
    ),
    plant(
        "raw_and_low_rate_wine",
        "inputs_unscaled learning_rate_too_low",
        scenes.wine,
        raw,
        job(optimizer=cr.SGD(1e-7)),
    ),
    plant(
        "linear_and_low_rate_spirals",
        "missing_nonlinearity learning_rate_too_low",
        scenes.spirals,
        layers(cr.Dense(32), cr.Dense(32), cr.Dense(3, "softmax")),
        job(optimizer=cr.SGD(1e-4)),
    ),
    plant(
        "dead_and_few_epochs_energy",
        "dead_relu too_few_epochs",
        scenes.energy,
        set_to(before=killed),
        job(epochs=3),
    ),
    plant(
        "dropout_and_l2_digits",
        "dropout_too_high regularization_too_strong",
        scenes.digits,
        layers(
            cr.Dense(48, "relu", regularizer=cr.L2(0.1)),
            cr.Dropout(0.9),
            cr.Dense(10, "softmax", regularizer=cr.L2(0.1)),
        ),
    ),
    plant(
        "large_and_high_rate_friedman",
        "init_too_large learning_rate_too_high",
        scenes.friedman,
        times(8.0),
        job(optimizer=cr.Adam(0.5)),
    ),
    plant(
        "sigmoid_deep_low_rate_digits",
        "vanishing_gradients learning_rate_too_low",
        scenes.digits,
        deep(32, 6, "sigmoid", cr.Dense(10, "softmax")),
        job(optimizer=cr.SGD(0.001)),
    ),
    plant(
        "filled_and_raw_credit",
        "bad_imputation inputs_unscaled",
        scenes.credit,
        raw,
        filled(-99999.0, 0.15, [0, 2]),
    ),
    plant(
        "id_and_noise_cancer", "id_column label_noise", scenes.cancer, flipped(0.3), numbered(by_target=True)
    ),
    plant(
        "flipped_and_overfit_tags",
        "label_noise overfitting",
        scenes.tags,
        few(150),
        flipped(0.25),
        layers(cr.Dense(128, "relu"), cr.Dense(128, "relu"), cr.Dense(5, "sigmoid")),
        job(epochs=80),
    ),
    plant(
        "rare_and_few_epochs_heartbeats",
        "class_imbalance too_few_epochs",
        others.heartbeats,
        rare(0.05),
        set_to(validation="data"),
        job(epochs=3),
    ),
    plant(
        "same_rows_and_overfit_friedman",
        "duplicates_across_split overfitting",
        scenes.friedman,
        few(60),
        same_rows,
        layers(cr.Dense(128, "relu"), cr.Dense(128, "relu"), cr.Dense(1)),
        job(epochs=150),
    ),
    plant(
        "shuffled_and_high_rate_waves",
        "no_signal learning_rate_too_high",
        others.waves,
        emptied,
        job(optimizer=cr.Adam(1.0), epochs=15),
    ),
    plant(
        "noise_and_decay_spirals",
        "input_noise_too_strong regularization_too_strong",
        scenes.spirals,
        layers(cr.GaussianNoise(2.0), cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense(3, "softmax")),
        job(optimizer=cr.AdamW(0.01, weight_decay=2.0)),
    ),
    plant(
        "schedule_and_batch_bars",
        "learning_rate_schedule batch_too_large",
        others.bars,
        job(optimizer=cr.Adam(cr.StepDecay(0.01, 0.2, every=2)), batch_size=None),
    ),
    plant(
        "constant_and_small_tags",
        "constant_features underfit_capacity",
        scenes.tags,
        constant(slice(0, 6)),
        layers(cr.Dense(1, "relu"), cr.Dense(5, "sigmoid")),
    ),
    plant(
        "relu_out_and_price_forecast",
        "wrong_output_activation targets_unscaled",
        others.forecast,
        targets(lambda y, rng: 400 * y - 3000),
        layers(cr.SimpleRNN(16), cr.Dense(1, "relu")),
    ),
    plant(
        "leak_and_high_rate_credit",
        "target_leakage learning_rate_too_high",
        scenes.credit,
        leaks(lambda y, rng: y * 2.0 + rng.normal(0, 0.3, len(y))),
        job(optimizer=cr.Adam(1.5)),
    ),
    plant(
        "zeros_and_raw_wine",
        "symmetric_init inputs_unscaled",
        scenes.wine,
        raw,
        layers(cr.Dense(24, "tanh", initializer="zeros"), cr.Dense(3, "softmax", initializer="zeros")),
    ),
    plant(
        "saturated_and_clip_moons",
        "saturated_activations gradient_clipping_too_small",
        scenes.moons,
        bias("b1", 15.0),
        job(optimizer=cr.SGD(0.1, clip_norm=1e-3)),
        set_to(told=without_history),
    ),
    plant(
        "mean_loss_no_signal",
        "wrong_loss no_signal",
        scenes.friedman,
        emptied,
        job(loss=lambda y, p: np.mean(np.abs(p), axis=-1)),
    ),
]
