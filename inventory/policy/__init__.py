"""The declared baseline, `[policy]` of medspan.toml: which roles may talk to which, on what, and what they may offer."""
