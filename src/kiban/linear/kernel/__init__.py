"""The staircase kernel: an interior point whose linear algebra is one sweep over the hours (`docs/kernel.md`)."""
