"""A worker for bench.py: one training step of a network in PyTorch (forward, cross-entropy, backward, Adam)."""

import argparse

import torch
from torch.nn.functional import cross_entropy

import networks
import worker


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=["eager", "eager_cl", "compile"], default="eager_cl")
    parser.add_argument("--bf16", action="store_true", help="the forward pass under autocast to bfloat16")
    networks.add_arguments(parser, batch=4)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    def prepare():
        layout = torch.contiguous_format if options.mode == "eager" else torch.channels_last
        model = networks.make(options).to(memory_format=layout).train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        x = torch.randn(options.batch, 3, options.size, options.size).contiguous(memory_format=layout)
        y = torch.randint(0, 2, (options.batch, options.size, options.size))

        def loss_of(x, y):
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
                return cross_entropy(model(x), y)

        if options.mode == "compile":
            loss_of = torch.compile(loss_of)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(x, y)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    worker.serve(f"PyTorch {torch.__version__}", prepare)


if __name__ == "__main__":
    main()
