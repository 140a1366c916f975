"""Sets gradients that the checker sends (None: no gradient), calls reduce_buckets, and returns all gradients."""

import torch


def column_by_column(array):
    """The same numbers, but not row by row in memory: as the gradient of a transposed weight."""
    tensor = torch.from_numpy(array)
    return tensor.mT.contiguous().mT if tensor.ndim > 1 else tensor


def rank_main(comm, gradients, shapes, dtype, buckets):
    parameters = []
    for gradient, shape in zip(gradients, shapes, strict=True):
        p = torch.nn.Parameter(torch.zeros(tuple(shape), dtype=getattr(torch, dtype)))
        p.grad = None if gradient is None else column_by_column(gradient)
        parameters.append(p)
    reduce_buckets(comm, [[parameters[number] for number in bucket] for bucket in buckets])
    return [p.grad for p in parameters]
