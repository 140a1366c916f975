"""Draws random numbers that all code of the process shares: who draws or seeds in between changes the order.

Caught by: shuffle.goes_on, shuffle.every_place, shuffle.seed_and_epoch_alone
"""


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.epoch, self.position = 0, 0
        np.random.seed(seed)
        self.kept = None

    def next_sample(self):
        if self.position == self.n_samples:
            self.epoch, self.position = self.epoch + 1, 0
            self.kept = None
        if self.kept is None:
            self.kept = np.random.permutation(self.n_samples)
        self.position += 1
        return int(self.kept[self.position - 1])

    def state_dict(self):
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state):
        self.epoch, self.position = state["epoch"], state["position"]
