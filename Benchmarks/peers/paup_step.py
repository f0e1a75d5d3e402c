"""A worker for bench.py: one training step of PAUP in PyTorch (forward, cross-entropy, backward, Adam)."""

import torch
from torch.nn.functional import cross_entropy

import worker
from paup_work import command_line, made, vectors_of


def main():
    parser = command_line(__doc__)
    parser.add_argument("--bf16", action="store_true", help="the forward pass under autocast to bfloat16")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    def prepare():
        model, *batch = made(options)
        model.train()
        vectors = vectors_of(model, options)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

        def loss_of(items, lengths, targets):
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
                return cross_entropy(model.scores(vectors(items, lengths)), targets)

        if options.mode == "compile":
            loss_of = torch.compile(loss_of)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(*batch)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step

    worker.serve(f"PyTorch {torch.__version__}", prepare)


if __name__ == "__main__":
    main()
