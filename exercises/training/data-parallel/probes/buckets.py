"""Calls make_buckets on parameters built here, and says which parameter came where, by its number."""

import torch

parameters = []
for shape, trained in zip(shapes, trainable, strict=True):
    values = torch.zeros(tuple(shape), dtype=getattr(torch, dtype))
    parameters.append(torch.nn.Parameter(values, requires_grad=trained))

buckets = make_buckets([parameters[number] for number in uses], cap_bytes)


def number_of(candidate):
    """The number of the parameter that this very object is; -1 for any other object."""
    return next((number for number, p in enumerate(parameters) if p is candidate), -1)


def numbers_of(bucket):
    """The type's name for anything but a list: a single parameter would fall apart into its rows."""
    return [number_of(p) for p in bucket] if isinstance(bucket, (list, tuple)) else type(bucket).__name__


numbers = [numbers_of(bucket) for bucket in buckets] if isinstance(buckets, (list, tuple)) else repr(buckets)[:400]
