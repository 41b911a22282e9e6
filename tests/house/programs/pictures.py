"""Pictures and sequences: layers with one number or several, paths that meet, a network of nodes."""

import numpy as np

import chainrule as cr

generator = np.random.default_rng(0)
X, y = generator.uniform(size=(40, 12, 10, 3)), generator.integers(0, 3, 40)

network = cr.Network(
    [
        cr.Rescaling(2.0, offset=-1),
        cr.RandomFlip("horizontal"),
        cr.RandomTranslation(0.1, (-0.1, 0.2), "constant", fill_value=0.5),
        cr.RandomRotation((-0.05, 0.05), fill_mode="nearest"),
        cr.RandomZoom(0.1),
        cr.RandomContrast(0.2),
        cr.RandomBrightness(0.1, value_range=(-1, 1)),
        cr.ZeroPadding2D(((1, 0), (0, 1))),
        cr.Conv2D(8, (3, 3), strides=1, padding="same", activation="relu"),
        cr.GroupNormalization(4),
        cr.SpatialDropout2D(0.1),
        cr.MaxPooling2D((2, 2), strides=2, padding="same"),
        cr.UpSampling2D(2, interpolation="bilinear"),
        cr.Cropping2D((1, 2)),
        cr.AveragePooling2D(2),
        cr.GlobalAveragePooling2D(keepdims=True),
        cr.Reshape((-1, 4)),
        cr.Permute((2, 1)),
        cr.GlobalMaxPooling1D(),
        cr.Dense(3, "softmax"),
    ],
    seed=0,
)
history: cr.History = network.fit(X, y, epochs=2, optimizer="adam")
print(network.predict(X[:2]).shape, history.epochs)

x = cr.input("picture", ("batch", 12, 10, 3))
h: cr.Node = cr.Conv2D(8, 3, padding="same")(x)
around: cr.Node = cr.Conv2D(8, 1)(x)
joined = cr.Add()(around, cr.Conv2D(8, 3, padding="same", activation="relu")(h))
both = cr.Concatenate(axis=-1)([joined, around])
residual = cr.Network(cr.Dense(3, "softmax")(cr.GlobalMaxPooling2D()(both)), seed=0)
residual.fit({"picture": X}, y, epochs=1)
print(residual.evaluate({"picture": X}, y)["cost"] > 0, list(residual.parameters))
