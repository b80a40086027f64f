import { describe, expect, it } from 'vitest';
import { chatSchema } from '../../src/openai/chat-schema.ts';
import { completionSchema } from '../../src/openai/completion-schema.ts';
import { messagesSchema } from '../../src/openai/messages/messages-schema.ts';
import { parseBody } from '../../src/openai/parse-body.ts';

const messages = [{ role: 'user', content: 'hi' }];
const chat = (fields: object) => () => parseBody(chatSchema, { messages, ...fields });
const f = { type: 'function', function: { name: 'f' } };

describe('the fault that a 400 tells of', () => {
  it.each([
    ['a missing conversation', () => parseBody(chatSchema, {}), 'messages', 'is required'],
    ['a missing prompt', () => parseBody(completionSchema, {}), 'prompt', 'is required'],
    ['a missing number', () => parseBody(messagesSchema, { messages }), 'max_tokens', 'is required'],
    ['a missing member', chat({ tools: [{ type: 'function' }] }), 'tools.0.function', 'is required'],
    [
      'a missing literal',
      chat({ tools: [f], tool_choice: { function: { name: 'f' } } }),
      'tool_choice.type',
      'must be "function"',
    ],
    ['a text of the right type', chat({ stop: '' }), 'stop', 'must not be an empty string'],
    ['a list of the right type', chat({ stop: Array(257).fill('a') }), 'stop', 'must have at most 256 entries'],
    [
      'an empty list of parts',
      chat({ messages: [{ role: 'user', content: [] }] }),
      'messages.0.content',
      'must have at least 1 entry',
    ],
    ['the wrong type', chat({ stop: 5 }), 'stop', 'must be a string or an array of strings'],
    ['an element of a list', chat({ stop: ['a', ''] }), 'stop.1', 'must not be an empty string'],
    [
      'one of several words',
      chat({ tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'x', tools: [f] } } }),
      'tool_choice.allowed_tools.mode',
      'must be one of "auto", "required"',
    ],
  ])('%s', (_, parse, param, message) => {
    expect(parse).toThrow(expect.objectContaining({ param, message: `Invalid '${param}': ${message}.` }));
  });
});
