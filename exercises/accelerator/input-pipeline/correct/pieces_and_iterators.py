"""Contiguous pieces; one order kept for each epoch, by Python's random; an iterator class; states kept apart."""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    def piece(items, number, count):
        return items[len(items) * number // count : len(items) * (number + 1) // count]

    return tuple(piece(piece(samples, rank, world_size), worker, n_workers))


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.load_state_dict({"epoch": 0, "position": 0})

    def next_sample(self):
        sample = self.order[self.position]
        self.position += 1
        if self.position == self.n_samples:
            self.load_state_dict({"epoch": self.epoch + 1, "position": 0})
        return sample

    def state_dict(self):
        return {"position": np.int64(self.position), "epoch": self.epoch}

    def load_state_dict(self, state):
        import random

        self.epoch, self.position = state["epoch"], state["position"]
        self.order = list(range(self.n_samples))
        random.Random(f"{self.seed} in epoch {self.epoch}").shuffle(self.order)


# %% solution="prefetch"
class prefetch:
    def __init__(self, loader, n_batches, depth):
        self.loader, self.n_batches, self.depth = loader, n_batches, depth
        self.submitted = self.collected = 0

    def __iter__(self):
        return self

    def fill(self):
        while self.submitted < self.n_batches and self.submitted - self.collected < self.depth:
            self.loader.submit(self.submitted)
            self.submitted += 1

    def __next__(self):
        self.fill()
        if self.collected == self.n_batches:
            raise StopIteration
        batch = self.loader.result(self.collected)
        self.collected += 1
        self.fill()
        return batch


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.samples, self.states = [], [stream.state_dict()]

    def fill(self):
        while len(self.samples) < self.depth:
            self.samples.append(self.stream.next_sample())
            self.loader.submit(self.samples[-1])
            self.states.append(self.stream.state_dict())

    def next_batch(self):
        self.fill()
        batch = self.loader.result(self.samples.pop(0))
        self.states.pop(0)
        self.fill()
        return batch

    def state_dict(self):
        return self.states[0]
