"""Sends frames that answer nothing, as many and as large as can be, so that the referee reads for ever.

Tools: link
Slow: yes
Status: timed out, kernel died
"""

# %%
text = json.dumps({"buffers": [], "id": "x", "value": ["x" * 50] * 100_000}).encode()


def make(header, buffers):
    while True:
        write_raw(text)


answer_with(make)
