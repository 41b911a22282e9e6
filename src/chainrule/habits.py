"""What hands type that have learned Keras, PyTorch, scikit-learn, JAX or micrograd, and what they are answered.

Where a foreign name has one certain meaning here, it works; of any other the error shows the line to write. These
names stand in this file alone: no ``dir``, no document, no type stub and no model file knows them.

Several names with one answer share a line. An answer ends in the line to write, behind its last ": "; where there is
none yet, it says what there is. {name} is the name that was typed, {lower} the same in lower case, {node} what the user
calls the node, {value} what was given.
"""

from typing import Any

_ACTIVATION = "An activation is an argument of the layer before it, or a layer: cr.Activation('{lower}')"
_LOSS = "A loss is an argument of fit, a name or a function (y, p): network.fit(X, y, loss='{}')"
_NUMPY = "NumPy's own functions take nodes and arrays: np.{lower}"
_SERIES = "cr.Network([cr.Conv1D(16, 3, activation='relu'), cr.GlobalMaxPooling1D(), cr.Dense(1)])"
_FREEZING = "A layer is frozen, and so are its weights, by: network.layers[0].trainable = False"
_THEIRS = "It is scikit-learn's own, and takes our estimators, such as cr.MLPClassifier(): from sklearn."
_STEPS = "fit takes the steps of descent, whichever the rule: network.fit(X, y, optimizer=cr.Adam(0.001))"
_GRAD = "Gradients are asked for, not kept in the node: cr.grad({node}, w).value"
_NUMBERS = "The numbers of a network have names, such as W1 and b1: network.parameters['W1']"
_ALL_NUMBERS = "The numbers of a network have names, such as W1 and b1: dict(network.parameters)"
_LAYERS = "Give all layers at once: cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])"
_SAVE = "One file holds layers and numbers: network.save('network.safetensors')"
_LOAD = "Files are read by one function: cr.load('network.safetensors')"
_ONE_STEP = "An epoch in one batch is a single step: network.fit(X, y, epochs=1, batch_size=None)"
_SEED = "Whatever is random follows from the seed of the network: cr.Network([cr.Dense(1)], seed=0)"
_ENGINE = "It runs on the processor, by one of cr.ENGINES: cr.Network([cr.Dense(1)], engine='auto')"
_TO_FIT = "It is an argument of fit: network.fit(X, y, {name}={value})"

# Of a class, of nodes, and of chainrule itself ("cr"): the names, and what to write.
WRITE: dict[str, dict[str, str]] = {
    "cr": {
        "Model Functional": "A network is its list of layers, or made of nodes: "
        "x = cr.input('x', ('batch', 4)); cr.Network(inputs=x, outputs=cr.Dense(1)(x))",
        "Sequential Module models": "A network is its list of layers: "
        "cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])",
        "Input InputLayer": "The shape of one example is seen in the data, or told to the network, input_shape=4; a "
        "node to call layers on is made by: cr.input('x', ('batch', 4))",
        "Linear": "Dense takes the width of its input from the layer before: cr.Dense(16)",
        "ReLU Sigmoid Tanh Softmax GELU SiLU Softplus": _ACTIVATION,
        "Swish": "An activation is an argument of the layer before it, or a layer: cr.Activation('swish')",
        "Conv conv Conv1d Conv2d Conv3d conv1d conv2d conv3d Convolution2D": "It is one of Conv1D, Conv2D and Conv3D: "
        "cr.Conv2D(8, 3, activation='relu')",
        "ConvTranspose1d conv_transpose1d": "It is called: cr.Conv1DTranspose(8, 3, strides=2, padding='same')",
        "ConvTranspose2d conv_transpose2d": "It is called: cr.Conv2DTranspose(8, 3, strides=2, padding='same')",
        "LSTMCell GRUCell SimpleRNNCell RNNCell StackedRNNCells AbstractRNNCell": "The layer goes through all steps by "
        "itself, and a step of your own is a class made of cr.Cell, for cr.RNN: cr.LSTM(32)",
        "CuDNNLSTM": "It is called: cr.LSTM(32)",
        "CuDNNGRU": "It is called: cr.GRU(32)",
        "ConvLSTM1D ConvLSTM2D": "There is none yet, but a step of your own, a cr.Cell, may convolve",
        "Attention AdditiveAttention MultiHeadAttention MultiheadAttention Transformer": "There is no attention "
        f"yet. What there is for sequences: {_SERIES}",
        "RepeatVector": "In a network that is a function of nodes it is one of NumPy's: "
        "np.repeat(h[:, np.newaxis], 5, axis=1)",
        "Tokenizer TextVectorization StringLookup CountVectorizer": "Words are numbered in Python, from 1, as 0 stands "
        "for padding: known = sorted(set(sum(texts, []))); X = [[1 + known.index(word) for word in text] "
        "for text in texts]",
        "timeseries_dataset_from_array TimeseriesGenerator": "Windows of a series are NumPy's: "
        "X = np.lib.stride_tricks.sliding_window_view(series[:-1], 24)[..., np.newaxis]; y = series[24:]",
        "pad_sequence pack_padded_sequence pad_packed_sequence pack_sequence PackedSequence": "A network that begins "
        "with cr.Masking() takes lists of sequences as they are; by hand they are padded by: "
        "cr.pad_sequences([[1, 2], [3]])",
        "MaxPool MaxPool1d MaxPool1D": "It is called: cr.MaxPooling1D(2)",
        "MaxPool2d MaxPool2D max_pool2d": "It is called: cr.MaxPooling2D(2)",
        "AvgPool1d AvgPool1D": "It is called: cr.AveragePooling1D(2)",
        "AvgPool AvgPool2d AvgPool2D avg_pool2d": "It is called: cr.AveragePooling2D(2)",
        "AdaptiveAvgPool1d GlobalAvgPool1D": "The mean of all there is takes: cr.GlobalAveragePooling1D()",
        "AdaptiveAvgPool2d AdaptiveAvgPool2D GlobalAvgPool GlobalAvgPool2D GlobalAveragePooling": "The mean of all "
        "places takes: cr.GlobalAveragePooling2D()",
        "AdaptiveMaxPool1d GlobalMaxPool1D": "The largest of all there is takes: cr.GlobalMaxPooling1D()",
        "AdaptiveMaxPool2d GlobalMaxPool GlobalMaxPool2D GlobalMaxPooling": "The largest of all places takes: "
        "cr.GlobalMaxPooling2D()",
        "MaxPooling3D AveragePooling3D MaxPool3d AvgPool3d": "There is no pooling of volumes yet",
        "Upsample UpsamplingNearest2d UpsamplingBilinear2d interpolate Resize Resizing": "Pictures become larger by "
        "whole factors: cr.UpSampling2D(2, 'bilinear')",
        "ZeroPad1d ConstantPad1d": "It is called: cr.ZeroPadding1D(1)",
        "ZeroPad2d ConstantPad2d": "It is called: cr.ZeroPadding2D(1)",
        "ReflectionPad2d ReplicationPad2d CenterCrop": "Borders are zeros, or cut off: cr.Cropping2D(1)",
        "Dropout1d Dropout1D": "Whole features are dropped by: cr.SpatialDropout1D(0.2)",
        "Dropout2d Dropout2D": "Whole channels are dropped by: cr.SpatialDropout2D(0.2)",
        "Unflatten View": "It is called: cr.Reshape((8, 8, 1))",
        "Dot": "A product of two nodes, for each example, is NumPy's: np.sum(x * x, axis=-1)",
        "LocallyConnected1D LocallyConnected2D": "Filters are the same at every place: "
        "cr.Conv2D(8, 3, activation='relu')",
        "PixelShuffle": "Pictures become larger by: cr.Conv2DTranspose(8, 3, strides=2, padding='same')",
        "Merge": "Paths of a network meet in cr.Concatenate() or: cr.Add()",
        "GroupNorm InstanceNorm1d InstanceNorm2d InstanceNormalization": "It is called, with as many groups as "
        "channels for that of instances: cr.GroupNormalization(8)",
        "transforms ImageDataGenerator": "Pictures are changed by layers of the network, in training only: "
        "cr.Network([cr.RandomFlip('horizontal'), cr.Flatten(), cr.Dense(1)])",
        "RandomHorizontalFlip": "It is called: cr.RandomFlip('horizontal')",
        "RandomVerticalFlip": "It is called: cr.RandomFlip('vertical')",
        "RandomAffine RandomShift RandomCrop": "It is called: cr.RandomTranslation(0.1, 0.1)",
        "RandomResizedCrop RandomScale": "It is called: cr.RandomZoom((-0.2, 0.0))",
        "ColorJitter": "It is called: cr.RandomBrightness(0.2)",
        "ToTensor": "Numbers of 0 to 255 become 0 to 1 within the network by: cr.Rescaling(1 / 255)",
        "Normalization BatchNorm BatchNorm1d BatchNorm1D BatchNorm2d BatchNorm2D": "Batches are normalized by "
        "cr.BatchNormalization(); the columns of a table beforehand: X = (X - X.mean(axis=0)) / X.std(axis=0)",
        "StandardScaler scale normalize preprocessing": "Scale the columns with NumPy, or give the table to "
        "cr.TableModel, which does: X = (X - X.mean(axis=0)) / X.std(axis=0)",
        "VotingClassifier VotingRegressor BaggingClassifier BaggingRegressor StackingClassifier StackingRegressor "
        "Ensemble ensemble": "Networks that have learned become one by: cr.mixture([network, network])",
        "KBinsDiscretizer Discretization PiecewiseLinearEmbedding PiecewiseLinearEmbeddings": "Numbers have bins "
        "beside them by: cr.PiecewiseLinearEncoding(cr.bin_edges(X, 24))",
        "Clamp Hardtanh": "It is called: cr.Clip(-1, 1)",
        "LayerNorm": "It is called: cr.LayerNormalization()",
        "concatenate": "Nodes are joined by NumPy's functions, or a layer, cr.Concatenate(), in a network drawn by a "
        "function: np.concatenate([x, x], axis=-1)",
        "layers nn": "Layers are names of chainrule itself: cr.Dense(16, 'relu')",
        "optim optimizers": "Optimizers are names of chainrule itself: cr.Adam(0.001)",
        "schedules lr_scheduler": "Schedules are names of chainrule itself: cr.Adam(cr.Cosine(0.001))",
        "utils functional F backend K saving experimental": "Everything is a name of chainrule itself: dir(cr)",
        "losses metrics": "Losses and metrics are arguments of fit: network.fit(X, y, loss='mse', metrics=['mae'])",
        "callbacks": "Callbacks are names of chainrule itself: cr.EarlyStopping()",
        "initializers regularizers activations": "They are arguments of a layer: "
        "cr.Dense(16, 'relu', initializer='he_normal', regularizer='l2')",
        "HeNormal HeUniform KaimingNormal": "An initializer is a name: cr.Dense(16, 'relu', initializer='he_normal')",
        "GlorotNormal GlorotUniform XavierNormal XavierUniform": "An initializer is a name: "
        "cr.Dense(16, initializer='glorot_uniform')",
        "RandomNormal": "It is called: cr.Normal(0.05)",
        "datasets load_iris load_wine load_digits load_breast_cancer load_diabetes load_dataset "
        "fetch_openml": "Tables to try things on are loaded by name: cr.load_table('iris')",
        "keras torch tf jnp numpy": "chainrule works on NumPy's arrays and is used as it is: "
        "cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])",
        "Callback LambdaCallback": "A callback is a function, or an object with on_epoch_end(self, network, epoch, "
        "logs): network.fit(X, y, callbacks=lambda network, epoch, logs: print(epoch, logs))",
        "ModelCheckpoint": "It is called: cr.Checkpoint('best.safetensors')",
        "BackupAndRestore": "A fit goes on after a crash where it is given a file for it: "
        "network.fit(X, y, resume='fit.safetensors')",
        "CSVLogger": "A line for each epoch is written by: cr.CSVLog('log.csv')",
        "TensorBoard TensorBoardLogger SummaryWriter TensorBoardCallback": "It is called: cr.TensorBoardLog('logs')",
        "ReduceLROnPlateau": "A schedule takes the place of the learning rate: cr.Adam(cr.ReduceOnPlateau(0.001))",
        "LearningRateScheduler LRScheduler CosineDecay CosineAnnealingLR": "A schedule takes the place of the learning "
        "rate: cr.Adam(cr.Cosine(0.001))",
        "StepLR MultiStepLR PiecewiseConstantDecay": "A schedule takes the place of the learning rate: "
        "cr.SGD(cr.StepDecay(0.1, factor=0.5, every=10))",
        "ExponentialLR": "A schedule takes the place of the learning rate: cr.SGD(cr.ExponentialDecay(0.1, 0.01))",
        "OneCycleLR": "A schedule takes the place of the learning rate: cr.SGD(cr.OneCycle(0.1))",
        "Momentum": "It is a setting of descent: cr.SGD(0.1, momentum=0.9)",
        "Adadelta Adamax Nadam Ftrl NAdam RAdam Lion": "It is not there yet; nearest to it is: cr.Adam(0.001)",
        "CrossEntropyLoss NLLLoss SparseCategoricalCrossentropy cross_entropy nll_loss": "It "
        "is the loss of a network that ends in softmax: cr.Network([cr.Dense(3, 'softmax')]).fit(X, labels)",
        "BCELoss BCEWithLogitsLoss BinaryCrossentropy binary_cross_entropy": "It is the loss of a network that ends in "
        "sigmoid: cr.Network([cr.Dense(1, 'sigmoid')]).fit(X, labels > 0)",
        "MSELoss MeanSquaredError mse_loss": _LOSS.format("mse"),
        "L1Loss MeanAbsoluteError l1_loss": _LOSS.format("mae"),
        "SmoothL1Loss HuberLoss": "It is called: cr.Huber()",
        "l1": "It is called: cr.L1(0.01)",
        "l2 weight_decay": "It is a price on the weights of a layer: cr.Dense(16, 'relu', regularizer=cr.L2(0.01))",
        "backward": "Gradients are asked for, not kept in the node: cr.grad(J, w).value",
        "gradcheck": "It is called: cr.check_gradients(J, w)",
        "log_softmax": "It is the logarithm of another: np.log(cr.softmax(x))",
        "relu6": "It is cut off by NumPy: np.minimum(cr.relu(x), 6)",
        "Lambda": "A function of nodes that keeps the shape is an activation: cr.Activation(np.tanh)",
        "GradientTape value_and_grad jacrev vjp": "A graph remembers how it was made, with nothing to switch on: "
        "J.value, cr.grad(J, w).value",
        "hessian jacobian": "A gradient is a graph again, with gradients of its own: cr.grad(cr.grad(J, w), w).value",
        "jit function": "A graph is compiled with its inputs: cr.compile(J, inputs=[])",
        "lax fori_loop rnn": "A loop is a scan of one step, a function (carry, x) to (carry, y): "
        "cr.scan(step, 0.0, x)",
        "while_loop": "How many steps a loop has is known before it; where no more is to happen, a step keeps what "
        "it is given, np.where(h < 9, h * w, h): cr.scan(step, 0.0, x)",
        "associative_scan": "A loop goes from step to step; sums and products have functions of NumPy: np.cumsum(x)",
        "vmap pmap": "Nodes are arrays of any shape, as in NumPy, and are computed with as such: np.sum(x, axis=0)",
        "no_grad inference_mode enable_grad": "There is nothing to switch off, for gradients are made where they are "
        "asked for: network.predict(X)",
        "Tensor tensor as_tensor from_numpy Parameter parameter Value": "A number or an array that gradients are taken "
        "by is: cr.variable([1.0, 2.0], name='w')",
        "placeholder": "It is called: cr.input('x', ('batch', 3))",
        "manual_seed set_random_seed set_seed PRNGKey": _SEED,
        "lr_find lr_finder LRFinder": "It is called: cr.find_learning_rate(network, X, y)",
        "float32 float64 set_default_dtype set_floatx": "A network has one: cr.Network([cr.Dense(1)], dtype='float64')",
        "randn rand": "NumPy draws: np.random.default_rng(0).normal(size=(3, 4))",
        "device cuda cpu gpu is_available to": _ENGINE,
        "DataLoader Dataset TensorDataset": "Arrays and data frames are given as they are, and fit makes the batches: "
        "network.fit(X, y, batch_size=32)",
        "save save_model": _SAVE,
        "load_weights load_state_dict": _LOAD,
        "read_csv": "It is called: cr.read_table('iris.csv')",
        "to_categorical": "Labels from 0 need no one-hot rows: cr.Network([cr.Dense(3, 'softmax')]).fit(X, labels)",
        "plot plot_history": "A history draws itself: history.plot()",
        "plot_model summary": "A network writes its own table: network.summary()",
        "LinearRegression Ridge Lasso": "It is a network of one layer: cr.Network([cr.Dense(1)]).fit(X, y)",
        "LogisticRegression Perceptron": "It is a network of one layer: "
        "cr.Network([cr.Dense(1, 'sigmoid')]).fit(X, labels > 0)",
        "confusion_matrix classification_report": "pandas counts: pd.crosstab(labels, classifier.predict_classes(X))",
        "linear_model neural_network": "Estimators are names of chainrule itself: cr.MLPClassifier()",
        "KerasClassifier NeuralNetClassifier NeuralNetBinaryClassifier": "It is called: cr.NetworkClassifier(network)",
        "KerasRegressor NeuralNetRegressor": "It is called: cr.NetworkRegressor(network)",
        "train_test_split model_selection": "fit holds rows back itself: network.fit(X, y, validation_split=0.2)",
        "accuracy_score r2_score": "A network scores itself: network.evaluate(X, y)",
        "cross_val_score cross_validate cross_val_predict learning_curve GridSearchCV RandomizedSearchCV KFold "
        "StratifiedKFold GroupKFold TimeSeriesSplit": f"{_THEIRS}model_selection import {{name}}",
        "Pipeline make_pipeline": f"{_THEIRS}pipeline import {{name}}",
        "ColumnTransformer make_column_transformer": f"{_THEIRS}compose import {{name}}",
        "clone": f"{_THEIRS}base import {{name}}",
        "exp log sin cos sqrt square sum mean max min maximum minimum abs matmul dot where stack reshape "
        "zeros ones array arange linspace power transpose": _NUMPY,
    },
    "Network": {
        "compile": "Nothing is set up beforehand; fit takes it: network.fit(X, y, optimizer='adam', loss='mse')",
        "add pop append": _LAYERS,
        "get_weights weights trainable_weights trainable_variables variables coefs_ intercepts_ coef_ intercept_ "
        "state_dict named_parameters params": _ALL_NUMBERS,
        "num_parameters numel": "What is learned, without what batch normalization keeps, is counted by: "
        "sum(w.size for w in network.parameters.values())",
        "set_weights load_state_dict": "Numbers are set by name, and their shapes are checked: "
        "network.parameters.update(numbers)",
        "train_on_batch partial_fit fit_generator train_step": _ONE_STEP,
        "test_on_batch test_step": "It scores whatever it is given: network.evaluate(X, y)",
        "predict_on_batch predict_step forward transform": "It is called: network.predict(X)",
        "decision_function predict_log_proba": "Probabilities are what predict returns: network.predict(X)",
        "zero_grad step backward grad grads": "fit does the steps; gradients alone are: network.gradients(X, y)",
        "train": "fit trains, and predict knows that it predicts: network.fit(X, y)",
        "eval": "predict knows that it predicts, and drops nothing out: network.predict(X)",
        "to cuda cpu": _ENGINE,
        "save_weights save_model to_json get_config": _SAVE,
        "load load_weights load_model from_config": _LOAD,
        "W1 W2 b1 b2": "The numbers of a network have names: network.parameters['{name}']",
        "build": "It is built where the shape of its input is known: cr.Network([cr.Dense(1)], input_shape=4)",
        "copy clone": "Python copies it: import copy; copy.deepcopy(network)",
        "reset reset_parameters": "A new one begins anew: cr.Network(network.layers, seed=1)",
        "device": _ENGINE,
        "name": "A network has no name",
        "explain": "A function explains networks and formulas alike: cr.explain(network, X, y)",
        "to_onnx export": f"There is no ONNX yet. {_SAVE}",
        "plot plot_model": "It is called: network.draw()",
        "get_layer children modules": "Layers stand in a list, in order: network.layers[0]",
        "history loss_curve_ best_loss_": "fit returns it: history = network.fit(X, y); history['cost']",
        "n_iter_": "fit returns it: history = network.fit(X, y); history.epochs",
        "output_shape": "The output is a node: network.output.shape",
        "input_shape": "The inputs are nodes, by name: network.inputs['x'].shape",
        "optimizer metrics metrics_names": "Each fit is given its own: "
        "network.fit(X, y, optimizer='adam', metrics=['mae'])",
        "trainable requires_grad requires_grad_": _FREEZING,
        "stop_training": "A callback that returns True stops the run: "
        "network.fit(X, y, callbacks=lambda network, epoch, logs: logs['cost'] < 0.1)",
        "get_params set_params classes_ n_features_in_ __sklearn_tags__": "scikit-learn takes a network within an "
        "estimator, of classes or of numbers (cr.NetworkRegressor): cr.NetworkClassifier(network)",
    },
    **{
        kind: {
            "reset_states reset_state states": "A layer holds no states; the network does, of layers with "
            "stateful=True: network.reset_states()",
            "cell": "There are layers, and cells are of your own: cr.LSTM(32)",
        }
        for kind in ("SimpleRNN", "LSTM", "GRU")
    },
    "Layer": {
        "weights get_weights set_weights kernel weight bias W b trainable_weights variables state_dict": "A layer is a "
        f"description and holds no numbers. {_NUMBERS}",
        "output_shape input_shape output count_params": "A layer knows its shapes in a network only: "
        "network.summary()",
        "requires_grad requires_grad_": _FREEZING,
    },
    "Node": {
        "backward grad zero_grad": _GRAD,
        "data": "It is called {node}.value, and that of a variable is set as a whole: w.value = w.value - 0.1",
        "requires_grad requires_grad_ retain_grad": "There are gradients by every node, with nothing to switch on: "
        "cr.grad({node}, w).value",
        "assign assign_add assign_sub set_value": "A variable is set by its value: w.value = w.value - 0.1",
        "relu sigmoid tanh softmax": "It is a function: cr.{name}({node})",
        "exp log sqrt abs square sin cos": "It is a function of NumPy's: np.{name}({node})",
        "pow": "It is an operator: {node} ** 2",
        "mm matmul": "It is an operator: A @ B",
        "view": "It is called: {node}.reshape(-1)",
        "unsqueeze": "As in NumPy: np.expand_dims({node}, axis=0)",
        "permute t": "As in NumPy: A.transpose(1, 0)",
        "float double half": "As in NumPy: {node}.astype('float32')",
        "long int": "As in NumPy: {node}.astype('int64')",
        "to cpu cuda": "Where a graph runs is said when it is compiled: cr.compile({node}, inputs=[])",
        "eval run": "It is called: {node}.value",
        "plot draw show": "It is called: cr.draw(J)",
    },
    "Parameters": {
        "__call__": "They are looked up by name, network.parameters['W1'], and fit gives them to the optimizer: "
        "network.fit(X, y, optimizer=cr.Adam(0.001))",
        "W1 W2 b1 b2": "They are looked up by name: network.parameters['{name}']",
        "data grad": "The numbers are the arrays themselves, and gradients are: network.gradients(X, y)['W1']",
    },
    "History": {
        "loss losses loss_curve_": "An epoch's loss is its cost: history['cost']",
        "val_loss": "An epoch's loss is its cost: history['val_cost']",
        "epoch n_iter_": "It is called: history.epochs",
        "draw plot_history": "A history is drawn by: history.plot()",
    },
    "Picture": {
        "savefig write_image to_svg export": "It is called: picture.save('picture.svg')",
        "show": "A notebook shows it, and a file keeps it: picture.save('picture.svg')",
        "axes data": "What is drawn stands in its panels: picture.panels[0].marks",
    },
    "TableModel": {
        "fit": "A model is made of its table: cr.TableModel.train(table, 'target')",
        "score": "It is called: model.evaluate(table)",
        "confusion_matrix plot_confusion plot_confusion_matrix": "It is drawn: model.plot('confusion')",
        "roc_curve plot_roc plot_auc": "It is drawn: model.plot('roc')",
        "predict_proba": "predict has the probabilities too: model.predict(table).filter(like='probability_')",
        "predict_classes transform": "It is called: model.predict(table)",
        "get_weights weights state_dict coefs_ parameters": "The numbers are those of its network: "
        "model.network.parameters['W1']",
        "layers": "They are those of its network: model.network.layers",
        "load load_model": "Files are read by one function: cr.load('model.safetensors')",
        "to_onnx export": "There is no ONNX yet. One file holds it all: model.save('model.safetensors')",
        "get_params set_params classes_ n_features_in_ __sklearn_tags__": "scikit-learn takes an estimator, of "
        "classes or of numbers (cr.TableRegressor): cr.TableClassifier()",
    },
    "Optimizer": {
        "step zero_grad minimize apply_gradients param_groups state_dict": _STEPS,
        "lr": "It is called: cr.Adam(0.001).learning_rate",
    },
    "EarlyStopping": {"stopped_epoch best best_epoch": "The history has it: network.fit(X, y).best_epoch"},
}

# Foreign names that work as ours, by whoever has them. Their functions get the object first.
WORKS: dict[str, dict[str, str]] = {
    "cr": {
        "load_model": "chainrule.models.loading:load",
        "Variable": "chainrule.graph.node:variable",
        "swish": "chainrule.nn.activations:silu",
    },
    "Network": {
        "__call__": "chainrule.train.guests:outputs",
        "__sklearn_clone__": "chainrule.train.guests:cloned",
        "count_params": "chainrule.train.guests:count_parameters",
        "predict_proba": "chainrule.train.guests:probabilities",
        "score": "chainrule.train.guests:score",
    },
    "Node": {
        "detach": "chainrule.graph.functions:stop_gradient",
        "item": "chainrule.graph.guests:number",
        "numpy": "chainrule.graph.guests:array",
        "tolist": "chainrule.graph.guests:listed",
    },
}

# Names that are assigned to in other libraries; here the assignment would be in vain, without a word.
IN_VAIN = {"stop_training", "trainable", "optimizer", "metrics", "weights", "requires_grad"}

# Arguments by name. An answer that is an identifier is what ours is called; with a dict, what is given is translated
# too; "" needs no saying here and is passed over; anything else is what to write. What stands under "()" is said of
# a call whose arguments by place are too many or too few.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "pad_sequences": {"maxlen": "length", "dtype": ""},
    "Layer": {
        "kernel_initializer weight_initializer depthwise_initializer pointwise_initializer init": "initializer",
        "nonlinearity": "activation",
        "kernel_regularizer weight_regularizer embeddings_regularizer": "regularizer",
        "embeddings_initializer": "initializer",
        "bias": "use_bias",
        "input_dim num_embeddings": "vocabulary",
        "output_dim embedding_dim": "units",
        "padding_idx": "What stands for padding is 0, and words count from 1: cr.Embedding(9, 2, mask_zero=True)",
        "input_length": "",
        "out_features n_units num_units neurons": "units",
        "in_features num_features normalized_shape": "The width of the input is that of what stands before: "
        "cr.Dense(16, 'relu')",
        "input_shape": "The shape of one example is told to the network: "
        "cr.Network([cr.Dense(1)], input_shape={value})",
        "batch_input_shape batch_shape": "The shape of one example, without the batch, is told to the network: "
        "cr.Network([cr.Dense(1)], input_shape=(20, 3))",
        "out_channels": "filters",
        "stride": "strides",
        "dilation": "dilation_rate",
        "in_channels": "The channels of the input are those of what stands before: cr.Conv2D(8, 3)",
        "padding_mode": "There are zeros around, and no other padding yet",
        "data_format": "Channels stand last, (examples, height, width, channels): X = np.moveaxis(X, 1, -1)",
        "p": "rate",
        "eps": "epsilon",
        "requires_grad": "trainable",
        "bias_initializer": "Biases begin at 0, and can be set: network.parameters['b1'] = np.ones(16)",
        "bias_regularizer activity_regularizer kernel_constraint bias_constraint": "Of a layer only the weights have a "
        "price: cr.Dense(16, 'relu', regularizer='l2')",
        "dtype": "The whole network has one: cr.Network([cr.Dense(1)], dtype='float64')",
        "seed": _SEED,
    },
    **{
        kind: {
            "hidden_size": "units",
            "input_size": "The width of the input is that of what stands before: cr.LSTM(32)",
            "num_layers": "Each layer is one of its own, and all but the last put out every step: "
            "cr.Network([cr.LSTM(32, return_sequences=True), cr.LSTM(32), cr.Dense(1)])",
            "batch_first time_major": "Sequences are always (batch, time, features): cr.LSTM(32)",
            "bidirectional": "It is a layer around another: cr.Bidirectional(cr.LSTM(32))",
            "proj_size": "It is a layer behind it: cr.Network([cr.LSTM(32, return_sequences=True), cr.Dense({value})])",
            "unroll": "A loop is compiled as one, however long, and nothing is gained by writing it out: cr.LSTM(32)",
            "implementation use_cudnn": "",
            "return_states": "return_state",
            "mask": "A mask is found in the graph: cr.Network([cr.Masking(), cr.LSTM(32)])",
            "zero_output_for_mask": "Steps that are padding put out again what the last one before them did, and count "
            "in no loss: cr.LSTM(32, return_sequences=True)",
            "recurrent_dropout_rate": "recurrent_dropout",
        }
        for kind in ("SimpleRNN", "LSTM", "GRU")
    },
    "Bidirectional": {
        "backward_layer": "The way back is a layer of the same settings, with weights of its own: "
        "cr.Bidirectional(cr.LSTM(32), merge_mode='concat')",
    },
    "RNN": {
        "units hidden_size input_size nonlinearity activation": "The layer of units is called SimpleRNN, and RNN takes "
        "a cell of your own: cr.SimpleRNN(32)",
    },
    "Layer.__call__": {
        "training": "A network knows whether it learns or predicts: network.predict(X)",
        "mask": "A mask is found in the graph: cr.Network([cr.Masking(), cr.LSTM(32)])",
    },
    "BatchNormalization": {
        "axis center scale": "The features stand last, and each has a gamma and a beta: cr.BatchNormalization()",
    },
    **{
        f"{kind}Pooling{rank}D": {"kernel_size": "pool_size", "size": "pool_size"}
        for kind in ("Max", "Average")
        for rank in (1, 2)
    },
    "UpSampling2D": {"scale_factor": "size", "mode": "interpolation"},
    "GroupNormalization": {"num_groups": "groups"},
    "Reshape": {"shape": "target_shape"},
    "RandomFlip": {"p": "Each is flipped as often as not: cr.RandomFlip('horizontal')"},
    "RandomRotation": {
        "degrees": "It is a share of a full turn, of 360 degrees: cr.RandomRotation(0.05)",
        "fill": "fill_value",
    },
    "RandomTranslation": {"fill": "fill_value"},
    "CategoricalCrossentropy": {
        "from_logits": "It takes probabilities, and where they are a softmax of the network no logit is too large: "
        "cr.Dense(3, 'softmax')",
    },
    "RandomZoom": {"fill": "fill_value"},
    "Dense": {
        "dropout": "It is a layer: cr.Network([cr.Dense(16, 'relu'), cr.Dropout({value}), cr.Dense(1)])",
        "input_dim": "The shape of one example is told to the network: "
        "cr.Network([cr.Dense(1)], input_shape={value})",
    },
    "Network": {
        "()": "The layers are one list: cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])",
        "random_state": "seed",
        "input_dim": "input_shape",
        "name": "A network has no name",
        "hidden_layer_sizes": "Each hidden layer is written: cr.Network([cr.Dense(100, 'relu'), cr.Dense(1)])",
        "activation": "Each layer has its own: cr.Network([cr.Dense(16, 'relu'), cr.Dense(1)])",
        "optimizer loss metrics batch_size epochs validation_split callbacks": _TO_FIT,
        "solver": "It is an argument of fit: network.fit(X, y, optimizer={value})",
        "max_iter": "It is an argument of fit: network.fit(X, y, epochs={value})",
        "lr learning_rate learning_rate_init": "It is one of the optimizer: "
        "network.fit(X, y, optimizer=cr.Adam({value}))",
        "alpha": "It is a price on the weights of a layer: cr.Dense(16, 'relu', regularizer=cr.L2({value}))",
        "early_stopping": "fit is told when to stop: "
        "network.fit(X, y, validation_split=0.1, callbacks=cr.EarlyStopping())",
        "outputs": "layers",
        "device": _ENGINE,
    },
    "Network.fit": {
        "()": "X and y come first, all else goes by name: network.fit(X, y, epochs=10, batch_size=32)",
        "eval_set": "It is a pair: network.fit(X, y, validation_data=(X, y))",
        "alpha": "It is a price on the weights of a layer: cr.Dense(16, 'relu', regularizer=cr.L2({value}))",
        "device": _ENGINE,
        "x": "X",
        "Y target targets": "y",
        "epoch n_epochs num_epochs nb_epoch max_iter max_epochs": "epochs",
        "batch": "batch_size",
        "callback": "callbacks",
        "metric": "metrics",
        "val_data": "validation_data",
        "val_split validation_fraction": "validation_split",
        "sample_weights": "sample_weight",
        "criterion loss_fn": "loss",
        "lr learning_rate learning_rate_init": "It is one of the optimizer: "
        "network.fit(X, y, optimizer=cr.Adam({value}))",
        "validation_freq": "Validation data is looked at after every epoch: network.fit(X, y, validation_split=0.2)",
        "initial_epoch": "A fit goes on from where the last one ended: network.fit(X, y, epochs=10)",
        "steps_per_epoch validation_steps": "An epoch sees every example once: network.fit(X, y, batch_size=32)",
        "early_stopping patience": "It is a callback: "
        "network.fit(X, y, validation_split=0.1, callbacks=cr.EarlyStopping())",
        "seed random_state": _SEED,
        "validation_batch_size workers use_multiprocessing max_queue_size": "",
    },
    "scan": {
        "()": "How many steps, and in which direction, goes by name: cr.scan(step, 0.0, x, reverse=True)",
        "f fn fun body step_fn step_function": "step",
        "carry initial initial_state initial_states initializer": "init",
        "sequences elems inputs": "xs",
        "n_steps steps": "length",
        "go_backwards": "reverse",
        "unroll": "",  # how many steps are compiled as one, which changes no number
    },
    "unroll": {"length steps n_steps": "T"},
    "Network.predict": {"x": "X", "batch_size verbose workers": ""},
    "Network.predict_classes": {"x": "X", "batch_size verbose": ""},
    "Network.evaluate": {
        "()": "It compares with the right answers: network.evaluate(X, y)",
        "x": "X",
        "batch_size verbose workers": "",
        "sample_weights": "sample_weight",
        "return_dict": "It returns the scores by name: network.evaluate(X, y)",
    },
    "Network.summary": {"verbose depth col_names line_length positions expand_nested show_trainable": ""},
    "Network.save": {"filepath filename": "path"},
    "load": {
        "filepath filename": "path",
        "custom_objects": "custom",
        "compile safe_mode map_location weights_only": "",
    },
    "TableModel": {"()": "A model is made of its table: cr.TableModel.train(table, 'target')"},
    "TableModel.train": {
        "hidden_layer_sizes": "hidden",
        "random_state": "seed",
        "epoch n_epochs max_iter": "epochs",
        "lr learning_rate_init": "learning_rate",
        "test_size": "test_fraction",
        "df X frame": "data",
        "label y": "target",
        "metrics": "metric",
    },
    "TableModel.evaluate": {"metrics": "metric"},
    "read_table": {
        "filepath_or_buffer path": "source",
        "na_values": "missing",
        "sheet_name sheet key": "table",
        "sep delimiter index_col encoding quotechar comment": "It is found out by reading: "
        "cr.read_table('iris.csv')",
    },
    "Optimizer": {
        "()": "fit gives it the parameters, and all but the learning rate goes by name: "
        "network.fit(X, y, optimizer=cr.Adam(0.001, beta_1=0.9))",
        "lr learning_rate_init eta step_size": "learning_rate",
        "eps": "epsilon",
        "beta1 b1": "beta_1",
        "beta2 b2": "beta_2",
        "global_clipnorm max_norm": "clip_norm",
        "clipnorm clipvalue": "All gradients together have one norm that is clipped: cr.Adam(0.001, clip_norm=1.0)",
        "betas": "They are two arguments: cr.Adam(beta_1={value[0]}, beta_2={value[1]})",
        "weight_decay": "Weight decay beside the step is: cr.AdamW(0.001, weight_decay={value})",
        "decay": "A schedule takes the place of the learning rate: cr.Adam(cr.ExponentialDecay(0.001, 0.01))",
        "momentum": "Momentum of its own has: cr.SGD(0.01, momentum={value})",
        "params": "fit gives the parameters to the optimizer: network.fit(X, y, optimizer=cr.Adam(0.001))",
        "amsgrad use_ema ema_momentum centered": "There is no such form of it: cr.Adam(0.001)",
        "name": "",
    },
    "SGD": {"dampening": "An average of the gradients is: cr.SGD(0.01, momentum=0.9, averaged=True)"},
    "RMSprop": {"alpha": "rho"},
    "LBFGS": {
        "max_eval": "max_evaluations",
        "max_iter": "Its iterations are the epochs of a fit: "
        "network.fit(X, y, optimizer=cr.LBFGS(), batch_size=None, epochs={value})",
        "history_size": "memory",
        "tol tolerance_grad": "tolerance",
    },
    "EarlyStopping": {
        "restore_best_weights": "restore_best",
        "mode": ("larger_is_better", {"max": True, "min": False, "auto": None}),
        "n_iter_no_change": "patience",
        "tol": "min_delta",
        "verbose": "",
        "baseline start_from_epoch": "It begins to wait with the first epoch: cr.EarlyStopping(patience=20)",
    },
    "Checkpoint": {
        "filepath filename": "path",
        "save_best_only": "best_only",
        "mode": ("larger_is_better", {"max": True, "min": False, "auto": None}),
        "verbose save_weights_only": "",
    },
    "CSVLog": {
        "filename filepath": "path",
        "append separator": "It writes a file of its own: cr.CSVLog('log.csv')",
    },
    "TensorBoardLog": {
        "log_dir logdir save_dir path": "folder",
        "histogram_freq": "histograms",
        "write_graph": "A drawing of the network is made by: network.draw()",
    },
    "L1": {"l1": "factor"},
    "L2": {"l2": "factor"},
    "LeakyReLU": {"negative_slope alpha": "slope"},
    "TruncatedNormal": {"stddev sigma scale": "std"},
    "Normal": {"stddev sigma scale": "std"},
    "GaussianNoise": {"stddev sigma scale": "std"},
    "PReLU": {"alpha_initializer": "initializer", "alpha_regularizer": "regularizer"},
    "variable": {
        "initial_value data initializer": "value",
        "requires_grad trainable": "There are gradients by every variable, with nothing to switch on: "
        "cr.grad(J, w).value",
        "device": "Where a graph runs is said when it is compiled: cr.compile(J, inputs=[])",
    },
    "constant": {"data": "value"},
    "explain": {
        "X x inputs": "wrt",
        "y target targets": "feed",
        "param weight": "parameter",
        "place": "index",
    },
    "grad": {
        "()": "It takes a node and whatever it is a function of: cr.grad(w**2, w).value",
        "create_graph retain_graph allow_unused": "",
        "inputs": "wrt",
        "outputs": "J",
        "argnums": "It is taken by a node, or a list of nodes: cr.grad(J, [w])",
    },
    "Network.__call__": {
        "training": "predict knows that it predicts, and drops nothing out: network.predict(X)"
    },
    "Network.score": {"sample_weights": "sample_weight"},
    **{
        f"Node.{name}": {"dim axes": "axis", "keepdim": "keepdims"}
        for name in ("sum", "mean", "prod", "any", "all")
    },
    **{f"Node.{name}": {"dim axes": "axis"} for name in ("argmax", "argmin")},
    **{  # with dim PyTorch's are others: of a sample, and pairs
        f"Node.{name}": {
            "dim": f"With dim it is that of a sample, which divides by n - 1: x.{name}(axis={{value}}, ddof=1)",
            "axes": "axis",
            "keepdim": "keepdims",
            "unbiased correction": f"What is taken from n is ddof: x.{name}(ddof=1)",
        }
        for name in ("var", "std")
    },
    **{
        f"Node.{name}": {
            "dim": f"With dim it is a pair with the places, which are apart here: x.{name}(axis={{value}}), "
            f"x.arg{name}(axis={{value}})",
            "axes": "axis",
            "keepdim": "keepdims",
        }
        for name in ("max", "min")
    },
    "compile": {
        "optimizer loss metrics": "Networks need no compiling: network.fit(X, y, {name}={value})",
    },
    "one_hot": {"num_classes depth": "classes"},
    "logsumexp": {"dim": "axis", "keepdim": "keepdims"},
    "softmax": {"dim": "axis"},
}

# Whose arguments stand in another order elsewhere, which a text in the first place gives away.
ORDERS: dict[str, tuple[str, ...]] = {"EarlyStopping": ("monitor", "min_delta", "patience")}

# What is given by name: of which kind, the foreign names, and ours.
VALUES: dict[str, dict[str, str]] = {
    "activation": {"none": "identity", "exp": "exponential"},
    "initializer": {"kaiming_normal": "he_normal", "kaiming_uniform": "he_uniform"},
    "loss": {
        "bce": "binary_crossentropy",
        "cross_entropy": "categorical_crossentropy",
        "crossentropy": "categorical_crossentropy",
        "crossentropyloss": "categorical_crossentropy",
        "bceloss": "binary_crossentropy",
        "mseloss": "mse",
        "l1loss": "mae",
        "huberloss": "huber",
        "smoothl1loss": "huber",
        "squared_error": "mse",
        "absolute_error": "mae",
    },
    "metric": {
        "accuracy_score": "accuracy",
        "balanced_accuracy_score": "balanced_accuracy",
        "precision_score": "precision",
        "recall_score": "recall",
        "f1_score": "f1",
        "f1score": "f1",
        "roc_auc_score": "auc",
        "average_precision_score": "average_precision",
        "r2_score": "r2",
        "r2score": "r2",
        "rootmeansquarederror": "rmse",
    },
}

# What a history, and a monitor, call a loss.
COST = {"loss": "cost", "val_loss": "val_cost"}


def spread(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table with a line for each name.

    >>> spread({"lr eta": "learning_rate"})
    {'lr': 'learning_rate', 'eta': 'learning_rate'}
    """
    return {name: answer for names, answer in table.items() for name in names.split()}
