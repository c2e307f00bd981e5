"""A claims and payers simulator whose labels are not a copy of what the claims show."""

from data.simulation.files import write_simulation
from data.simulation.simulate import Simulated, Simulation, simulate

__all__ = ["Simulated", "Simulation", "simulate", "write_simulation"]
