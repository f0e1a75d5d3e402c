"""Trains PAUP or SASRec on a log of interactions with PyTorch: the run that Martlet's own training is compared with.

The log is an atomic file: tab-separated, with a header of typed names of which user_id, item_id and timestamp are read.
The recipe, in full:

- no user or item is left out; items are numbered from 1 in the order in which the file names them, 0 is padding;
- a user's items are ordered by time, and as in the file where times are equal. Of n items come n − 1 examples, each
  item after the first with what is before it. The last is for testing and the one before it for validation, but one
  example always stays in training and validation goes without first;
- of a history the most recent items are kept, and 0 stands on their right up to the length;
- every epoch goes over all training examples once in a new random order; the last batch may be smaller;
- cross-entropy over all items, the padding among them, mean over the batch; Adam with PyTorch's defaults; weights as
  recommenders.py draws them;
- ranking is over all items but the padding, those in the history among them; a target's rank is one more than the
  number of items with a greater score. HIT@k, NDCG@k and MRR@k are the means of 1, 1 / log2(rank + 1) and 1 / rank over
  the examples, where the rank is at most k, and else 0;
- after each epoch the validation examples are ranked; training ends when NDCG@10 has not risen for as many epochs as
  --patience says. The test examples are ranked with the weights of the best epoch.

With --losses N nothing is ranked: N steps are taken in that same order of the examples, with dropout off, and --save is
given the weights before (initial.safetensors), the batches (batches.safetensors: items N×batch×length, lengths and
targets N×batch, int32) and the losses (losses.safetensors: loss.float32 or loss.float64, after --dtype), so that another
program can take the same steps. Otherwise --save is given the best epoch's weights (best.safetensors).
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from recommenders import MODELS

CUTOFFS = (5, 10, 20)
RANKED_AT_ONCE = 256


class Log:
    """All users' items one after another in `items`, those of a user in order of time; user u's begin at starts[u]."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            names = [field.split(":")[0] for field in file.readline().rstrip("\n").split("\t")]
            user, item, when = (names.index(name) for name in ("user_id", "item_id", "timestamp"))
            rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
        users, items = numbered(row[user] for row in rows), numbered(row[item] for row in rows)
        times = np.array([float(row[when]) for row in rows])
        order = np.lexsort((np.arange(len(rows)), times, users))
        self.items = torch.from_numpy(items[order] + 1)
        self.item_count = int(items.max()) + 2  # with the padding
        counts = np.bincount(users)
        self.starts = np.concatenate([[0], np.cumsum(counts)])

    def split(self):
        """Training, validation and test examples, each a pair: where the user's items start, where the target is."""
        parts = [], [], []
        for start, end in zip(self.starts[:-1], self.starts[1:]):
            targets = list(range(start + 1, end))
            for part, fewest in ((2, 2), (1, 2)):
                if len(targets) >= fewest:
                    parts[part].append((start, targets.pop()))
            parts[0].extend((start, target) for target in targets)
        return [torch.tensor(part, dtype=torch.int64).reshape(-1, 2) for part in parts]

    def batch(self, examples, length):
        """Items [N, length], lengths [N] and targets [N] of examples [N, 2]."""
        starts, ends = examples.unbind(1)
        lengths = (ends - starts).clamp_max(length)
        places = torch.arange(length)
        items = self.items[((ends - lengths)[:, None] + places).clamp_max(len(self.items) - 1)]
        return items.masked_fill(places >= lengths[:, None], 0), lengths, self.items[ends]


def numbered(tokens):
    """Numbers from 0 in the order in which tokens appear first."""
    known = {}
    return np.array([known.setdefault(token, len(known)) for token in tokens])


def ranks(model, log, examples, options):
    """The target's rank for each of the examples, from 1."""
    model.eval()
    found = []
    with torch.inference_mode():
        for chosen in examples.split(RANKED_AT_ONCE):
            items, lengths, targets = (t.to(options.device) for t in log.batch(chosen, options.length))
            scores = model.scores(model(items, lengths))
            if not scores.isfinite().all():
                raise SystemExit("a score is not a finite number")
            wanted = scores.gather(1, targets[:, None])
            found.append(1 + (scores[:, 1:] > wanted).sum(1))
    return torch.cat(found).double().cpu()


def metrics(ranks):
    made = {}
    for k in CUTOFFS:
        within = (ranks <= k).double()
        made[f"hit@{k}"] = within.mean().item()
        made[f"ndcg@{k}"] = (within / (ranks + 1).log2()).mean().item()
        made[f"mrr@{k}"] = (within / ranks).mean().item()
    return made


def loss_of(model):
    """The loss of a batch, as a function."""
    return lambda items, lengths, targets: cross_entropy(model.scores(model(items, lengths)), targets)


def step(loss_of_batch, optimizer, batch, device):
    """One step of training; the loss before it."""
    optimizer.zero_grad()
    loss = loss_of_batch(*(part.to(device) for part in batch))
    loss.backward()
    optimizer.step()
    return loss.item()


def epoch_of(examples, batch_size, generator):
    return examples[torch.randperm(len(examples), generator=generator)].split(batch_size)


def record_losses(model, optimizer, log, examples, generator, options):
    """Takes --losses steps with dropout off and writes what another program needs to take them too."""
    options.save.mkdir(parents=True, exist_ok=True)
    save_file(state(model), options.save / "initial.safetensors")
    model.to(getattr(torch, options.dtype)).eval()
    chosen = []
    while len(chosen) < options.losses:
        whole = epoch_of(examples, options.batch, generator)
        chosen += [part for part in whole if len(part) == options.batch]
    batches = [log.batch(part, options.length) for part in chosen[: options.losses]]
    kept = {name: torch.stack(parts).int() for name, parts in zip(("items", "lengths", "targets"), zip(*batches))}
    save_file(kept, options.save / "batches.safetensors")
    losses = []
    for i, batch in enumerate(batches):
        losses.append(step(loss_of(model), optimizer, batch, options.device))
        if i % 10 == 9:
            print(f"step {i + 1}: loss {losses[-1]:.6f}", flush=True)
    losses = torch.tensor(losses, dtype=getattr(torch, options.dtype))
    save_file({f"loss.{options.dtype}": losses}, options.save / "losses.safetensors")


def train(model, optimizer, log, parts, generator, options):
    """Trains until NDCG@10 no longer rises and writes the report after every epoch."""
    training, validation, test = parts
    history, best, weights, begun_at = [], None, None, 1
    if options.checkpoint and options.checkpoint.exists():
        kept = torch.load(options.checkpoint, weights_only=True)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        generator.set_state(kept["generator"])
        torch.set_rng_state(kept["dropout"])
        history, best, weights = kept["history"], kept["best"], kept["weights"]
        begun_at = len(history) + 1
    loss_of_batch = torch.compile(loss_of(model), dynamic=False) if options.compile else loss_of(model)
    for epoch in range(begun_at, options.epochs + 1):
        if best and epoch - 1 - best["epoch"] >= options.patience:
            break
        model.train()
        begun, total = time.perf_counter(), 0.0
        for number, chosen in enumerate(epoch_of(training, options.batch, generator)):
            loss = step(loss_of_batch, optimizer, log.batch(chosen, options.length), options.device)
            total += loss * len(chosen)
            if epoch == 1 and number < 3:
                print(f"step {number + 1}: loss {loss:.6f}, {time.perf_counter() - begun:.1f} s", flush=True)
        spent = time.perf_counter() - begun
        history.append(
            {"epoch": epoch, "train_loss": total / len(training), "train_seconds": spent}
            | {f"validation_{key}": value for key, value in metrics(ranks(model, log, validation, options)).items()}
        )
        if best is None or history[-1]["validation_ndcg@10"] > best["validation_ndcg@10"]:
            best = history[-1] | {f"test_{k}": v for k, v in metrics(ranks(model, log, test, options)).items()}
            weights = state(model)
        print(
            f"epoch {epoch}: train loss {history[-1]['train_loss']:.5f}, validation NDCG@10 "
            f"{history[-1]['validation_ndcg@10']:.4f} (best {best['validation_ndcg@10']:.4f} at {best['epoch']}, test "
            f"HIT@10 {best['test_hit@10']:.4f}, NDCG@10 {best['test_ndcg@10']:.4f}, MRR@10 {best['test_mrr@10']:.4f}), "
            f"{spent:.0f} s",
            flush=True,
        )
        report = {
            "framework": f"PyTorch {torch.__version__}",
            "model": options.model,
            "batch_size": options.batch,
            "learning_rate": options.lr,
            "seed": options.seed,
            "items": log.item_count - 1,
            "examples": dict(zip(("training", "validation", "test"), map(len, parts))),
            "best": best,
            "history": history,
        }
        if options.output:
            options.output.write_text(json.dumps(report, indent=1) + "\n")
        if options.save:
            options.save.mkdir(parents=True, exist_ok=True)
            save_file(weights, options.save / "best.safetensors")
        if options.checkpoint:
            kept = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "weights": weights}
            kept |= {"generator": generator.get_state(), "dropout": torch.get_rng_state()}
            kept |= {"history": history, "best": best}
            partial = options.checkpoint.with_suffix(".partial")
            torch.save(kept, partial)
            partial.replace(options.checkpoint)


def state(model):
    return {key: tensor.detach().cpu().clone() for key, tensor in model.state_dict().items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=Path, required=True, help="the log, an atomic file")
    parser.add_argument("--model", choices=list(MODELS), default="paup")
    parser.add_argument("--axis", choices=["queries", "keys"], default="queries", help="of PAUP's softmax")
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--patience", type=int, default=10)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="train what torch.compile makes of the model")
    parser.add_argument("--output", type=Path, help="the report, written as JSON after every epoch")
    parser.add_argument("--checkpoint", type=Path, help="kept after every epoch, and gone on from where it exists")
    parser.add_argument("--save", type=Path, help="a folder for weights, or for what --losses records")
    parser.add_argument("--losses", type=int, help="take so many steps with dropout off and record them in --save")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32", help="of the steps of --losses")
    options = parser.parse_args()
    if options.losses and not options.save:
        parser.error("--losses needs --save")

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    log = Log(options.interactions)
    parts = log.split()
    print(
        f"{len(log.starts) - 1} users, {log.item_count - 1} items, {len(log.items)} interactions; "
        + ", ".join(f"{len(p)} {name}" for p, name in zip(parts, ("training", "validation", "test"))),
        flush=True,
    )
    arguments = {"axis": options.axis} if options.model == "paup" else {}
    model = MODELS[options.model](log.item_count, options.length, **arguments).to(options.device)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)
    if options.losses:
        record_losses(model, optimizer, log, parts[0], generator, options)
    else:
        train(model, optimizer, log, parts, generator, options)


if __name__ == "__main__":
    main()
