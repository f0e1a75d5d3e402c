"""What paup_step.py and paup_rank.py share: their command line, the sequences and the network."""

import argparse

import torch

from recommenders import PAUP


def command_line(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
    parser.add_argument("--last", action="store_true", help="the last layer at the last item alone, as Martlet does it")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--items", type=int, default=3417, help="rows of the embedding, the padding's among them")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def vectors_of(model, options):
    """The network's forward pass, as its authors have it or with the last layer at the last item alone."""
    return model.represent if options.last else model


def made(options):
    """The network, and a batch for it: sequences [N, L] of 1 to L items with 0 on the right, lengths, targets."""
    torch.manual_seed(0)
    model = PAUP(options.items, options.length)
    lengths = torch.randint(1, options.length + 1, (options.batch,))
    items = torch.randint(1, options.items, (options.batch, options.length))
    items = items.masked_fill(torch.arange(options.length) >= lengths[:, None], 0)
    return model, items, lengths, torch.randint(1, options.items, (options.batch,))
