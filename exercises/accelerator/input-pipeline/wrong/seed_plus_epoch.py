"""Adds seed and epoch: the next seed's run reads the same orders, one epoch earlier.

Caught by: shuffle.epochs_differ, shuffle.seed_and_epoch_alone
"""


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.epoch, self.position = 0, 0

    def order(self):
        return np.random.default_rng(self.seed + self.epoch).permutation(self.n_samples)

    def next_sample(self):
        if self.position == self.n_samples:
            self.epoch, self.position = self.epoch + 1, 0
        self.position += 1
        return int(self.order()[self.position - 1])

    def state_dict(self):
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state):
        self.epoch, self.position = state["epoch"], state["position"]
