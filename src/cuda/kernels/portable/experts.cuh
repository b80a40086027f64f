// Sizes of a layer's experts in one step.
#pragma once

struct ExpertShape {
  int numTokens, experts, topK, hidden, inter;
};
