"""Shuffles within windows, as a shuffle buffer does: no sample gets far from its place.

Caught by: shuffle.whole_epoch
"""


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.epoch, self.position = 0, 0

    def order(self):
        rng = np.random.default_rng([self.seed, self.epoch])
        places = range(0, self.n_samples, 10)
        return np.concatenate([rng.permutation(np.arange(self.n_samples)[place : place + 10]) for place in places])

    def next_sample(self):
        if self.position == self.n_samples:
            self.epoch, self.position = self.epoch + 1, 0
        self.position += 1
        return int(self.order()[self.position - 1])

    def state_dict(self):
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state):
        self.epoch, self.position = state["epoch"], state["position"]
