"""Every layer with kernels, what its settings may be, and copies of a network that has them."""

import copy
import pickle

import numpy as np

import chainrule as cr

generator = np.random.default_rng(0)
X, y = generator.normal(size=(24, 12, 12, 1)), generator.integers(0, 3, 24)

network = cr.Network(
    [
        cr.RandomTranslation(0.1, 0.1),
        cr.Conv2D(8, 3, activation="relu", padding="same", initializer="he_normal", regularizer="l2"),
        cr.Conv2D(
            8, (3, 3), strides=(1, 2), padding=((1, 0), (0, 1)), dilation_rate=1, groups=2, name="second"
        ),
        cr.BatchNormalization(),
        cr.Activation("relu"),
        cr.MaxPooling2D(2),
        cr.DepthwiseConv2D((3, 1), padding=1, depth_multiplier=2, use_bias=False),
        cr.SeparableConv2D(4, 3, padding=(1, 1), activation=cr.gelu),
        cr.Conv2DTranspose(4, kernel_size=3, strides=2, padding="same", output_padding=1),
        cr.GlobalAveragePooling2D(),
        cr.Dense(3, "softmax"),
    ],
    input_shape=(12, 12, 1),
    seed=0,
)
history: cr.History = network.fit(X, y, optimizer=cr.Adam(0.01), epochs=2, batch_size=8)
for same in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
    print(np.array_equal(same.predict(X), network.predict(X)), same.layers[1], network.summary_text())

causal = cr.Conv1D(4, 3, padding="causal", dilation_rate=2, initializer=cr.TruncatedNormal(0.1))
volumes = cr.Conv3D(2, (1, 2, 2), strides=(1, 1, 2), padding=(0, 1, (1, 0)))
print(causal(cr.input("x", ("batch", 20, 3))).shape, volumes(cr.input("film", ("batch", 4, 8, 8, 3))).shape)
