"""Reads several epochs on each rank. Other code's random numbers (`noise`) are different each time."""

import random

import numpy
import torch


def read_epoch(sampler, epoch, noise):
    random.seed(noise)
    numpy.random.seed(noise)
    torch.manual_seed(noise)
    if epoch is not None:
        sampler.set_epoch(epoch)
    # Not list(sampler), which asks for len(sampler) first.
    return [index for index in sampler]


shards = []  # shards[i][rank]: the indices that this rank reads in epochs[i]
lengths = []  # lengths[i][rank]: what len() says
kept = [ShardedSampler(n_samples, world_size, rank, seed) for rank in range(world_size)]
for i, epoch in enumerate(epochs):
    if new_objects:
        kept = [ShardedSampler(n_samples, world_size, rank, seed) for rank in range(world_size)]
    shards.append([read_epoch(sampler, epoch, noise + 1000 * i + rank) for rank, sampler in enumerate(kept)])
    lengths.append([len(sampler) for sampler in kept])
