"""What is drawn: a picture of one's own, of one mark or panel or several, and pictures of a training."""

import numpy as np

import chainrule as cr

P = cr.pictures
line = P.Line([1, 2, 3], [0.9, 0.5, 0.4], "cost")
one = cr.Picture(P.Panel(line), "A training", "The cost falls from 0.9 to 0.4.")
panel = P.Panel([line, P.Rule(y=0.5)], x=P.Axis("epoch", scale="log"), size=(400, 300))
several = cr.Picture([panel, one.panels[0]], columns=2, notes=["a note"])
print(len(one.panels[0].marks), len(several.panels), several.svg()[:4])

X = np.random.default_rng(0).normal(size=(40, 2))
y = (X[:, 0] > 0).astype(int)
network = cr.Network([cr.Dense(2, "tanh"), cr.Dense(1, "sigmoid")], seed=0)
history = network.fit(X, y, epochs=4, callbacks=cr.Record(every=2))
drawn: list[cr.Picture] = [history.plot(), network.draw(), P.boundary(network, X, y), P.beside(one, several)]
if history.recorded is not None:
    drawn.append(P.norms(history))
print([len(picture.words) > 0 for picture in drawn])

w = cr.variable(2.0, "w")
J = ((w * X[:, 0] - y) ** 2).mean().named("J")
print(cr.draw(J, wrt=w).words, cr.nudge(J, w, 0.001), cr.explain(J, wrt=w))
