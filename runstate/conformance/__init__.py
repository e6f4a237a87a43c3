"""The judge: an independent reading of the same table, for anyone's record of a run."""
