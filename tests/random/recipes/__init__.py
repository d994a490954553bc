"""How to make a valid node of each operator: one function per family of operators with like inputs."""
