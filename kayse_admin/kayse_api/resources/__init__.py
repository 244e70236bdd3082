"""The vendor's resources, one module each."""
