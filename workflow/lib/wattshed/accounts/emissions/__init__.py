"""From energy to mass of CO2e."""
