"""Each error says what to do about it, and doing that gets its reader further."""
