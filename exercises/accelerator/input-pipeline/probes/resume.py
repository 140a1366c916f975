# Trains on some batches, and says after each of them (and before the first) where a new stream has to go on.
prefetcher = ResumablePrefetcher(stream, loader, depth)
states = [prefetcher.state_dict()] if with_states else []
for _ in range(n_steps):
    trainer.train(prefetcher.next_batch())
    if with_states:
        states.append(prefetcher.state_dict())
