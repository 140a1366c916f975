"""Gets the state right by not reading ahead: the workers are idle while the trainer works.

Caught by: resume.state_of_the_training, resume.before_the_first, resume.nothing_lost
"""


# %% solution="ResumablePrefetcher"
class ResumablePrefetcher:
    def __init__(self, stream, loader, depth):
        self.stream, self.loader, self.depth = stream, loader, depth
        self.ahead = deque()
        self.state = stream.state_dict()

    def next_batch(self):
        self.read()
        sample, _, self.state = self.ahead.popleft()
        return self.loader.result(sample)

    def state_dict(self):
        return self.state

    def read(self):
        before = self.stream.state_dict()
        sample = self.stream.next_sample()
        self.loader.submit(sample)
        self.ahead.append((sample, before, self.stream.state_dict()))
