"""Adapters of known engines (docs/adapter.md), one file each. The child runs them; they import nothing of ours."""
