"""The second round: one fault of each kind, on trainings that the first did not have, and some that are well."""

import numpy as np

import chainrule as cr
from benchmarks.faults.held import fresh
from benchmarks.faults.held.columns import by_column, constant, filled, numbered, shifted
from benchmarks.faults.held.depths import deep
from benchmarks.faults.held.ends import half_entropy, outputs, swish
from benchmarks.faults.held.healthy import log_cosh, partly_dead
from benchmarks.faults.held.nets import bias, killed, times
from benchmarks.faults.held.setting import job, layers, plant, set_to, without_history
from benchmarks.faults.held.splits import few, first_of_validation, leaks, rare
from benchmarks.faults.held.tables import flipped, later, raw, raw_targets, shuffled, targets, to_all

_BROKEN = [
    plant("second_rate_high", "learning_rate_too_high", fresh.shell, job(optimizer=cr.AdamW(0.8))),
    plant("second_rate_low", "learning_rate_too_low", fresh.hill, job(optimizer=cr.Adam(1e-5))),
    plant(
        "second_schedule",
        "learning_rate_schedule",
        fresh.board,
        job(optimizer=cr.Adam(cr.StepDecay(0.01, 0.1, every=2))),
    ),
    plant("second_momentum", "momentum_too_high", fresh.sorts, job(optimizer=cr.SGD(0.03, momentum=0.999))),
    plant(
        "second_clip",
        "gradient_clipping_too_small",
        fresh.circuit,
        job(optimizer=cr.SGD(0.1, momentum=0.9, clip_norm=5e-4)),
    ),
    plant("second_batch_all", "batch_too_large", fresh.glyphs, job(batch_size=None, epochs=12)),
    plant(
        "second_batch_one",
        "batch_too_small learning_rate_too_high",
        fresh.level,
        job(batch_size=1, optimizer=cr.SGD(0.035), epochs=8),
    ),
    plant("second_epochs", "too_few_epochs", fresh.circuit, job(epochs=2)),
    plant("second_raw", "inputs_unscaled", fresh.circuit, raw),
    plant("second_raw_sorts", "inputs_unscaled", fresh.sorts, raw),
    plant("second_targets", "targets_unscaled", fresh.hill, raw_targets),
    plant(
        "second_dead",
        "dead_relu",
        fresh.faults_of_machines,
        bias("b1", -14.0),
        set_to(told=without_history),
    ),
    plant("second_mostly_dead", "dead_relu", fresh.board, set_to(before=killed)),
    plant("second_flat", "saturated_activations", fresh.hill, bias("b1", 20.0)),
    plant(
        "second_same",
        "symmetric_init",
        fresh.faults_of_machines,
        layers(
            cr.Dense(32, "relu", initializer=cr.Filled(0.05)),
            cr.Dense(16, "relu", initializer=cr.Filled(0.05)),
            cr.Dense(3, "sigmoid", initializer=cr.Filled(0.05)),
        ),
    ),
    plant("second_large", "init_too_large", fresh.shell, times(12.0)),
    plant("second_small", "init_too_small", fresh.glyphs, times(2e-4), job(optimizer=cr.SGD(0.05))),
    plant(
        "second_vanish",
        "vanishing_gradients",
        fresh.sorts,
        deep(24, 9, "sigmoid", cr.Dense(5, "softmax")),
    ),
    plant(
        "second_explode",
        "exploding_gradients init_too_large",
        fresh.circuit,
        deep(32, 14, "relu", cr.Dense(1), initializer=cr.Scaled(7.0, "in")),
        job(optimizer=cr.SGD(0.01)),
    ),
    plant(
        "second_linear",
        "missing_nonlinearity",
        fresh.board,
        layers(cr.Dense(48), cr.Dense(32), cr.Dense(1, "sigmoid")),
    ),
    plant(
        "second_output", "wrong_output_activation", fresh.level, outputs(cr.Dense(1, "sigmoid"), loss="mse")
    ),
    plant("second_loss", "wrong_loss", fresh.brackets, job(loss=half_entropy)),
    plant("second_shuffled", "no_signal", fresh.faults_of_machines, shuffled),
    plant("second_flipped", "label_noise", fresh.sorts, flipped(0.35)),
    plant(
        "second_leak",
        "target_leakage",
        fresh.circuit,
        leaks(lambda y, rng: 3 * y + rng.normal(0, 0.02, len(y))),
    ),
    plant(
        "second_copies",
        "duplicates_across_split",
        fresh.sorts,
        few(200),
        first_of_validation(0.8),
        job(epochs=60),
    ),
    plant("second_rare", "class_imbalance", fresh.brackets, rare(0.05)),
    plant(
        "second_tiny",
        "underfit_capacity",
        fresh.hill,
        layers(cr.Dense(1, "tanh"), cr.Dense(1)),
        job(epochs=150),
    ),
    plant(
        "second_heart",
        "overfitting",
        fresh.faults_of_machines,
        few(70),
        layers(cr.Dense(160, "relu"), cr.Dense(160, "relu"), cr.Dense(3, "sigmoid")),
        job(epochs=100),
    ),
    plant(
        "second_dropout",
        "dropout_too_high",
        fresh.glyphs,
        layers(
            cr.Conv2D(12, 3, padding="same", activation="relu"),
            cr.MaxPooling2D(2),
            cr.Conv2D(16, 3, activation="relu"),
            cr.Flatten(),
            cr.Dropout(0.97),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant(
        "second_price",
        "regularization_too_strong",
        fresh.shell,
        layers(
            cr.Dense(40, "gelu", regularizer=cr.L2(0.3)),
            cr.Dense(20, "gelu", regularizer=cr.L2(0.3)),
            cr.Dense(2, "softmax"),
        ),
    ),
    plant(
        "second_gradient",
        "wrong_gradient",
        fresh.circuit,
        layers(cr.Dense(48, swish), cr.Dense(24, swish), cr.Dense(1)),
    ),
    plant(
        "second_noise",
        "input_noise_too_strong",
        fresh.hill,
        layers(cr.GaussianNoise(2.0), cr.Dense(32, "tanh"), cr.Dense(32, "tanh"), cr.Dense(1)),
    ),
    plant("second_constant", "constant_features", fresh.faults_of_machines, constant(slice(0, 4))),
    plant("second_filled", "bad_imputation", fresh.circuit, filled(-99999.0, 0.15, [0, 1])),
    plant("second_shift", "distribution_shift", fresh.level, shifted(lambda X, rng: 3 * X + 4)),
    plant("second_shift_by_size", "distribution_shift", fresh.shell, set_to(validation="data"), by_column(0)),
    plant(
        "second_whole",
        "target_degenerate",
        fresh.hill,
        set_to(scale_y=False),
        targets(lambda y, rng: np.floor(y / 200.0), False),
    ),
    plant("second_number", "id_column", fresh.circuit, later(numbered(1.0, 20_000))),
]

_WELL = [
    *(
        plant(f"second_{scene.__name__}", "", scene)
        for scene in (
            fresh.board,
            fresh.shell,
            fresh.sorts,
            fresh.hill,
            fresh.circuit,
            fresh.wages,
            fresh.glyphs,
            fresh.level,
            fresh.brackets,
            fresh.town_and_numbers,
            fresh.faults_of_machines,
        )
    ),
    plant("second_own_loss", "", fresh.wages, job(loss=log_cosh)),
    plant(
        "second_third_dead",
        "",
        fresh.shell,
        layers(cr.Dense(64, "relu"), cr.Dense(2, "softmax")),
        set_to(begin=partly_dead),
    ),
    plant("second_stopped", "", fresh.circuit, job(epochs=300, callbacks=[cr.EarlyStopping(patience=12)])),
    plant("second_warm", "", fresh.glyphs, job(optimizer=cr.Adam(cr.WarmUp(cr.Cosine(0.005), epochs=2)))),
    plant("second_step_by_one", "", fresh.wages, job(batch_size=1, optimizer=cr.SGD(0.005), epochs=15)),
    plant(
        "second_bytes_inside",
        "",
        fresh.glyphs,
        to_all(lambda X, rng: np.round(X * 255)),
        layers(
            cr.Rescaling(1 / 255),
            cr.Conv2D(12, 3, padding="same", activation="relu"),
            cr.MaxPooling2D(2),
            cr.Conv2D(16, 3, activation="relu"),
            cr.Flatten(),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant(
        "second_normalised",
        "",
        fresh.sorts,
        raw,
        layers(cr.BatchNormalization(), cr.Dense(40, "relu"), cr.Dense(5, "softmax")),
    ),
    plant("second_lbfgs", "", fresh.hill, job(optimizer="lbfgs", epochs=60)),
    plant("second_silent", "", fresh.board, set_to(told=without_history)),
]

RUNS = [*_BROKEN, *_WELL]
