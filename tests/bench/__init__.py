"""The speed of the program, each figure beside a yardstick taken in the same run."""
