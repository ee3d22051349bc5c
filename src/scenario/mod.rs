//! Scenario files: JSON to a checked plan, and the plan to a world.
