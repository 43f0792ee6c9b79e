"""How random Programs are drawn. Hypothesis draws a Profile and a seed, a seeded Builder the rest."""
