"""One step, and the master weights as they are after it."""

new = mixed_step(master, net, scale, max_norm, learning_rate)
after = master
