"""Readers numbered worker by worker; an order by sorting random numbers; a queue that is topped up."""


# %% solution="shard"
def shard(samples, rank, world_size, worker, n_workers):
    readers, mine = world_size * n_workers, worker * world_size + rank
    return [sample for place, sample in enumerate(samples) if place % readers == mine]


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.n_given = 0

    def next_sample(self):
        epoch, position = divmod(self.n_given, self.n_samples)
        self.n_given += 1
        return np.argsort(np.random.default_rng((epoch, self.seed)).random(self.n_samples))[position]

    def state_dict(self):
        return dict(zip(["epoch", "position"], divmod(self.n_given, self.n_samples)))

    def load_state_dict(self, state):
        self.n_given = state["epoch"] * self.n_samples + state["position"]


# %% solution="prefetch"
def prefetch(loader, n_batches, depth):
    waiting, under_way = deque(range(n_batches)), deque()

    def top_up():
        while waiting and len(under_way) < depth:
            loader.submit(waiting[0])
            under_way.append(waiting.popleft())

    top_up()
    while under_way:
        batch = loader.result(under_way.popleft())
        top_up()
        yield batch


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.batches = self.run()
        self.state = stream.state_dict()

    def run(self):
        ahead = deque()
        while True:
            while len(ahead) < self.depth:
                sample = self.stream.next_sample()
                self.loader.submit(sample)
                ahead.append((sample, self.stream.state_dict()))
            sample, state = ahead.popleft()
            batch = self.loader.result(sample)
            following = self.stream.next_sample()
            self.loader.submit(following)
            ahead.append((following, self.stream.state_dict()))
            self.state = state
            yield batch

    def next_batch(self):
        return next(self.batches)

    def state_dict(self):
        return self.state
