"""The judge of AG-UI streams: a second, independent reading of what the reference client accepts."""

from runstate.conformance.agui.judge import AguiJudge, Stage
from runstate.conformance.agui.rules import CODES, RULES, Fault, Rule
from runstate.conformance.agui.shapes import EVENT_TYPES

__all__ = ["CODES", "EVENT_TYPES", "RULES", "AguiJudge", "Fault", "Rule", "Stage"]
