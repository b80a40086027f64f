// Sizes of a layer's experts in one step; experts and topK with the shared ones.
#pragma once

struct ExpertShape {
  int numTokens, experts, topK, hidden, inter;
};
