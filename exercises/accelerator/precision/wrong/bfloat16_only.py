"""Takes 16 dropped bits for granted.

Caught by: bits.other_widths
"""


# %% solution="shorten"
def shorten(bits_N, fraction_bits):
    return torch.from_numpy(bits_N.view(np.float32)).bfloat16().float().numpy().view(np.uint32)
