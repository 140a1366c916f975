"""How much longer `python -c "import workbench"` takes than bare Python. The aim: 50 ms at most (median)."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
AIM_MS = 50.0


def main() -> None:
    timed_ms("import workbench")  # writes the byte code once, outside the measurement
    rounds = [(timed_ms("pass"), timed_ms("import workbench")) for _ in range(ROUNDS)]
    bare_ms = statistics.median(bare for bare, _ in rounds)
    more_ms = statistics.median(workbench - bare for bare, workbench in rounds)
    verdict = "within" if more_ms <= AIM_MS else "OVER"
    print(f"bare Python       {bare_ms:7.1f} ms (median of {ROUNDS})")
    print(f"import workbench  {more_ms:+7.1f} ms more; {verdict} the aim of {AIM_MS:.0f} ms")


def timed_ms(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
