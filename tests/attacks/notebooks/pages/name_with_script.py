"""Puts scripts into names: of the exception, of the function, of the line that raised it."""

# %%
Evil = type("<script>alert('pwned')</script>", (Exception,), {})


# %% solution="total"
def running_total(values_N):
    raise Evil("<svg onload=alert(1)>")  # <script>alert('pwned')</script>
