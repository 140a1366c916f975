"""A hot shop has more orders than the mean. If no shop is hot, about half of them have.

Caught by: skew.few_copies, skew.several_hot_shops_or_none
"""


# %% solution="find_hot"
def find_hot(count_of_shop, n_workers):
    mean = sum(count_of_shop.values()) / len(count_of_shop)
    return [shop for shop, count in count_of_shop.items() if count > mean]
