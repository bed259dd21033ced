"""Molecules: their valences, SMILES, arrays, and a list of small ones that the library writes."""
