"""What training and predicting cost, beside NumPy by hand, scikit-learn, PyTorch, JAX and Keras."""
