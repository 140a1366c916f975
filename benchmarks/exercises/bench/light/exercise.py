# %% [markdown]
# # Two functions of tensors

# %%
import torch

import workbench as wb


# %% solution="softmax"
def softmax(x_BC: torch.Tensor) -> torch.Tensor:
    """Row-wise softmax, shape (batch, classes)."""
    ### BEGIN SOLUTION "Exponentiate and normalise each row."
    e_BC = torch.exp(x_BC - x_BC.amax(dim=-1, keepdim=True))
    return e_BC / e_BC.sum(dim=-1, keepdim=True)
    ### END SOLUTION


# %% part="softmax"
wb.check("softmax")


# %% solution="standardise"
def standardise(x_BD: torch.Tensor) -> torch.Tensor:
    """Each column with mean 0 and (biased) standard deviation 1."""
    ### BEGIN SOLUTION "Subtract each column's mean and divide by its standard deviation."
    return (x_BD - x_BD.mean(0)) / x_BD.std(0, unbiased=False)
    ### END SOLUTION


# %% part="standardise"
wb.check("standardise")
