"""Saves where the reading is: what was read ahead is lost when the run stops.

Caught by: resume.state_of_the_training, resume.before_the_first, resume.nothing_lost
"""


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.ahead = deque()
        for _ in range(depth):
            self.read()

    def next_batch(self):
        sample, _, _ = self.ahead.popleft()
        batch = self.loader.result(sample)
        self.read()
        return batch

    def state_dict(self):
        return self.stream.state_dict()

    def read(self):
        before = self.stream.state_dict()
        sample = self.stream.next_sample()
        self.loader.submit(sample)
        self.ahead.append((sample, before, self.stream.state_dict()))
