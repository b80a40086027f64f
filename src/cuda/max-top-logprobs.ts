/** Log-probabilities of the likeliest tokens that a row sampled on the GPU can ask for; width of the lists that come back. */
export const MAX_TOP_LOGPROBS = 20;
