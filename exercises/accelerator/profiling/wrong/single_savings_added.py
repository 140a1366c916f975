"""Tries each fix alone and adds what they save.

Caught by: within-budget.only_together, within-budget.savings_do_not_add, within-budget.many_budgets
"""


# %% solution="best-fixes"
def best_fixes(cost_days, budget_days, run):
    saved_us = {name: run.step_us([]) - run.step_us([name]) for name in cost_days}
    sets = [
        chosen
        for count in range(len(cost_days) + 1)
        for chosen in itertools.combinations(cost_days, count)
        if sum(map(cost_days.get, chosen)) <= budget_days
    ]
    return list(max(sets, key=lambda chosen: (sum(map(saved_us.get, chosen)), -len(chosen))))
