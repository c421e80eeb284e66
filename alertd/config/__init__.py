"""What the files say: `alertd.yml` and rule files, checked against each other. Knows every package; none knows it."""
