"""What the first layer looks for, after scikit-learn's example plot_mnist_filters.py.

There it is MNIST, which has to be fetched; here are the digits that scikit-learn ships, of 8 × 8 pixels.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.3, random_state=0)

network = MLPClassifier(
    hidden_layer_sizes=(40,),
    max_iter=8,
    alpha=1e-4,
    solver="sgd",
    verbose=10,
    random_state=1,
    learning_rate_init=0.2,
)
network.fit(X_train, y_train)
print(f"train: {network.score(X_train, y_train):.4f}")
print(f"test: {network.score(X_test, y_test):.4f}")

weights = network.coefs_[0]
_, axes = plt.subplots(4, 4)
for weight, ax in zip(weights.T, axes.ravel(), strict=False):
    ax.matshow(weight.reshape(8, 8), cmap="gray", vmin=weights.min() / 2, vmax=weights.max() / 2)
    ax.set_axis_off()
plt.show()
