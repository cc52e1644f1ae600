"""One dashboard a file; ``grafana.generate`` lists them."""
