"""What happens in a fit: preparing, descent, stopping, and what is said where it goes wrong."""
