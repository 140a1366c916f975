# The training loop. What is submitted, collected and trained on is counted by loader and trainer, not here.
error = ""
try:
    for batch in prefetch(loader, n_batches, depth):
        trainer.train(batch)
except OSError as failure:
    error = str(failure)
