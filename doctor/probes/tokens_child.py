"""Counts tokens, in a process of its own: `python -P tokens_child.py tokenizer.json`, JSON in and out.

In: [[question, answers], …]. Out: [[tokens of the question, tokens of both], …].
"""

from __future__ import annotations

import json
import sys

from tokenizers import Tokenizer


def main() -> None:
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    pairs = json.loads(sys.stdin.buffer.read())
    texts = [text for pair in pairs for text in pair]
    counts = [len(made.ids) for made in tokenizer.encode_batch(texts, add_special_tokens=False)]
    answer = [[a, a + b] for a, b in zip(counts[::2], counts[1::2], strict=True)]
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
