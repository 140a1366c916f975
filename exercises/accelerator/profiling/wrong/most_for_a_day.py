"""Buys the fixes that save most for each day, until the money is spent.

Caught by: within-budget.only_together, within-budget.many_budgets
"""


# %% solution="best-fixes"
def best_fixes(cost_days, budget_days, run):
    worth = {name: (run.step_us([]) - run.step_us([name])) / days for name, days in cost_days.items()}
    chosen = []
    for name in sorted(worth, key=worth.get, reverse=True):
        if cost_days[name] <= budget_days and worth[name] > 0:
            chosen.append(name)
            budget_days -= cost_days[name]
    return chosen
