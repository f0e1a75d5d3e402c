"""What bench.py is made of: worker processes, turns, the machine, the report."""
