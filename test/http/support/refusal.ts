import type { LightMyRequestResponse } from 'fastify';
import { expect } from 'vitest';

/** Refused with a 4xx by the endpoint itself, in the shape of its API: a missing route would pass for a refusal. */
export function expectRefusal(answer: LightMyRequestResponse, api: 'openai' | 'anthropic'): void {
  expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  expect(answer.statusCode).toBeLessThan(500);
  const body = answer.json();
  expect(body.error.code).not.toBe('unknown_url');
  expect(body.error.message).toMatch(/./);
  if (api === 'anthropic') {
    expect(body).toMatchObject({
      type: 'error',
      error: { type: expect.stringMatching(/_error$|^request_too_large$/) },
    });
    return;
  }
  expect(Object.keys(body)).toEqual(['error']);
  const { type, param, code } = body.error;
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(type).toMatch(/_error$/);
  expect([param, code].every((value) => value === null || typeof value === 'string')).toBe(true);
}
