"""Asks for the first state when the queue is full already.

Caught by: resume.before_the_first, resume.nothing_lost
"""


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.ahead = deque()
        for _ in range(depth):
            self.read()
        self.state = stream.state_dict()

    def next_batch(self):
        sample, _, after = self.ahead.popleft()
        batch = self.loader.result(sample)
        self.read()
        self.state = after
        return batch

    def state_dict(self):
        return self.state

    def read(self):
        before = self.stream.state_dict()
        sample = self.stream.next_sample()
        self.loader.submit(sample)
        self.ahead.append((sample, before, self.stream.state_dict()))
