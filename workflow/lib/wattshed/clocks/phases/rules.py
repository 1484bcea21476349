"""The phase rules by name."""

from wattshed.clocks.phases.activity_rule import ActivityRule
from wattshed.clocks.phases.plan_rule import PlanRule
from wattshed.clocks.phases.rule import PhaseRule
from wattshed.clocks.phases.utilisation_rule import UtilisationRule

RULES: dict[str, PhaseRule] = {rule.name: rule for rule in (ActivityRule(), PlanRule(), UtilisationRule())}
