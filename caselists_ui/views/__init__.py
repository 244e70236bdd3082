"""The screens of the case lists."""
