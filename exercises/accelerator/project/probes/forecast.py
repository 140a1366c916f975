# `job` goes back as forecast leaves it.
forecast(job, fixes)
