"""First steps as in scikit-learn's user guide on networks: several labels, several outputs, warm starts, a pipeline."""

from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = [[0.0, 0.0], [1.0, 1.0]], [0, 1]
network = MLPClassifier(solver="lbfgs", alpha=1e-5, hidden_layer_sizes=(5, 2), random_state=1)
network.fit(X, y)
print(network)
print(network.predict([[2.0, 2.0], [-1.0, -2.0]]), [w.shape for w in network.coefs_])
print(network.predict_proba([[2.0, 2.0], [1.0, 2.0]]).round(4))

labels = MLPClassifier(solver="lbfgs", alpha=1e-5, hidden_layer_sizes=(15,), random_state=1)
labels.fit(X, [[0, 1], [1, 1]])
print(labels.predict([[1.0, 2.0], [0.0, 0.0]]), labels.out_activation_, labels.n_outputs_)

both = MLPRegressor(hidden_layer_sizes=(8,), solver="adam", max_iter=50, random_state=1)
both.fit(X, [[0.0, 1.0], [1.0, 3.0]])
print(both.predict(X).round(4), both.n_iter_, round(both.loss_, 4))

steps = MLPClassifier(hidden_layer_sizes=(15,), random_state=1, max_iter=1, warm_start=True)
for _ in range(10):
    steps.fit(X, y)
print([round(float(loss), 6) for loss in steps.loss_curve_], steps.n_iter_, steps.t_)

pipeline = make_pipeline(StandardScaler(), MLPClassifier(solver="sgd", random_state=1)).fit(X, y)
print(pipeline.predict(X), pipeline[-1].n_iter_, pipeline.score(X, y))
