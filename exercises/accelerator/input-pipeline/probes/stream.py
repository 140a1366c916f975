# Takes samples, then says where the stream is, again and again. In between, other code draws random numbers.
import random

import numpy

stream = ShuffledStream(n_samples, seed)
if state is not None:
    stream.load_state_dict(state)
taken, states = [], []
for i, count in enumerate(takes):
    numpy.random.seed(noise + i)
    random.seed(noise + i)
    taken.append([stream.next_sample() for _ in range(count)])
    states.append(stream.state_dict() if with_states else None)
