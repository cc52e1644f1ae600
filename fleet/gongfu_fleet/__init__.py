"""What the cooperative does with what was measured: alarms, assets, people."""
