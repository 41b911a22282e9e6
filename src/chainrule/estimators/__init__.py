"""scikit-learn's estimators, of which each is a network: the same programs, run by these engines."""
