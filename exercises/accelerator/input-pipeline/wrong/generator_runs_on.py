"""One generator draws epoch after epoch: a new process begins with the order of epoch 0.

Caught by: shuffle.goes_on, shuffle.every_place
"""


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.epoch, self.position = 0, 0
        self.rng = np.random.default_rng(seed)
        self.kept = self.rng.permutation(n_samples)

    def next_sample(self):
        if self.position == self.n_samples:
            self.epoch, self.position = self.epoch + 1, 0
            self.kept = self.rng.permutation(self.n_samples)
        self.position += 1
        return int(self.kept[self.position - 1])

    def state_dict(self):
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state):
        self.epoch, self.position = state["epoch"], state["position"]
