"""One training step of a small language model on one rank; the checker sends weights and samples as arrays."""

import torch
from torch import nn


class NextToken(nn.Module):
    """Scores next tokens. `tied`: embedding and output share a weight. `frozen`: the output's bias is not trained."""

    def __init__(self, weights, tied, frozen):
        super().__init__()
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        vocabulary, width = tensors["embedding.weight"].shape
        self.embedding = nn.Embedding(vocabulary, width, _weight=tensors["embedding.weight"])
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, vocabulary)
        self.hidden.weight = nn.Parameter(tensors["hidden.weight"])
        self.hidden.bias = nn.Parameter(tensors["hidden.bias"])
        self.output.weight = self.embedding.weight if tied else nn.Parameter(tensors["output.weight"])
        self.output.bias = nn.Parameter(tensors["output.bias"], requires_grad=not frozen)

    def forward(self, tokens_N):
        return self.output(torch.tanh(self.hidden(self.embedding(tokens_N))))


def mean_loss(model, batch):
    tokens_N, targets_N = (torch.from_numpy(array) for array in batch)
    return nn.functional.cross_entropy(model(tokens_N), targets_N)


def rank_main(comm, task, weights, tied, frozen, batches):
    model = NextToken(weights, tied, frozen)
    if task == "average":
        mean_loss(model, batches[0]).backward()
        average_gradients(comm, model, len(batches[0][0]))
    else:
        accumulate_gradients(comm, model, mean_loss, batches)
    return {name: p.grad for name, p in model.named_parameters()}
