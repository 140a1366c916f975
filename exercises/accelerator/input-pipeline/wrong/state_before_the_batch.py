"""Saves the state before the batch that was handed over: it comes again.

Caught by: resume.state_of_the_training, resume.nothing_lost
"""


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.state = stream.state_dict()
        self.ahead = deque()
        for _ in range(depth):
            self.read()

    def next_batch(self):
        sample, self.state, _ = self.ahead.popleft()
        batch = self.loader.result(sample)
        self.read()
        return batch

    def state_dict(self):
        return self.state

    def read(self):
        before = self.stream.state_dict()
        sample = self.stream.next_sample()
        self.loader.submit(sample)
        self.ahead.append((sample, before, self.stream.state_dict()))
