"""A table, from its file to its predictions."""

import pandas as pd

import chainrule as cr

model = cr.TableModel.train(*cr.load_table("iris"), hidden=[8], epochs=2, engine="numpy")
table, target = cr.load_table("iris")
print(model.predict(table.head(2))[target].tolist(), model.summary_text(), model.report.scores)
model.save("iris.safetensors")
loaded: cr.TableModel = cr.load("iris.safetensors")
print(loaded.predict(table.head(2)).columns.tolist(), cr.load("iris.safetensors").predict(table).shape)
cr.write_table(table, "iris.csv")
same = cr.read_table("iris.csv")
print(cr.TableModel.train(same, "target", task="multiclass", epochs=1, seed=1).evaluate(same))

network = cr.Network([cr.Dense(4, "relu"), cr.Dense(3, "softmax")], seed=0)
numbers, labels = same[["sepal_length", "petal_length"]], same["target"].astype("category").cat.codes
network.fit(numbers, labels, epochs=1, validation_split=0.2, sample_weight=pd.Series(1.0, same.index))
print(network.predict(numbers).shape)
try:
    cr.load("nowhere.safetensors")
except cr.MissingFileError as error:
    print(error)
