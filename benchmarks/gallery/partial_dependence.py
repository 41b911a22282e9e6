"""How a target depends on single columns, after scikit-learn's example plot_partial_dependence.py.

There it is the price of Californian houses, which has to be fetched; here it is Friedman's first function, of which one
knows how it depends: on the third column by a parabola, on the fourth and the fifth by lines, on the sixth not at all.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import make_friedman1
from sklearn.inspection import PartialDependenceDisplay
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

numbers, y = make_friedman1(2000, noise=1.0, random_state=0)
X = pd.DataFrame(numbers, columns=[f"x{i + 1}" for i in range(10)])
X_train, X_test, y_train, y_test = train_test_split(X, y - y.mean(), test_size=0.1, random_state=0)

model = make_pipeline(
    QuantileTransformer(),
    MLPRegressor(hidden_layer_sizes=(30, 15), learning_rate_init=0.01, early_stopping=True, random_state=0),
)
model.fit(X_train, y_train)
print(f"R2 of the test rows: {model.score(X_test, y_test):.2f}")

display = PartialDependenceDisplay.from_estimator(
    model,
    X_train,
    ["x3", "x4", "x6"],
    kind="both",
    subsample=50,
    grid_resolution=10,
    random_state=0,
)
display.figure_.suptitle("Friedman's first function, as the network has it")
plt.show()
