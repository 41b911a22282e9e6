"""scikit-learn's face: estimators, of which each is a network or a model of ours."""
