"""Hands out its own dictionary: what was saved moves on with the stream.

Caught by: shuffle.goes_on, shuffle.every_place
"""


# %% solution="ShuffledStream"
class ShuffledStream:
    def __init__(self, n_samples, seed):
        self.n_samples, self.seed = n_samples, seed
        self.state = {"epoch": 0, "position": 0}

    def next_sample(self):
        if self.state["position"] == self.n_samples:
            self.state["epoch"] += 1
            self.state["position"] = 0
        order = np.random.default_rng([self.seed, self.state["epoch"]]).permutation(self.n_samples)
        self.state["position"] += 1
        return int(order[self.state["position"] - 1])

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        self.state = dict(state)
