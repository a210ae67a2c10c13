"""Updates and models of a federation in whole numbers, and the rules that join them: the contract's twins.

template    a model's arrays as one vector, and back      Template
quantizing  what a party sends                            Update, quantize
chunks      bytes, leaves and roots of vectors            model_root, update_root
direct      what the contract adds up by itself           Vector, vector, sums_hash
gram        inner products, and how they come about       gram, trace_root
selection   who counts, how much, and how well it did     clip_factors, krum, nearest, merits
rules       how updates become one                        Settings, aggregate, apply

A value's unit is 2**-16; nothing that is hashed was ever a float. Divisions round down, as numpy's // does,
also below zero; where parties tie, the lower seat comes first.
"""

from orchestrator.learning.aggregation.gram import Gram, gram, trace_root
from orchestrator.learning.aggregation.quantizing import Update, quantize
from orchestrator.learning.aggregation.rules import Aggregate, Rule, Settings, aggregate, apply
from orchestrator.learning.aggregation.template import Template
