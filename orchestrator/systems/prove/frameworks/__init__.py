"""Models of other frameworks: written from a training script, and read again where a reader can be safe."""
