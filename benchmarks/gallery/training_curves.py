"""The loss by seven ways to descend on four tables, after scikit-learn's example plot_mlp_training_curves.py."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits, load_iris, make_circles, make_moons
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler

descent = {"solver": "sgd", "learning_rate_init": 0.2}
ways = {
    "constant rate": {**descent, "momentum": 0},
    "with momentum": {**descent, "momentum": 0.9, "nesterovs_momentum": False},
    "with Nesterov's": {**descent, "momentum": 0.9},
    "falling rate": {**descent, "learning_rate": "invscaling", "momentum": 0},
    "falling, with momentum": {
        **descent,
        "learning_rate": "invscaling",
        "momentum": 0.9,
        "nesterovs_momentum": False,
    },
    "falling, with Nesterov's": {**descent, "learning_rate": "invscaling", "momentum": 0.9},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}
tables = {
    "iris": load_iris(return_X_y=True),
    "digits": load_digits(return_X_y=True),
    "circles": make_circles(noise=0.2, factor=0.5, random_state=1),
    "moons": make_moons(noise=0.3, random_state=0),
}

figure, axes = plt.subplots(2, 2, figsize=(15, 10))
for (name, (X, y)), ax in zip(tables.items(), axes.ravel(), strict=True):
    X = MinMaxScaler().fit_transform(X)
    ax.set_title(name)
    for way, settings in ways.items():
        network = MLPClassifier(max_iter=15 if name == "digits" else 400, random_state=0, **settings)
        network.fit(X, y)
        print(f"{name}, {way}: {network.score(X, y):.3f}, loss {network.loss_:.4f}")
        ax.plot(network.loss_curve_, label=way)
figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=4, loc="upper center")
plt.show()
