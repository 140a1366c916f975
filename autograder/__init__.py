"""Builds, proves and grades the exercises of the course kit; everything here is the trusted side."""

import sys

# jsonschema compiles a grammar for a format that nothing here checks; that takes a second of each new process.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
