"""Runs whose steps, batches, epochs or brakes are wrong."""

import chainrule as cr
from benchmarks.faults.held import others, scenes
from benchmarks.faults.held.setting import (
    job,
    layers,
    plant,
    set_to,
    without_history,
)


class Cliff(cr.Schedule):
    """A rate that somebody meant to end after ten steps of a much longer run."""

    def at(self, step, total, per_epoch):  # type: ignore[no-untyped-def]
        """Return the rate at a step."""
        return 0.01 * (1.0 - cr.sigmoid(2.0 * (step - 8.0)))


_RATE = [
    plant("lr_digits_adam_2", "learning_rate_too_high", scenes.digits, job(optimizer=cr.Adam(2.0))),
    plant("lr_friedman_sgd_3", "learning_rate_too_high", scenes.friedman, job(optimizer=cr.SGD(3.0))),
    plant("lr_cancer_adam_half", "learning_rate_too_high", scenes.cancer, job(optimizer=cr.Adam(1.5))),
    plant("lr_waves_lstm_half", "learning_rate_too_high", others.waves, job(optimizer=cr.Adam(1.2))),
    plant(
        "lr_pictures_rmsprop", "learning_rate_too_high", others.digit_pictures, job(optimizer=cr.RMSprop(0.4))
    ),
    plant("lr_energy_mild", "learning_rate_too_high", scenes.energy, job(optimizer=cr.Adam(0.15))),
    plant(
        "lr_sine_no_history",
        "learning_rate_too_high",
        scenes.sine,
        job(optimizer=cr.SGD(2.0, momentum=0.5)),
        set_to(told=without_history),
    ),
    plant("lr_tags_one", "learning_rate_too_high", scenes.tags, job(optimizer=cr.Adam(1.0), epochs=15)),
    plant("lr_low_digits_sgd", "learning_rate_too_low", scenes.digits, job(optimizer=cr.SGD(1e-5))),
    plant("lr_low_friedman_adam", "learning_rate_too_low", scenes.friedman, job(optimizer=cr.Adam(1e-6))),
    plant(
        "lr_low_iris_sgd_mild", "learning_rate_too_low", scenes.iris, job(optimizer=cr.SGD(5e-4), epochs=50)
    ),
    plant(
        "lr_low_memory_gru", "learning_rate_too_low", others.memory, job(optimizer=cr.SGD(1e-4, momentum=0.5))
    ),
    plant("lr_low_energy_mild", "learning_rate_too_low", scenes.energy, job(optimizer=cr.Adam(2e-5))),
    plant("lr_low_adagrad", "learning_rate_too_low", scenes.spirals, job(optimizer=cr.Adagrad(3e-4))),
    plant(
        "lr_low_reviews", "learning_rate_too_low", others.reviews, job(optimizer=cr.RMSprop(1e-5), epochs=40)
    ),
    plant(
        "schedule_every_epoch_tenth",
        "learning_rate_schedule",
        scenes.digits,
        job(optimizer=cr.SGD(cr.StepDecay(0.05, factor=0.1, every=1), momentum=0.5)),
    ),
    plant(
        "schedule_exponential_by_step",
        "learning_rate_schedule",
        scenes.spirals,
        job(optimizer=cr.Adam(cr.ExponentialDecay(0.01, 0.1, per="step"))),
    ),
    plant(
        "schedule_warm_up_for_ever",
        "learning_rate_schedule",
        scenes.friedman,
        job(optimizer=cr.SGD(cr.WarmUp(0.05, steps=500_000), momentum=0.9)),
    ),
    plant(
        "schedule_steps_hasty",
        "learning_rate_schedule",
        scenes.circles,
        job(optimizer=cr.SGD(cr.StepDecay(0.3, factor=0.05, every=2))),
    ),
    plant("schedule_own_cliff", "learning_rate_schedule", scenes.tags, job(optimizer=cr.Adam(Cliff()))),
    plant(
        "schedule_exponential_mild",
        "learning_rate_schedule",
        others.waves,
        job(optimizer=cr.Adam(cr.ExponentialDecay(0.02, 1.0))),
    ),
    plant(
        "momentum_999_digits", "momentum_too_high", scenes.digits, job(optimizer=cr.SGD(0.1, momentum=0.999))
    ),
    plant(
        "momentum_99_energy", "momentum_too_high", scenes.energy, job(optimizer=cr.SGD(0.1, momentum=0.995))
    ),
    plant(
        "momentum_nesterov_moons",
        "momentum_too_high",
        scenes.moons,
        job(optimizer=cr.SGD(0.1, momentum=0.999, nesterov=True)),
    ),
    plant(
        "momentum_forecast", "momentum_too_high", others.forecast, job(optimizer=cr.SGD(0.05, momentum=0.998))
    ),
    plant("momentum_tags", "momentum_too_high", scenes.tags, job(optimizer=cr.SGD(0.3, momentum=0.998))),
    plant(
        "clip_digits_1e-4",
        "gradient_clipping_too_small",
        scenes.digits,
        job(optimizer=cr.SGD(0.1, momentum=0.9, clip_norm=1e-4)),
    ),
    plant(
        "clip_friedman_1e-3",
        "gradient_clipping_too_small",
        scenes.friedman,
        job(optimizer=cr.SGD(0.05, clip_norm=1e-3)),
    ),
    plant(
        "clip_moons_mild",
        "gradient_clipping_too_small",
        scenes.moons,
        job(optimizer=cr.SGD(0.3, clip_norm=0.01)),
    ),
    plant(
        "clip_pictures",
        "gradient_clipping_too_small",
        others.digit_pictures,
        job(optimizer=cr.SGD(0.1, momentum=0.9, clip_norm=0.001)),
    ),
    plant(
        "clip_memory_gru",
        "gradient_clipping_too_small",
        others.memory,
        job(optimizer=cr.SGD(0.5, momentum=0.9, clip_norm=1e-4)),
    ),
    plant("batch_all_digits", "batch_too_large", scenes.digits, job(batch_size=None, epochs=15)),
    plant("batch_10000_spirals", "batch_too_large", scenes.spirals, job(batch_size=10_000, epochs=40)),
    plant("batch_all_friedman", "batch_too_large", scenes.friedman, job(batch_size=None, epochs=20)),
    plant("batch_half_reviews", "batch_too_large", others.reviews, job(batch_size=300, epochs=12)),
    plant("batch_all_bars", "batch_too_large", others.bars, job(batch_size=None, epochs=10)),
    plant(
        "batch_one_energy",
        "batch_too_small",
        scenes.energy,
        job(batch_size=1, optimizer=cr.SGD(0.1), epochs=15),
    ),
    plant(
        "batch_one_diabetes",
        "batch_too_small",
        scenes.diabetes,
        job(batch_size=1, optimizer=cr.SGD(0.08), epochs=25),
    ),
    plant(
        "batch_one_tags", "batch_too_small", scenes.tags, job(batch_size=1, optimizer=cr.Adam(0.05), epochs=6)
    ),
    plant(
        "batch_one_pictures",
        "batch_too_small",
        others.digit_pictures,
        job(batch_size=1, optimizer=cr.Adam(0.02), epochs=3),
    ),
    plant(
        "batch_two_normalized",
        "batch_too_small",
        scenes.digits,
        job(batch_size=2, epochs=4, optimizer=cr.Adam(0.01)),
        layers(cr.Dense(32), cr.BatchNormalization(), cr.Activation("relu"), cr.Dense(10, "softmax")),
    ),
    plant("epochs_one_digits", "too_few_epochs", scenes.digits, job(epochs=1)),
    plant("epochs_two_spirals", "too_few_epochs", scenes.spirals, job(epochs=3)),
    plant("epochs_three_waves", "too_few_epochs", others.waves, job(epochs=3)),
    plant("epochs_five_sine", "too_few_epochs", scenes.sine, job(epochs=6)),
    plant("epochs_three_housing", "too_few_epochs", scenes.housing, job(epochs=2)),
    plant(
        "epochs_stopped_hastily",
        "too_few_epochs",
        scenes.spirals,
        job(optimizer=cr.Adam(0.002), callbacks=[cr.EarlyStopping(patience=1, min_delta=0.02)]),
    ),
]

_BIG = (cr.Dense(128, "relu"), cr.Dense(128, "relu"))


def few(rows: int):  # type: ignore[no-untyped-def]
    """Return the fault that leaves so few rows to learn from."""

    def put(s, rng):  # type: ignore[no-untyped-def]
        s.X, s.y = s.X[:rows], s.y[:rows]

    return put


_BRAKES = [
    plant(
        "overfit_diabetes_wide", "overfitting", scenes.diabetes, layers(*_BIG, cr.Dense(1)), job(epochs=150)
    ),
    plant(
        "overfit_tags_few",
        "overfitting",
        scenes.tags,
        few(60),
        layers(*_BIG, cr.Dense(5, "sigmoid")),
        job(epochs=100),
    ),
    plant(
        "overfit_credit_long",
        "overfitting",
        scenes.credit,
        layers(*_BIG, cr.Dense(1, "sigmoid")),
        job(epochs=60),
    ),
    plant(
        "overfit_friedman_few",
        "overfitting",
        scenes.friedman,
        few(80),
        layers(*_BIG, cr.Dense(1)),
        job(epochs=200),
    ),
    plant("overfit_reviews_few", "overfitting", others.reviews, few(24), job(epochs=80)),
    plant(
        "overfit_forecast_few",
        "overfitting",
        others.forecast,
        few(25),
        layers(cr.LSTM(32), cr.Dense(1)),
        job(epochs=150),
    ),
    plant(
        "dropout_95_digits",
        "dropout_too_high",
        scenes.digits,
        layers(cr.Dense(48, "relu"), cr.Dropout(0.95), cr.Dense(10, "softmax")),
    ),
    plant(
        "dropout_inputs_wine",
        "dropout_too_high",
        scenes.friedman,
        layers(cr.Dropout(0.8), cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(1)),
    ),
    plant(
        "dropout_each_layer_moons",
        "dropout_too_high",
        scenes.moons,
        layers(
            cr.Dense(16, "tanh"),
            cr.Dropout(0.8),
            cr.Dense(16, "tanh"),
            cr.Dropout(0.8),
            cr.Dense(1, "sigmoid"),
        ),
    ),
    plant(
        "dropout_lstm",
        "dropout_too_high",
        others.waves,
        layers(cr.LSTM(20, dropout=0.8, recurrent_dropout=0.8), cr.Dense(3, "softmax")),
    ),
    plant(
        "dropout_spatial_bars",
        "dropout_too_high",
        others.bars,
        layers(
            cr.Conv2D(8, 3, padding="same", activation="relu"),
            cr.SpatialDropout2D(0.85),
            cr.MaxPooling2D(2),
            cr.Conv2D(8, 3, activation="relu"),
            cr.GlobalMaxPooling2D(),
            cr.Dropout(0.7),
            cr.Dense(3, "softmax"),
        ),
    ),
    plant(
        "dropout_70_energy_mild",
        "dropout_too_high",
        scenes.energy,
        layers(cr.Dense(24, "relu"), cr.Dropout(0.7), cr.Dense(16, "relu"), cr.Dropout(0.7), cr.Dense(2)),
    ),
    plant(
        "l2_one_digits",
        "regularization_too_strong",
        scenes.digits,
        layers(cr.Dense(48, "relu", regularizer=cr.L2(1.0)), cr.Dense(10, "softmax", regularizer=cr.L2(1.0))),
    ),
    plant(
        "l1_friedman",
        "regularization_too_strong",
        scenes.friedman,
        layers(
            cr.Dense(32, "relu", regularizer=cr.L1(0.1)),
            cr.Dense(16, "relu", regularizer=cr.L1(0.1)),
            cr.Dense(1),
        ),
    ),
    plant(
        "decay_five_spirals",
        "regularization_too_strong",
        scenes.spirals,
        job(optimizer=cr.AdamW(0.01, weight_decay=3.0)),
    ),
    plant(
        "decay_sgd_pictures",
        "regularization_too_strong",
        others.digit_pictures,
        job(optimizer=cr.SGD(0.1, momentum=0.9, weight_decay=0.5)),
    ),
    plant(
        "l2_waves_recurrent",
        "regularization_too_strong",
        others.waves,
        layers(
            cr.LSTM(20, regularizer="l2", recurrent_regularizer=cr.L2(0.3)),
            cr.Dense(3, "softmax", regularizer=cr.L2(0.1)),
        ),
    ),
    plant(
        "l2_sine_mild",
        "regularization_too_strong",
        scenes.sine,
        layers(
            cr.Dense(32, "tanh", regularizer=cr.L2(0.03)),
            cr.Dense(16, "tanh", regularizer=cr.L2(0.03)),
            cr.Dense(1),
        ),
    ),
    plant(
        "noise_five_iris",
        "input_noise_too_strong",
        scenes.iris,
        layers(cr.GaussianNoise(5.0), cr.Dense(16, "relu"), cr.Dense(3, "softmax")),
    ),
    plant(
        "noise_two_friedman",
        "input_noise_too_strong",
        scenes.friedman,
        layers(cr.GaussianNoise(2.0), cr.Dense(32, "relu"), cr.Dense(16, "relu"), cr.Dense(1)),
    ),
    plant(
        "noise_spirals_mild",
        "input_noise_too_strong",
        scenes.spirals,
        layers(cr.GaussianNoise(0.6), cr.Dense(32, "relu"), cr.Dense(32, "relu"), cr.Dense(3, "softmax")),
    ),
    plant(
        "noise_turned_digits",
        "input_noise_too_strong",
        others.digit_pictures,
        layers(
            cr.RandomRotation(0.5),
            cr.RandomTranslation(0.4, 0.4),
            cr.Conv2D(8, 3, activation="relu"),
            cr.MaxPooling2D(),
            cr.Flatten(),
            cr.Dense(10, "softmax"),
        ),
    ),
    plant(
        "noise_waves",
        "input_noise_too_strong",
        others.waves,
        layers(cr.GaussianNoise(3.0), cr.LSTM(20), cr.Dense(3, "softmax")),
    ),
]

RUNS = _RATE + _BRAKES
