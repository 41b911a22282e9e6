"""Two models in one picture, after scikit-learn's example plot_partial_dependence_visualization_api.py."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.inspection import PartialDependenceDisplay
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True)
tree = DecisionTreeRegressor(random_state=0).fit(X, y)
network = make_pipeline(
    StandardScaler(),
    MLPRegressor(hidden_layer_sizes=(100, 100), tol=1e-2, max_iter=500, random_state=0),
).fit(X, y)
print(f"R2: {tree.score(X, y):.3f} of the tree, {network.score(X, y):.3f} of the network")

_, axes = plt.subplots(1, 2, figsize=(10, 6))
of_tree = PartialDependenceDisplay.from_estimator(tree, X, ["age", "bmi"], ax=axes, line_kw={"label": "tree"})
of_network = PartialDependenceDisplay.from_estimator(
    network,
    X,
    ["age", "bmi"],
    ax=of_tree.axes_,
    grid_resolution=20,
    line_kw={"label": "network", "color": "red"},
)
plt.show()
