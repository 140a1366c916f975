"""The hub on one machine: its settings, accounts, sandboxed servers, course servers, check, backup and health."""
