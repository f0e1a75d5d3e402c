"""A worker for bench.py: full ranking by PAUP in PyTorch (the users' vectors, the scores of all items, the targets'
ranks)."""

import torch

import worker
from paup_work import command_line, made, vectors_of


def main():
    options = command_line(__doc__).parse_args()
    torch.set_num_threads(options.threads)

    def prepare():
        model, *batch = made(options)
        model.eval()
        vectors = vectors_of(model, options)

        def ranks_of(items, lengths, targets):
            scores = model.scores(vectors(items, lengths))
            wanted = scores.gather(1, targets[:, None])
            return 1 + (scores[:, 1:] > wanted).sum(1)

        if options.mode == "compile":
            ranks_of = torch.compile(ranks_of)

        def rank():
            with torch.inference_mode():
                return ranks_of(*batch).sum().item()

        return rank

    worker.serve(f"PyTorch {torch.__version__}", prepare)


if __name__ == "__main__":
    main()
