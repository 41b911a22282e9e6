"""A network among other classifiers, after scikit-learn's example plot_classifier_comparison.py."""

import matplotlib.pyplot as plt
from sklearn.base import clone
from sklearn.datasets import make_circles, make_moons
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

classifiers = {
    "nearest neighbours": KNeighborsClassifier(3),
    "linear SVM": SVC(kernel="linear", C=0.025, random_state=42),
    "RBF SVM": SVC(gamma=2, C=1, random_state=42),
    "forest": RandomForestClassifier(max_depth=5, n_estimators=10, max_features=1, random_state=42),
    "network": MLPClassifier(alpha=1, max_iter=1000, random_state=42),
}
tables = {
    "moons": make_moons(noise=0.3, random_state=0),
    "circles": make_circles(noise=0.2, factor=0.5, random_state=1),
}

_, rows_of_axes = plt.subplots(len(tables), len(classifiers), figsize=(17, 7))
for (name, (X, y)), row in zip(tables.items(), rows_of_axes, strict=True):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    for (kind, classifier), ax in zip(classifiers.items(), row, strict=True):
        model = make_pipeline(StandardScaler(), clone(classifier)).fit(X_train, y_train)
        score = model.score(X_test, y_test)
        print(f"{name}, {kind}: {score:.3f}")
        DecisionBoundaryDisplay.from_estimator(model, X, ax=ax, grid_resolution=20, alpha=0.8, eps=0.5)
        ax.scatter(*X.T, c=y, edgecolors="black", s=25)
        ax.set_title(f"{kind}: {score:.2f}")
plt.show()
