"""Pictures as SVG, written by Python alone: text stays text, and a picture of many points is still small."""
