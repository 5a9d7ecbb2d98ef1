"""The declared baseline, `[policy]` of medspan.toml: who may talk to whom on what, and what roles may offer."""
