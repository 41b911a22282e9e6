"""A network, and everything that its fit takes."""

import numpy as np

import chainrule as cr

generator = np.random.default_rng(0)
X, y = generator.normal(size=(64, 4)), generator.integers(0, 2, 64)


def swish(z: cr.Node) -> cr.Node:
    return z * cr.sigmoid(z)


def squared(y: cr.Node, p: cr.Node) -> cr.Node:
    return ((p - y) ** 2).mean(axis=1)


def worst(y: cr.Node, p: cr.Node) -> cr.Node:
    return abs(p - y).max(axis=1)


def rows(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0.0, 0.1, shape)


def told(network: cr.Network, epoch: int, logs: dict[str, float]) -> bool:
    return logs["cost"] < 0.01


class Told:
    def on_epoch_end(self, network: cr.Network, epoch: int, logs: dict[str, float]) -> None:
        self.last = epoch, logs["cost"], len(network.layers)

    def on_train_end(self, network: cr.Network, history: cr.History) -> None:
        self.why = history.stopped


network = cr.Network(
    [
        cr.Dense(8, swish, initializer=rows, regularizer=cr.L2(1e-3), name="first"),
        cr.Dense(8, "ReLU", initializer="He_normal", regularizer=1e-3),
        cr.Dense(8, cr.LeakyReLU(0.2), initializer=cr.Normal(0.1), regularizer=lambda w: (w * w).sum()),
        cr.Dense(8, cr.gelu, use_bias=False, initializer=0.1),
        cr.Dense(8, np.tanh),
        cr.Dense(8, lambda z: z * (z > 0)),
        cr.BatchNormalization(),
        cr.Dropout(0.2),
        cr.Dense(1, "sigmoid"),
    ],
    input_shape=4,
    dtype=np.float64,
    seed=0,
)
history: cr.History = network.fit(
    X,
    y,
    loss="binary_crossentropy",
    optimizer=cr.Adam(cr.WarmUp(cr.Cosine(3e-3), steps=5), clip_norm=1.0),
    batch_size=16,
    epochs=2,
    metrics=["accuracy", "mae", worst, lambda y, p: (y - p).mean(axis=1)],
    validation_data=(X[:8], y[:8]),
    shuffle=False,
    class_weight={0: 1.0, 1: 2.0},
    sample_weight=np.ones(64),
    callbacks=[cr.EarlyStopping(3, monitor="val_cost"), told, Told(), lambda network, epoch, logs: epoch > 5],
    time_budget=10,
)
costs: list[float] = history["cost"]
print(costs[-1], history.stopped, history.epochs)
network.fit(
    X.tolist(), y.tolist(), loss=squared, optimizer="SGD", epochs=1, callbacks=told, metrics="accuracy"
)
network.fit(X, y, loss=cr.mse, optimizer=lambda g, slot, t: (0.01 * g, []), epochs=1, class_weight="balanced")
network.fit(X, y, loss=cr.Huber(0.5), optimizer="adamw", batch_size=None, epochs=2, verbose=0, tol=1e-9)
print(network.predict(X[:2]).tolist(), network.predict_classes(X[:2]).sum(), network.evaluate(X, y)["cost"])
print(network.parameters["W1"].shape, list(network.activations(X[:2])), network.gradients(X, y)["b1"].dtype)
network.parameters["b1"] = np.zeros(8)
print(network.check_gradients(X, y).passed, network.show(X, y, "graph"), network.summary_text())


def positions(image: cr.Node, radar: cr.Node) -> cr.Node:
    seen = cr.Dense(16, "relu")(cr.Flatten()(image))
    heard = np.tanh(cr.Dense(4)(radar))
    return cr.Dense(2)(np.concatenate([seen, heard], axis=1))


car = cr.Network(positions, inputs={"image": (8, 8), "radar": 3}, seed=0)
inputs = {"image": np.zeros((5, 8, 8)), "radar": np.ones((5, 3))}
car.fit(inputs, np.zeros((5, 2)), optimizer=cr.LBFGS(max_evaluations=5), batch_size=None)
car.save("car.safetensors", extra={"made by": "me"})
again: cr.Network = cr.load("car.safetensors")
print(again.predict(inputs).shape, cr.load("car.safetensors").extra)
