"""What Touchstone knows and computes; nothing in here imports streamlit."""
