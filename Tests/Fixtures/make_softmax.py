"""Softmax and its logarithm."""

import torch
import torch.nn.functional as F

from fixture import Rows

rows = Rows("softmax")
for name, shape, axis in [
    ("channels", (2, 5, 3, 4), 1), ("width", (2, 5, 3, 4), 3), ("height", (2, 5, 3, 4), 2), ("batch", (4, 3, 5), 0),
    ("matrix", (6, 7), 1), ("first", (6, 7), 0), ("two", (9, 2), 1), ("one", (3, 1), 1), ("long", (2, 1500), 1),
    ("volume", (1, 3, 2, 3, 4), 1),
]:
    rows.add(f"softmax.{name}", lambda x: x.softmax(axis), [rows.random(f"softmax.{name}", *shape) * 3])
    rows.add(f"log_softmax.{name}", lambda x: x.log_softmax(axis), [rows.random(f"log_softmax.{name}", *shape) * 3])
steep = torch.tensor([[1000.0, 0, -1000], [-500, -500, -400]])
rows.add("softmax.steep", lambda x: x.softmax(1), [steep])
rows.add("log_softmax.steep", lambda x: x.log_softmax(1), [steep])
for name, shape, axis in [("channels", (2, 5, 3, 4), 1), ("last", (4, 6), -1)]:
    hard = lambda x: F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis).double()
    rows.add(f"hardmax.{name}", hard, [rows.random(f"hardmax.{name}", *shape)], differentiable=False)
rows.save()
