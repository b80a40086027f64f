import { InvalidArgumentError } from 'commander';

/** Parsers for commander's options. @throws InvalidArgumentError, which commander shows with the option's name */

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Not a positive integer.');
  return value;
}

export function nonNegativeInteger(text: string): number {
  return text === '0' ? 0 : positiveInteger(text);
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Not a positive number.');
  return value;
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError('Not a number from 0 to 1.');
  return value;
}

export function positiveIntegers(text: string): number[] {
  return text.split(',').map(positiveInteger);
}
