"""What ``alpha`` does to the border of two classes, after scikit-learn's example plot_mlp_alpha.py."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles, make_classification, make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

apart, kind = make_classification(
    n_features=2, n_redundant=0, n_informative=2, n_clusters_per_class=1, random_state=0
)
apart += 2 * np.random.RandomState(2).uniform(size=apart.shape)
tables = {
    "moons": make_moons(noise=0.3, random_state=0),
    "circles": make_circles(noise=0.2, factor=0.5, random_state=1),
    "a line apart": (apart, kind),
}
alphas = np.logspace(-1, 1, 5)

_, rows_of_axes = plt.subplots(len(tables), len(alphas), figsize=(17, 9))
for (name, (X, y)), row in zip(tables.items(), rows_of_axes, strict=True):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    for alpha, ax in zip(alphas, row, strict=True):
        network = MLPClassifier(
            hidden_layer_sizes=[10, 10],
            solver="lbfgs",
            alpha=alpha,
            max_iter=2000,
            early_stopping=True,
            random_state=1,
        )
        model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
        score = model.score(X_test, y_test)
        print(f"{name}, alpha {alpha:.2f}: {score:.2f}")
        DecisionBoundaryDisplay.from_estimator(model, X, ax=ax, grid_resolution=20, cmap="RdBu", eps=0.5)
        ax.scatter(*X_train.T, c=y_train, edgecolors="black", s=25)
        ax.scatter(*X_test.T, c=y_test, edgecolors="black", s=25, alpha=0.6)
        ax.set_title(f"{name}, alpha {alpha:.2f}: {score:.2f}")
plt.show()
