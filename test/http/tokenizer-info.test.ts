import { expect, it } from 'vitest';
import { testApp } from './support/app.ts';

it('tells a client how to tokenize with /tokenize, under its API key', async () => {
  const { app } = testApp();
  const answer = await app.inject('/tokenizer_info');
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ bos_token: '<bos>', eos_token: '<eos>', add_bos_token: true, chat_template: null });
  const guarded = testApp(undefined, { apiKeys: ['secret'] }).app;
  expect((await guarded.inject('/tokenizer_info')).statusCode).toBe(401);
});
