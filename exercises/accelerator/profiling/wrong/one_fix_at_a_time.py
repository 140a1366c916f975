"""Takes the fix that helps most, then the next: what helps only together is never found.

Caught by: within-budget.only_together, within-budget.many_budgets
"""


# %% solution="best-fixes"
def best_fixes(cost_days, budget_days, run):
    chosen, left = [], budget_days
    while True:
        can = [name for name in cost_days if name not in chosen and cost_days[name] <= left]
        best = min(can, key=lambda name: run.step_us([*chosen, name]), default=None)
        if best is None or run.step_us([*chosen, best]) >= run.step_us(chosen):
            return chosen
        chosen.append(best)
        left -= cost_days[best]
