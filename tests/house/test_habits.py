"""What hands from elsewhere type: each line does what it means, or shows the line to write, which runs."""

import dataclasses
import inspect
import json
import os
import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule import habits
from chainrule.arguments import filled
from chainrule.friendly import Foreign, Friendly
from chainrule.graph.numpy_api.calls import METHODS

# Of what is typed as an example little is learned.
pytestmark = pytest.mark.filterwarnings("ignore::chainrule.errors.LearningWarning")
BEGIN = """
import numpy as np
import pandas as pd
import chainrule as cr
X = np.random.default_rng(0).normal(size=(24, 4))
y = X @ np.array([1.0, -2.0, 0.5, 0.0])
labels = np.arange(24) % 3
float64 = {"seed": 0, "dtype": "float64"}  # in which whatever engine is done first gives the same
network = cr.Network([cr.Dense(16, "relu"), cr.Dense(1)], input_shape=4, **float64)
history = network.fit(X, y, epochs=3, validation_split=0.25)
classifier = cr.Network([cr.Dense(3, "softmax")], **float64)
yes = cr.Network([cr.Dense(1, "sigmoid")], **float64)
classifier.fit(X, labels, epochs=2); yes.fit(X, labels > 0, epochs=2)
numbers = dict(network.parameters)
w = cr.variable(3.0, name="w")
x = cr.variable([1.0, 2.0], name="x")
A, B = cr.variable(np.ones((2, 2)), name="A"), cr.variable(np.ones((2, 2)))
J = (w * w).named("J")
rows = cr.input("x", ("batch", 4))
h, series, texts = rows, np.arange(100.0), [["a", "fine", "film"], ["a", "poor", "one"]]
W1 = network.parameters["W1"]
picture = cr.Picture(cr.pictures.Panel([cr.pictures.Line([0, 1], [1, 0])]))
step = lambda h, x: (h * w + x, h)
"""
TABLES = """
table, target = cr.load_table("iris")
cr.write_table(table, "iris.csv")
model = cr.TableModel.train(table, target, epochs=2)
network.save("network.safetensors"); model.save("model.safetensors")
"""


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """What the lines are typed behind, in a folder of their own."""
    folder, names = tmp_path_factory.mktemp("typed"), {}
    before = Path.cwd()
    os.chdir(folder)
    exec(BEGIN + TABLES, names)
    yield names
    os.chdir(before)


# What works: the line, and what it is equal to.
WORKS = [
    # Keras
    ("cr.load_model('network.safetensors').predict(X)", "cr.load('network.safetensors').predict(X)"),
    ("network(X)", "network.predict(X)"),
    ("cr.TableModel.read_target(table, target, 'MultiClass')", "(('target',), 'multiclass')"),
    ("network.show(X, y, 'Graph')", "network.show(X, y, 'graph')"),
    ("cr.Network([cr.Dense(1)], engine='NumPy').engine", "'numpy'"),
    ("network.count_params()", "16 * 4 + 16 + 16 + 1"),
    ("network.predict(x=X)", "network.predict(X)"),
    ("network.predict(X, verbose=0)", "network.predict(X)"),
    ("network.predict(X, batch_size=8)", "network.predict(X)"),
    ("network.evaluate(X, y, verbose=0)", "network.evaluate(X, y)"),
    ("history['loss']", "history['cost']"),
    ("history['val_loss']", "history['val_cost']"),
    ("history.history['loss']", "history['cost']"),
    ("history.history['val_loss']", "history['val_cost']"),
    ("history.get('loss')", "history['cost']"),
    ("classifier.evaluate(X, labels)['acc']", "classifier.evaluate(X, labels)['accuracy']"),
    ("len(classifier.fit(X, labels, epochs=1, metrics=['acc'])['accuracy'])", "1"),
    ("len(classifier.fit(X, labels, epochs=1, metrics=['accuracy'], validation_split=0.2)['val_acc'])", "1"),
    ("'accuracy' in classifier.fit(X, labels, epochs=1, metrics=['acc'])", "True"),
    ("'loss' in history, 'val_loss' in history.history, 'acc' in history", "(True, True, False)"),
    ("cr.Dense(3, kernel_initializer='he_normal').initializer", "'he_normal'"),
    ("cr.Dense(3, kernel_regularizer='l2').regularizer", "'l2'"),
    ("cr.Dense(3, kernel_initializer='HeNormal').initializer", "'he_normal'"),
    ("cr.Dense(3, 'ReLU').activation", "'relu'"),
    ("cr.Activation('Sigmoid').activation", "'sigmoid'"),
    ("cr.Embedding(input_dim=9, output_dim=2)", "cr.Embedding(9, 2)"),
    ("cr.Embedding(9, 2, input_length=4)", "cr.Embedding(9, 2)"),
    ("cr.pad_sequences([[1, 2], [3]], maxlen=3, dtype='int32').tolist()", "[[1, 2, 0], [3, 0, 0]]"),
    ("cr.Adam(lr=0.01)", "cr.Adam(0.01)"),
    ("cr.SGD(lr=0.1, momentum=0.9)", "cr.SGD(0.1, momentum=0.9)"),
    ("cr.SGD(0.1, global_clipnorm=1.0)", "cr.SGD(0.1, clip_norm=1.0)"),
    ("cr.EarlyStopping(restore_best_weights=True)", "cr.EarlyStopping(restore_best=True)"),
    ("cr.EarlyStopping('val_loss', patience=3)", "cr.EarlyStopping(3, 'val_loss')"),
    ("cr.EarlyStopping('val_loss', 0.1, 3)", "cr.EarlyStopping(3, 'val_loss', 0.1)"),
    ("cr.EarlyStopping(monitor='val_auc', mode='max')", "cr.EarlyStopping(monitor='val_auc', larger_is_better=True)"),
    ("cr.Checkpoint(filepath='m', save_best_only=True)", "cr.Checkpoint('m', best_only=True)"),
    ("len(network.fit(X, y, epoch=2)['cost'])", "2"),
    ("len(network.fit(x=X, y=y, epochs=2)['cost'])", "2"),
    ("len(network.fit(X, y, epochs=1, optimizer='Adam', loss='MSE')['loss'])", "1"),
    ("list(network.fit(X, y, epochs=1, metrics=['MAE']))", "['cost', 'mae']"),
    ("cr.L2(l2=0.1)", "cr.L2(0.1)"),
    ("cr.Normal(stddev=0.1)", "cr.Normal(0.1)"),
    ("cr.Variable(2.0).value", "2.0"),
    ("cr.load('network.safetensors', custom_objects={}).count_params()", "97"),
    ("cr.load_table('Iris')[1]", "'target'"),
    ("cr.Network([cr.Dense(1)], dtype='Float64').dtype", "'float64'"),
    ("cr.Dense(3, init='he_normal').initializer", "'he_normal'"),
    ("classifier.fit(X, labels, epochs=1, class_weight='Balanced').epochs", "1"),
    ("cr.swish(2.0)", "cr.silu(2.0)"),
    # PyTorch
    ("len(classifier.fit(X, labels, epochs=1, loss='CrossEntropyLoss')['cost'])", "1"),
    ("cr.Dense(3, bias=False)", "cr.Dense(3, use_bias=False)"),
    ("cr.Dense(out_features=3)", "cr.Dense(3)"),
    ("cr.Dense(3, requires_grad=False).trainable", "False"),
    ("cr.Dropout(p=0.5)", "cr.Dropout(0.5)"),
    ("cr.Adam(0.1, eps=1e-8)", "cr.Adam(0.1, epsilon=1e-8)"),
    ("cr.RMSprop(alpha=0.99)", "cr.RMSprop(rho=0.99)"),
    ("cr.LeakyReLU(negative_slope=0.2)", "cr.LeakyReLU(0.2)"),
    ("cr.Dense(3, initializer='kaiming_normal').initializer", "'he_normal'"),
    ("J.item()", "9.0"),
    ("x.sum(dim=0).value", "3.0"),
    ("x.mean(dim=0, keepdim=True).value", "[1.5]"),
    ("x.numpy()", "np.array([1.0, 2.0])"),
    ("x.tolist()", "[1.0, 2.0]"),
    ("cr.grad(w.detach() * w, w).value", "3.0"),
    ("cr.grad(J, w, create_graph=True).value", "6.0"),
    ("cr.softmax([[1.0, 1.0]], dim=-1)", "[[0.5, 0.5]]"),
    # scikit-learn
    ("classifier.score(X, labels)", "classifier.evaluate(X, labels)['accuracy']"),
    ("yes.score(X, labels > 0)", "yes.evaluate(X, labels > 0)['accuracy']"),
    ("network.score(X, y)", "1 - ((y - network.predict(X)[:, 0]) ** 2).sum() / ((y - y.mean()) ** 2).sum()"),
    ("classifier.predict_proba(X)", "classifier.predict(X)"),
    ("yes.predict_proba(X)[:, 1:]", "yes.predict(X)"),
    ("yes.predict_proba(X).sum(axis=1).round(6)", "np.ones(24)"),
    ("len(network.fit(X, y, max_iter=2)['cost'])", "2"),
    ("cr.Network([cr.Dense(1)], random_state=3).seed", "3"),
    # pictures
    ("cr.MaxPooling2D(kernel_size=3, stride=2)", "cr.MaxPooling2D(3, strides=2)"),
    ("cr.UpSampling2D(scale_factor=2, mode='bilinear')", "cr.UpSampling2D(2, 'bilinear')"),
    ("cr.GroupNormalization(num_groups=8)", "cr.GroupNormalization(8)"),
    ("cr.RandomRotation(0.1, 'constant', fill=1.0)", "cr.RandomRotation(0.1, 'constant', 1.0)"),
    ("cr.SpatialDropout2D(p=0.5)", "cr.SpatialDropout2D(0.5)"),
    ("cr.Add()([x, x])", "cr.Add()(x, x)"),
    ("cr.Network(inputs=rows, outputs=cr.Dense(1)(rows), seed=0)", "cr.Network([cr.Dense(1)], input_shape=4, seed=0)"),
    ("cr.EarlyStopping(n_iter_no_change=5, tol=1e-4)", "cr.EarlyStopping(5, min_delta=1e-4)"),
    ("cr.load_table('iris')[1]", "cr.load_table(source='iris')[1]"),
    ("cr.LSTM(hidden_size=16, recurrent_dropout=0.1, implementation=2).units", "16"),
    ("cr.GRU(16, kernel_initializer='glorot_uniform', bias=False).use_bias", "False"),
    ("cr.GaussianNoise(stddev=0.5).std", "0.5"),
    ("cr.PReLU(alpha_initializer=0.1).initializer", "0.1"),
    # loops
    ("cr.scan(f=lambda h, x: (h + x, h), init=0.0, xs=x, unroll=2)[0].value", "3.0"),
    ("cr.scan(lambda h, x: (h + x, h), 0.0, x, go_backwards=True)[1].value", "[2.0, 0.0]"),
    ("cr.scan(lambda h, _: (h * w, None), 1.0, n_steps=3)[0].value", "27.0"),
]  # fmt: skip

# What does not, and what is told: the last part of it, where there is a line to write, is run below.
TOLD = [
    ("cr.pad_sequence([[1, 2], [3]])", "cr.pad_sequences([[1, 2], [3]])"),
    ("cr.VotingRegressor([network])", "cr.mixture([network, network])"),
    ("cr.KBinsDiscretizer(24)", "cr.PiecewiseLinearEncoding(cr.bin_edges(X, 24))"),
    ("cr.Clamp(-1, 1)", "cr.Clip(-1, 1)"),
    ("cr.Embedding(9, 2, padding_idx=0)", "cr.Embedding(9, 2, mask_zero=True)"),
    # Keras
    ("cr.Sequential()", "cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])"),
    ("from chainrule import Sequential", "cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])"),
    ("from chainrule import Convolution2D, Dense", "cr.Conv2D(8, 3, activation='relu')"),
    ("from chainrule.layers import Dense", "No module named 'chainrule.layers'. Layers are names of chainrule itself"),
    ("from chainrule.models import Sequential", "cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])"),
    ("import chainrule.optimizers", "cr.Adam(0.001)"),
    ("from chainrule.datasets.mnist import load_data", "cr.load_table('iris')"),
    ("cr.utils.to_categorical(labels)", "dir(cr)"),
    ("cr.Input(shape=(4,))", "input_shape=4"),
    ("cr.Input(shape=(28, 28, 1))", "cr.input('x', ('batch', 4))"),
    ("cr.Model(inputs=rows, outputs=rows)", "cr.Network(inputs=x, outputs=cr.Dense(1)(x))"),
    ("cr.Conv2d(1, 8, 3)", "cr.Conv2D(8, 3, activation='relu')"),
    ("cr.ConvTranspose1d(8, 4, 2)", "cr.Conv1DTranspose(8, 3, strides=2, padding='same')"),
    ("cr.AdditiveAttention()", "There is no attention yet."),
    ("cr.Dot(axes=1)", "np.sum(x * x, axis=-1)"),
    ("cr.LocallyConnected2D(8, 3)", "cr.Conv2D(8, 3, activation='relu')"),
    ("cr.PixelShuffle(2)", "cr.Conv2DTranspose(8, 3, strides=2, padding='same')"),
    ("cr.ConvTranspose2d(8, 4, 2, stride=2)", "cr.Conv2DTranspose(8, 3, strides=2, padding='same')"),
    ("cr.Conv2D(in_channels=1, out_channels=8, kernel_size=3)", "those of what stands before: cr.Conv2D(8, 3)"),
    ("cr.Conv2D(8, 3, padding_mode='reflect')", "zeros around"),
    ("cr.Conv2D(8, 3, data_format='channels_first')", "X = np.moveaxis(X, 1, -1)"),
    ("cr.LSTMCell(8)", "cr.LSTM(32)"),
    ("cr.RepeatVector(5)", "np.repeat(h[:, np.newaxis], 5, axis=1)"),
    ("cr.TextVectorization()", "known = sorted(set(sum(texts, [])))"),
    ("cr.timeseries_dataset_from_array", "np.lib.stride_tricks.sliding_window_view(series[:-1], 24)"),
    ("cr.LSTM(8, batch_input_shape=(16, 20, 3))", "without the batch"),
    ("cr.LSTM(8, zero_output_for_mask=True)", "count in no loss"),
    ("cr.Bidirectional(cr.LSTM(8), backward_layer=cr.LSTM(8))", "The way back is a layer of the same settings"),
    ("cr.CuDNNLSTM(8)", "cr.LSTM(32)"),
    ("cr.LSTM(input_size=8, hidden_size=16)", "that of what stands before: cr.LSTM(32)"),
    ("cr.LSTM(8, 16)", "The width of the input is that of what stands before: write cr.LSTM(16)"),
    ("cr.GRU(8, 16, 2)", "too many positional arguments"),
    ("cr.LSTM(16, num_layers=2)", "cr.Network([cr.LSTM(32, return_sequences=True), cr.LSTM(32), cr.Dense(1)])"),
    ("cr.LSTM(16, batch_first=True)", "Sequences are always (batch, time, features)"),
    ("cr.GRU(16, bidirectional=True)", "cr.Bidirectional(cr.LSTM(32))"),
    ("cr.LSTM(16, unroll=True)", "A loop is compiled as one"),
    ("cr.RNN(hidden_size=16, input_size=8)", "cr.SimpleRNN(32)"),
    ("cr.LSTM(16).reset_states()", "network.reset_states()"),
    ("cr.LSTM(16)(rows, mask=rows)", "cr.Network([cr.Masking(), cr.LSTM(32)])"),
    ("cr.Dense(16)(rows, training=True)", "network.predict(X)"),
    ("cr.Normalization()", "cr.BatchNormalization()"),
    ("cr.layers.Dense(3)", "cr.Dense(16, 'relu')"),
    ("cr.optimizers.Adam()", "cr.Adam(0.001)"),
    ("cr.datasets.mnist", "cr.load_table('iris')"),
    ("cr.GradientTape()", "cr.grad(J, w).value"),
    ("cr.ModelCheckpoint('m')", "cr.Checkpoint('best.safetensors')"),
    ("cr.BackupAndRestore('m')", "resume='fit.safetensors'"),
    ("cr.ReduceLROnPlateau()", "cr.ReduceOnPlateau"),
    ("cr.to_categorical(labels)", "need no one-hot"),
    ("network.compile(optimizer='adam')", "network.fit(X, y, optimizer='adam', loss='mse')"),
    ("network.add(cr.Dense(1))", "Give all layers at once"),
    ("network.get_weights()", "dict(network.parameters)"),
    ("network.set_weights([])", "network.parameters.update(numbers)"),
    ("network.train_on_batch(X, y)", "network.fit(X, y, epochs=1, batch_size=None)"),
    ("network.layers[0].weights", "network.parameters['W1']"),
    ("network.layers[0].get_weights()", "network.parameters['W1']"),
    ("network.to_onnx('m.onnx')", "There is no ONNX yet"),
    ("cr.Network.load('m')", "cr.load('network.safetensors')"),
    ("network.load_weights('m')", "cr.load('network.safetensors')"),
    ("network.stop_training = True", "callbacks=lambda network, epoch, logs: logs['cost'] < 0.1"),
    ("network.num_parameters()", "sum(w.size for w in network.parameters.values())"),
    ("network.optimizer = cr.SGD(0.1)", "Each fit is given its own"),
    ("network.metrics = ['mae']", "Each fit is given its own"),
    ("network.weights = []", "dict(network.parameters)"),
    ("network.trainable = False", "network.layers[0].trainable = False"),
    ("network.fit(X, y, validation_freq=2)", "after every epoch"),
    ("network.fit(X, y, 10)", "all else goes by name: network.fit(X, y, epochs=10, batch_size=32)"),
    ("cr.Dense(3, input_shape=(4,))", "cr.Network([cr.Dense(1)], input_shape=(4,))"),
    ("cr.Dense(3, input_dim=4)", "cr.Network([cr.Dense(1)], input_shape=4)"),
    ("network.requires_grad = False", "network.layers[0].trainable = False"),
    ("network.requires_grad_(False)", "network.layers[0].trainable = False"),
    ("network.layers[0].requires_grad_(False)", "network.layers[0].trainable = False"),
    ("cr.Adam(clipvalue=1.0)", "clip_norm"),
    ("cr.EarlyStopping(mode='minimum')", "mode is one of 'max', 'min', 'auto', or larger_is_better"),
    ("cr.Dense(kernal='he')", "Known: units, activation"),
    ("cr.Dense(3, initialiser='he')", "Did you mean 'initializer'?"),
    ("cr.Adam(learningrate=0.1)", "Did you mean 'learning_rate'?"),
    ("network.fit(X, y, bach_size=3)", "Did you mean 'batch_size'?"),
    ("network.fit(X)", "missing a required argument 'y'"),
    ("cr.Dense()", "missing a required argument 'units'"),
    ("cr.Dropout()", "missing a required argument 'rate'"),
    ("history.val_loss", "history['val_cost']"),
    ("classifier.evaluate(X, labels)[1]", "network.evaluate(X, y)['accuracy'] for one"),
    ("network.evaluate(X, y)['acc']", "Unknown number of this evaluation 'acc'"),
    ("history['acuracy']", "Known: cost, val_cost"),
    ("cr.AdamW(0.001, 0.01)", "too many positional arguments"),  # Keras has the weight decay there
    ("cr.Dense(8, 'relu', 'he_normal')", "use_bias must be True or False"),
    ("cr.input((4,))", "cr.input('x', (4,))"),
    ("cr.layers.MaxPooling2D(2)", "Layers are names of chainrule itself"),
    ("cr.layers.Input(shape=(28, 28, 1))", "Layers are names of chainrule itself"),
    ("from chainrule.layers import MaxPooling2D", "Layers are names of chainrule itself"),
    ("cr.MaxPool2D(2)", "cr.MaxPooling2D(2)"),
    ("cr.MaxPooling2D(2, data_format='channels_first')", "X = np.moveaxis(X, 1, -1)"),
    ("cr.RandomRotation(degrees=30)", "a share of a full turn"),
    ("cr.RandomFlip('horizontal', p=0.5)", "as often as not"),
    ("cr.RandomFlip('horizontal', seed=1)", "seed=0"),
    ("cr.RandomFlip('both')", "mode must be 'horizontal' or 'vertical' or 'horizontal_and_vertical'; found 'both'"),
    # PyTorch
    ("cr.MaxPool2d(2)", "cr.MaxPooling2D(2)"),
    ("cr.AdaptiveAvgPool2d(1)", "cr.GlobalAveragePooling2D()"),
    ("cr.nn.Upsample(scale_factor=2)", "cr.UpSampling2D(2, 'bilinear')"),
    ("cr.Upsample(scale_factor=2)", "cr.UpSampling2D(2, 'bilinear')"),
    ("cr.transforms.RandomHorizontalFlip()", "cr.RandomFlip('horizontal')"),
    ("cr.GroupNorm(8, 64)", "cr.GroupNormalization(8)"),
    ("cr.Dropout2d(0.5)", "cr.SpatialDropout2D(0.2)"),
    ("cr.BatchNorm2d(64)", "cr.BatchNormalization()"),
    ("from chainrule.nn import functional", "dir(cr)"),
    ("import chainrule.optim as optim", "cr.Adam(0.001)"),
    ("cr.Network(cr.Dense(4), cr.Activation('relu'))", "one list: cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])"),
    ("cr.Network(cr.Dense(4), cr.Activation('relu'), cr.Dense(1))", "The layers are one list"),
    ("cr.Dense(4, 3)", "The layer before says how many inputs there are: cr.Dense(3)"),
    ("cr.Adam(network.parameters, lr=0.1)", "fit gives it the parameters"),
    ("network.W1", "network.parameters['W1']"),
    ("network.parameters.W1", "network.parameters['W1']"),
    ("cr.nn.Module", "A network is its list of layers"),
    ("cr.SGD(0.1, 0.9, 0, 1e-4)", "averaged must be True or False"),
    ("cr.LayerNormalization(64)", "epsilon must be a number above 0, and no whole one"),
    ("cr.Linear(4, 3)", "cr.Dense(16)"),
    ("cr.ReLU()", "cr.Activation('relu')"),
    ("cr.nn.Linear(4, 3)", "cr.Dense("),
    ("cr.optim.Adam()", "cr.Adam(0.001)"),
    ("cr.tensor([1.0])", "cr.variable([1.0, 2.0], name='w')"),
    ("cr.no_grad()", "network.predict(X)"),
    ("cr.manual_seed(0)", "seed=0"),
    ("cr.CrossEntropyLoss()", "cr.Dense(3, 'softmax')"),
    ("cr.MSELoss()", "loss='mse'"),
    ("cr.mse_loss(y, y)", "loss='mse'"),
    ("cr.nn.functional.cross_entropy(y, y)", "dir(cr)"),
    ("cr.cross_entropy(y, y)", "cr.Dense(3, 'softmax')"),
    ("cr.DataLoader(X)", "batch_size=32"),
    ("cr.exp(x)", "np.exp"),
    ("cr.device('cuda')", "cr.ENGINES"),
    ("cr.variable(3.0, requires_grad=True)", "cr.grad(J, w).value"),
    ("cr.Adam(betas=(0.8, 0.99))", "cr.Adam(beta_1=0.8, beta_2=0.99)"),
    ("cr.Adam(weight_decay=0.1)", "cr.AdamW(0.001, weight_decay=0.1)"),
    ("cr.Adam(network.parameters(), lr=0.1)", "network.fit(X, y, optimizer=cr.Adam(0.001))"),
    ("network.parameters()", "network.parameters['W1']"),
    ("network.state_dict()", "dict(network.parameters)"),
    ("network.zero_grad()", "network.gradients(X, y)"),
    ("network.to('cuda')", "It runs on the processor"),
    ("network.train()", "network.fit(X, y)"),
    ("network.eval()", "network.predict(X)"),
    ("network(X, training=False)", "network.predict(X)"),
    ("network.score(X)", "Network.score(X, y, sample_weight=None): missing a required argument 'y'"),
    ("network.score(X, y[:5])", "5"),
    ("network.predict_proba(x=X)", "Known: X"),
    ("cr.Network(network)", "[*network.layers, cr.Dense(1)]"),
    ("cr.Network([network, cr.Dense(1)])", "[*network.layers, cr.Dense(1)]"),
    ("x.sum(axs=0)", "Did you mean 'axis'?"),
    ("x.std(dim=0)", "x.std(axis=0, ddof=1)"),
    ("x.var(unbiased=True)", "x.var(ddof=1)"),
    ("x.max(dim=0)", "x.max(axis=0), x.argmax(axis=0)"),
    ("cr.LBFGS(max_iter=20)", "epochs=20"),
    ("cr.Adam(learning_rate=0.1, lr=0.2)", "lr and learning_rate are one argument"),
    ("cr.Adam(lr=0.1, eta=0.2)", "eta and lr are one argument"),
    ("cr.Adam(0.1, lr=0.2)", "multiple values for argument 'learning_rate'"),
    ("cr.EarlyStopping(mode='max', larger_is_better=False)", "one argument"),
    ("cr.EarlyStopping(mode=['max'])", "mode is one of"),
    ("network.forward(X)", "network.predict(X)"),
    ("J.backward()", "cr.grad(J, w).value"),
    ("x.grad", "cr.grad(x, w).value"),
    ("x.requires_grad", "nothing to switch on"),
    ("x.grad = None", "cr.grad(x, w).value"),
    ("x.view(-1)", "x.reshape(-1)"),
    ("cr.Adam().step()", "fit takes the steps"),
    # scikit-learn
    ("cr.TableModel.train(table, table[target])", "The target is the name of a column"),
    ("cr.TableModel.train(pd.DataFrame(X), labels)", "table['target'] = y"),  # whose labels are names of columns
    ("cr.TableModel.train(pd.DataFrame(X), labels.tolist())", "table['target'] = y"),
    ("network.coef_", "dict(network.parameters)"),
    ("cr.confusion_matrix(labels, labels)", "pd.crosstab"),
    ("network.fit(X, y, eval_set=(X, y))", "validation_data=(X, y)"),
    ("cr.TableModel().fit(X, y)", "cr.TableModel.train(table, 'target')"),
    ("cr.load_iris()", "cr.load_table('iris')"),
    ("cr.neural_network.MLPClassifier()", "names of chainrule itself: cr.MLPClassifier("),
    ("cr.KerasClassifier(network)", "cr.NetworkClassifier(network)"),
    ("cr.cross_val_score(network, X, labels)", "from sklearn.model_selection import cross_val_score"),
    ("cr.GridSearchCV(network, {})", "from sklearn.model_selection import GridSearchCV"),
    ("cr.make_pipeline(network)", "from sklearn.pipeline import make_pipeline"),
    ("from chainrule import KFold", "from sklearn.model_selection import KFold"),
    ("network.get_params()", "cr.NetworkClassifier(network)"),
    ("from sklearn.base import clone; clone(network)", "cr.NetworkClassifier(network)"),
    ("from sklearn.base import is_classifier; is_classifier(network)", "cr.NetworkClassifier(network)"),
    ("from sklearn.model_selection import cross_val_score; cross_val_score(yes, X, labels > 0)",
     "cr.NetworkClassifier(network)"),
    ("from sklearn.model_selection import GridSearchCV; GridSearchCV(yes, {}).fit(X, labels)",
     "cr.NetworkClassifier(network)"),
    ("from sklearn.ensemble import AdaBoostClassifier; AdaBoostClassifier(yes).fit(X, labels > 0)",
     "cr.NetworkClassifier(network)"),
    ("from sklearn.pipeline import make_pipeline; make_pipeline(network).fit(X, y).predict(X)",
     "cr.NetworkClassifier(network)"),
    ("from sklearn.base import is_classifier; is_classifier(model)", "cr.TableClassifier()"),
    ("cr.StandardScaler()", "X.std(axis=0)"),
    ("cr.train_test_split(X, y)", "validation_split=0.2"),
    ("cr.Network(hidden_layer_sizes=(32,))", "cr.Dense(100, 'relu')"),
    ("cr.Network([cr.Dense(1)], max_iter=20)", "network.fit(X, y, epochs=20)"),
    ("cr.Network([cr.Dense(1)], learning_rate_init=0.1)", "optimizer=cr.Adam(0.1)"),
    ("network.coefs_", "dict(network.parameters)"),
    ("network.loss_curve_", "history['cost']"),
    ("picture.savefig('a.png')", "picture.save("),
    ("picture.show()", "A notebook shows it"),
    ("network.partial_fit(X, y)", "batch_size=None"),
    ("network.predict_proba(X)", "predicts numbers"),
    ("cr.TableModel.train(table, target, hidden_layer_sizes=32)", "such as (32, 16) or (32,)"),
    ("model.fit(table)", "cr.TableModel.train(table, 'target')"),
    ("model.predict_proba(table)", "probability_"),
    # micrograd and JAX
    ("cr.Value(3.0)", "cr.variable("),
    ("J.data", "J.value"),
    ("w.data = 3.0", "w.value"),
    ("w.tanh()", "cr.tanh(w)"),
    ("cr.grad(lambda w: w**2)", "cr.grad(w**2, w).value"),
    ("cr.value_and_grad(J)", "cr.grad(J, w).value"),
    ("cr.jit(J)", "cr.compile(J, inputs=[])"),
    ("cr.vmap(J)", "arrays of any shape"),
    ("cr.lax.scan(lambda h, x: (h, x), 0.0, x)", "cr.scan(step, 0.0, x)"),
    ("cr.fori_loop(0, 5, lambda i, h: h * w, 1.0)", "a function (carry, x) to (carry, y)"),
    ("cr.while_loop(lambda h: h < 9, lambda h: h * w, 1.0)", "a step keeps what it is given"),
    ("cr.scan(lambda h, x: (h + x, h), 0.0, x, 5)", "goes by name: cr.scan("),
    ("cr.scan(lambda h, x: (h + x, h), 0.0, x, revers=True)", "Did you mean 'reverse'?"),
    # and slips
    ("cr.Nework()", "Did you mean cr.Network?"),
    ("cr.dense(3)", "Did you mean cr.Dense?"),
    ("from chainrule import Netwrok", "Did you mean cr.Network?"),
    ("cr.randint", "has no attribute 'randint'."),  # and not: did you mean cr.grad?
    ("getattr(cr, 'a.b')", "has no attribute 'a.b'"),
]  # fmt: skip


def same(a, b):
    if isinstance(a, float | list | np.ndarray):
        try:
            return np.allclose(a, b, rtol=1e-5)
        except (TypeError, ValueError):
            pass
    return repr(a) == repr(b)


@pytest.mark.parametrize(("typed", "means"), WORKS, ids=[line for line, _ in WORKS])
def test_what_has_one_meaning_works(typed, means, begun):
    begun["w"].value = 3.0  # which some lines to write change
    assert same(eval(typed, begun), eval(means, begun))


@pytest.mark.parametrize(("typed", "told"), TOLD, ids=[line for line, _ in TOLD])
def test_what_has_none_is_told_what_to_write(typed, told, begun):
    with pytest.raises((cr.ChainruleError, ImportError, AttributeError)) as caught:
        exec(typed, dict(begun))
    assert told in str(caught.value), str(caught.value)
    known = AttributeError, TypeError, ImportError, ValueError, KeyError
    assert isinstance(caught.value, known) and str(caught.value).endswith((".", "?"))


GIVEN = {
    "betas": (0.9, 0.99), "solver": "adam", "optimizer": "adam", "loss": "mse", "metrics": ["mae"], "callbacks": [],
    "validation_split": 0.5, "momentum": 0.9, "dim": 0, "dropout": 0.5,
}  # fmt: skip


def answers():
    """Every sentence of the table, filled as on some occasion."""
    for owner, table in [*habits.WRITE.items(), *habits.ARGUMENTS.items()]:
        for name, answer in habits.spread(table).items():
            if isinstance(answer, str) and answer and not answer.isidentifier():
                node = "x" if name == "softmax" else "J"
                yield f"{owner}.{name}", filled(answer, value=GIVEN.get(name, 1), name=name, node=node)


@pytest.mark.parametrize(("name", "sentence"), [*answers()], ids=[name for name, _ in answers()])
def test_the_line_to_write_runs(name, sentence, begun):
    assert len(sentence) < 260 and not sentence.endswith((".", ":"))
    _, colon, code = sentence.rpartition(": ")
    if "lambda" in sentence:  # which has a colon of its own
        code = sentence[sentence.index(": network.fit") + 2 :]
    if colon:
        begun["plt"] = SimpleNamespace(plot=print)
        exec(code, dict(begun))
    else:
        assert " none " in sentence or " no " in sentence


def test_there_are_many_lines_that_a_newcomer_types():
    assert len(WORKS) + len(TOLD) >= 120


def test_no_dir_no_list_and_no_stub_knows_a_foreign_name(begun):
    ours = {*cr.__all__}
    foreign = {name for t in (habits.WRITE, habits.WORKS) for name in habits.spread(t["cr"])}
    assert not foreign & (ours | {*dir(cr)})
    stub = (Path(cr.__file__).parent / "__init__.pyi").read_text(encoding="utf-8")
    assert not [name for name in foreign if f" {name} as " in stub]
    things = {
        "Network": begun["network"], "Node": begun["J"], "History": begun["history"], "TableModel": begun["model"],
        "Picture": begun["picture"],
        "Layer": cr.Dense(3), "Optimizer": cr.Adam(), "Parameters": begun["network"].parameters,
        "EarlyStopping": cr.EarlyStopping(), "SimpleRNN": cr.SimpleRNN(3), "LSTM": cr.LSTM(3), "GRU": cr.GRU(3),
    }  # fmt: skip
    for owner in {**habits.WRITE, **habits.WORKS}:
        if owner != "cr":
            names = {*habits.spread(habits.WRITE.get(owner, {})), *habits.WORKS.get(owner, {})}
            assert not names & ({*dir(things[owner])} | {*dir(getattr(cr, owner))})


def test_hasattr_is_honest(begun):
    """Of what only says what to write nothing is there; what other libraries look for is as if no table were."""
    for thing in (begun["network"], begun["J"], cr.Dense(3), cr.Adam(), begun["history"], begun["model"]):
        kind = type(thing)
        for owner in [k.__name__ for k in kind.__mro__]:
            for name in habits.spread(habits.WRITE.get(owner, {})):
                assert not hasattr(thing, name), name
        for name in (
            "__sklearn_tags__",
            "__array_interface__",
            "_repr_png_",
            "__dataframe__",
            "get_params",
            "to_numpy",
        ):
            assert not hasattr(thing, name), name
    assert not hasattr(cr, "Sequential") and not hasattr(cr, "nn_")


def test_what_an_estimator_holds_is_copied_by_clone(begun):
    from sklearn.base import clone

    copied = clone(begun["network"], safe=False)
    assert copied is not begun["network"]
    assert np.array_equal(copied.predict(begun["X"]), begun["network"].predict(begun["X"]))


def test_a_subclass_may_have_what_is_foreign_here():
    class Mine(cr.Network):
        history = "mine"

        def compile(self, **settings):
            return self

    network = Mine([cr.Dense(1)], seed=0)
    assert network.compile(optimizer="adam") is network and network.history == "mine"
    assert "compile" in dir(network)
    network.optimizer, network.trainable = "kept", False  # attributes of the user's
    assert network.optimizer == "kept" and not network.trainable and "optimizer" in dir(network)
    with pytest.raises(AttributeError, match="A callback that returns True"):
        _ = network.stop_training


def test_a_base_behind_ours_may_have_what_is_foreign_here():
    class Estimator:
        weights = "theirs"

        def get_params(self):
            return {"seed": self.seed}

        def score(self, X, y):
            return "theirs"

        @classmethod
        def load(cls):
            return cls

    class Mine(cr.Network, Estimator):
        pass

    network = Mine([cr.Dense(1)], seed=3)
    assert (
        network.get_params() == {"seed": 3}
        and network.score(1, 2) == network.weights == Mine.weights == "theirs"
    )
    assert (
        Mine.load() is Mine
        and {"get_params", "score", "weights"} <= {*dir(network)}
        and "add" not in dir(network)
    )


def test_a_layer_of_ones_own_may_have_fields_of_such_names():
    @dataclasses.dataclass(frozen=True, eq=False)
    class Own(cr.Layer):
        trainable: bool
        weight: float
        activation: str = "ReLU"
        mode: str = None  # as people write who have no type checker
        axis: bool = 2

        def build(self, scope, x):
            return x * {"ReLU": self.weight, "none": -self.weight}[self.activation] + self.trainable

    layer = Own(True, weight=2.0)
    assert layer.trainable and {"trainable", "weight"} <= {*dir(layer)} and "kernel" not in dir(layer)
    assert layer.activation == "ReLU" and layer.ends_in() == "relu"  # its own names, and what they mean to us
    for one, value in ((layer, 7.0), (Own(False, 2.0, "none"), -6.0)):
        assert cr.Network([one], input_shape=1).predict([[3.0]]) == value

    class Sub(cr.Dense):
        trainable: bool = True

    assert Sub(3, "ReLU").activation == "relu"


def test_score_asks_where_it_may_mean_two_things(begun):
    """A sigmoid that learned 0 and 1 with a loss of numbers: of classes or of numbers, the score is another."""
    network, X, labels = cr.Network([cr.Dense(1, "sigmoid")], seed=0), begun["X"], begun["labels"]
    network.fit(X, labels > 0, loss="mse", epochs=2)
    with pytest.raises(cr.DataError, match="for the share that is right") as caught:
        network.score(X, labels > 0)
    for name in ("accuracy", "r2"):
        assert f"network.evaluate(X, y, metrics='{name}')['{name}']" in str(caught.value)
    assert network.score(X, labels / 2) < 1  # shares are numbers
    network = cr.Network([cr.Dense(3, "softmax")], seed=0)
    network.fit(X, np.eye(3)[labels], loss="mse", epochs=2)
    assert np.isclose(network.score(X, np.eye(3)[labels]), np.mean(network.predict_classes(X) == labels))


def test_score_of_several_labels_goes_by_the_names_of_the_columns(begun):
    pandas = pytest.importorskip("pandas")
    X = begun["X"]
    y = pandas.DataFrame(X[:, :3] > 0, columns=["a", "b", "c"])
    network = cr.Network([cr.Dense(3, "sigmoid")], seed=0)
    network.fit(X, y, epochs=200, optimizer=cr.Adam(0.1))
    assert network.score(X, y) == network.score(X, y[["c", "a", "b"]]) > 0.9


def test_what_is_frozen_says_what_to_do():
    for thing, name, told in (
        (cr.Dense(3), "requires_grad", "network.layers[0].trainable = False"),
        (cr.Dense(3), "units", "dataclasses.replace(layer, units=4)"),
        (cr.Adam(), "lr", "cr.Adam(0.001).learning_rate"),
        (cr.Adam(), "learning_rate", "dataclasses.replace(optimizer, learning_rate=4)"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError) as caught:
            setattr(thing, name, 4)
        assert told in str(caught.value), str(caught.value)
    layer = cr.Dense(3)
    assert dataclasses.replace(layer, units=4).units == 4 and layer.units == 3


def test_model_files_know_our_names_alone(tmp_path):
    layers = [cr.Dense(3, "ReLU", kernel_initializer="Kaiming_Normal", kernel_regularizer="L2"), cr.Dense(1)]
    network = cr.Network(layers, seed=0)
    network.fit([[1.0], [2.0]], [1.0, 2.0], loss="MSE", epochs=1)
    network.save(tmp_path / "n.safetensors")
    head = (tmp_path / "n.safetensors").read_bytes()
    head = head[8 : 8 + int.from_bytes(head[:8], "little")].decode()
    text = json.dumps(json.loads(head))
    for ours, foreign in (("relu", "ReLU"), ("he_normal", "Kaiming"), ("mse", "MSE")):
        assert ours in text and foreign not in text
    again = pickle.loads(pickle.dumps(network))
    loaded = cr.load(tmp_path / "n.safetensors")
    for each in (network, again, loaded):
        assert (each.layers[0].activation, each.layers[0].initializer, each.loss) == (
            "relu",
            "he_normal",
            "mse",
        )


def test_a_call_says_what_it_takes_as_before():
    assert [*inspect.signature(cr.Dense).parameters][:2] == ["units", "activation"]
    assert [*inspect.signature(cr.Network.fit).parameters][:3] == ["self", "X", "y"]
    assert [*inspect.signature(cr.variable).parameters] == ["value", "name", "dtype"]


def test_what_fails_within_a_call_is_told_as_it_is():

    class Own(cr.Layer):
        def __init__(self, size):
            len(size)

    with pytest.raises(TypeError, match="has no len"):
        Own(3)
    with pytest.raises(cr.ArgumentError, match=r"Own takes no 'sise'. Did you mean 'size'\? Known: size."):
        Own(sise=3)


# What the library calls itself, and what is made by its functions alone.
CALLED_BY_US = {"build", "ends_in", "refuses", "direction", "at", "reduced", "get", "mask_after", "step"}
CALLED_BY_US |= {"set_params"}  # scikit-learn's, which says itself which parameters there are
MADE_BY_US = {"Gradient", "Node", "Parameters", "Primitive", "Trace", "Network.load"}


def public_calls():
    """Every class and function that a user calls, by name."""
    for name in cr.__all__:
        thing = getattr(cr, name)
        if callable(thing) and not (isinstance(thing, type) and issubclass(thing, BaseException)):
            if name not in MADE_BY_US:
                yield name, thing
            for member in dir(thing) if isinstance(thing, type) and name not in MADE_BY_US else ():
                found = inspect.getattr_static(thing, member)
                found = getattr(found, "__func__", found)
                if (
                    inspect.isfunction(found)
                    and found.__module__.startswith("chainrule.")
                    and member not in CALLED_BY_US
                    and not member.startswith(("_", "on_"))
                ):
                    yield f"{name}.{member}", found


@pytest.mark.parametrize(("name", "thing"), [*public_calls()], ids=[name for name, _ in public_calls()])
def test_whoever_is_called_with_what_it_does_not_take_says_what_it_takes(name, thing):
    given = [] if isinstance(thing, type) or "." not in name else [None]
    with pytest.raises(cr.ArgumentError, match=r"takes no 'nonsense'\..* Known: "):
        thing(*given, nonsense=1)


def test_what_is_known_is_what_a_user_writes():
    with pytest.raises(cr.ArgumentError, match=r"Known: table, target, stage"):
        cr.TableModel.show(nonsense=1)
    with pytest.raises(cr.ArgumentError, match=r"Known: data, target, task"):
        cr.TableModel.train(nonsense=1)
    with pytest.raises(cr.ArgumentError, match=r"Known: X, y, loss"):
        cr.Network([cr.Dense(1)]).fit(nonsense=1)


def test_what_was_meant_is_found_in_one_place():
    package = Path(cr.__file__).parent
    asking = [p.name for p in package.rglob("*.py") if "get_close_matches" in p.read_text(encoding="utf-8")]
    assert asking == ["names.py"]


def test_no_name_is_answered_twice():
    for tables in (habits.WRITE, habits.ARGUMENTS, habits.WORKS, habits.VALUES):
        for owner, table in tables.items():
            names = [name for line in table for name in line.split()]
            assert len(names) == len({*names}), owner
    for owner, table in habits.WRITE.items():
        assert not {*habits.spread(table)} & {*habits.WORKS.get(owner, {})}, owner


def test_the_lines_that_contributing_shows_are_there():
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = re.findall(r'`(WRITE|WORKS|ARGUMENTS|VALUES)`, .* \| `"(.+)": "(.+)"` \|', page)
    assert [name for name, _, _ in shown] == ["WRITE", "WORKS", "ARGUMENTS", "VALUES"]
    for tables, names, answer in shown:
        assert any(table.get(names) == answer for table in getattr(habits, tables).values()), names


def test_every_owner_of_the_table_is_there():
    for owner in habits.ARGUMENTS:
        kind, _, method = owner.partition(".")
        thing = cr.variable([1.0]) if kind == "Node" else getattr(cr, kind)
        assert callable(getattr(thing, method) if method else thing)
    for owner, table in habits.WRITE.items():
        kind = getattr(cr, owner, None)
        if isinstance(kind, type) and issubclass(kind, Friendly):
            assert all(isinstance(vars(kind).get(name), Foreign) for name in habits.spread(table)), owner


def test_every_renamed_argument_is_one_of_ours():
    for owner, table in habits.ARGUMENTS.items():
        kind, _, method = owner.partition(".")
        thing = SimpleNamespace(**METHODS) if kind == "Node" else getattr(cr, kind)
        things = [thing]
        if kind in ("Layer", "Optimizer"):
            family = [getattr(cr, name) for name in cr.__all__]
            things = [t for t in family if isinstance(t, type) and issubclass(t, thing) and t is not thing]
        taken = {p for t in things for p in inspect.signature(getattr(t, method) if method else t).parameters}
        for name, answer in habits.spread(table).items():
            answer = answer[0] if isinstance(answer, tuple) else answer
            assert not answer.isidentifier() or answer in taken, (owner, name)
            assert name not in taken or kind in ("Layer", "Optimizer"), (owner, name)
