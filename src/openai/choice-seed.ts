const MASK_64 = (1n << 64n) - 1n;
const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;

/**
 * Seed of choice `index` of a request. Choice 0 has the request's own seed, so that n = 1 and the first of n agree;
 * the others are spread with splitmix64 (Steele, Lea and Flood 2014) and depend on seed and index alone.
 * A seed outside the safe integers (clients send 64-bit ones) is folded the same way.
 */
export function choiceSeed(seed: number, index: number): number {
  if (index === 0 && Number.isSafeInteger(seed)) return seed;
  let z = (BigInt(seed) + GOLDEN_GAMMA * BigInt(index + 1)) & MASK_64;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK_64;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK_64;
  return Number((z ^ (z >> 31n)) >> 11n);
}
