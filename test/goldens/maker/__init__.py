"""Makes the small checkpoints of test/goldens and what the reference libraries say of them."""
