"""The cold-chain alarm model: policy, timeline of a zone, incident, and how the two agree."""
