"""Dashboards as code: built here, generated as JSON, provisioned or pushed into a Grafana."""
