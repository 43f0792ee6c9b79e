"""The scoreboard: engines known by name, what is found in each, and how fast it is: `paragrad peers`."""
