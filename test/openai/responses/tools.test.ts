import { describe, expect, it } from 'vitest';
import { planOf } from './support/plans.ts';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function', name: 'weather', description: 'The weather.', parameters, strict: true };
const time = { type: 'function', name: 'time' };
const plan = (fields: object) => planOf({ input: 'hi', tools: [weather, time], ...fields });

describe('tools', () => {
  it('are described to the model and repeated in the answer', async () => {
    const { options, settings, answer } = await plan({});
    expect(options.tools).toMatchObject([
      { name: 'weather', description: 'The weather.', parameters, strict: true },
      { name: 'time', description: null, parameters: null },
    ]);
    expect(answer).toMatchObject({ hasTools: true, toolNames: ['weather', 'time'] });
    expect(settings).toMatchObject({ tool_choice: 'auto', parallel_tool_calls: true });
    expect(settings.tools).toEqual([
      weather,
      { type: 'function', name: 'time', description: null, parameters: null, strict: false },
    ]);
  });

  it.each([{ tools: null }, { tools: [] }])('%j: none', async (fields) => {
    const { answer, settings } = await plan(fields);
    expect(answer.hasTools).toBe(false);
    expect(settings).toMatchObject({ tools: [], tool_choice: 'auto' });
  });

  it('tool_choice none', async () => {
    const { answer, settings } = await plan({ tool_choice: 'none' });
    expect(answer.hasTools).toBe(false);
    expect(settings.tool_choice).toBe('none');
    expect(settings.tools).toHaveLength(2);
  });

  it.each(['required', { type: 'function', name: 'time' }])('tool_choice %j binds the answer', async (choice) => {
    const { requests, settings } = await plan({ tool_choice: choice });
    expect(requests[0]?.grammar).not.toBeNull();
    expect(settings.tool_choice).toEqual(choice);
  });

  it('allowed_tools leaves the others out of the prompt, not out of the answer', async () => {
    const choice = { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'time' }] };
    const { options, requests, settings } = await plan({ tool_choice: choice });
    expect(options.tools?.map(({ name }) => name)).toEqual(['time']);
    expect(requests[0]?.grammar).not.toBeNull();
    expect(settings.tool_choice).toEqual(choice);
    expect(settings.tools).toHaveLength(2);
  });

  it('parallel_tool_calls false allows one call', async () => {
    const { answer, settings } = await plan({ parallel_tool_calls: false });
    expect(answer.maxCalls).toBe(1);
    expect(settings.parallel_tool_calls).toBe(false);
  });
});

const tool = (fields: object) => ({ tools: [weather, { ...time, ...fields }] });
const deep = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`) as object;
const allowed = (...names: string[]) => ({
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: names.map((name) => ({ type: 'function', name })) },
});

const faults: [object, string, string][] = [
  [{ tools: {} }, 'tools', 'must be an array'],
  [{ tools: [5] }, 'tools.0', 'must be an object'],
  ...['web_search', 'file_search', 'mcp', 'code_interpreter', 'custom', 'image_generation', 'local_shell'].map(
    (type): [object, string, string] => [tool({ type }), 'tools.1.type', `"${type}" tools are not supported`],
  ),
  [tool({ type: 7 }), 'tools.1.type', 'must be "function"'],
  [tool({ name: 'a b' }), 'tools.1.name', 'must be 1 to 128'],
  [tool({ name: 'weather' }), 'tools.1.name', 'unique'],
  [tool({ parameters: [] }), 'tools.1.parameters', 'JSON Schema'],
  [tool({ parameters: { type: 'array' } }), 'tools.1.parameters.type', 'must be "object"'],
  [tool({ parameters: deep }), 'tools.1.parameters', 'nested'],
  [tool({ strict: 1 }), 'tools.1.strict', 'must be a boolean'],
  [tool({ defer_loading: true }), 'tools.1.defer_loading', 'not supported'],
  [{ tool_choice: 'any' }, 'tool_choice', 'must be "none"'],
  [{ tool_choice: { type: 'web_search' } }, 'tool_choice.type', 'must be "function"'],
  [{ tool_choice: { type: 'function' } }, 'tool_choice.name', 'is required'],
  [{ tool_choice: { type: 'function', name: 'other' } }, 'tool_choice.name', 'no tool has this name'],
  [allowed('time', 'other'), 'tool_choice.tools.1.name', 'no tool has this name'],
  [allowed(), 'tool_choice.tools', 'at least 1'],
  [{ tools: [], tool_choice: 'required' }, 'tool_choice', 'needs tools'],
  [{ parallel_tool_calls: 'no' }, 'parallel_tool_calls', 'must be a boolean'],
];

it.each(faults.map(([fields, param, message]) => ({ fields, param, message })))(
  '$param: $message',
  async ({ fields, param, message }) => {
    await expect(plan(fields)).rejects.toMatchObject({ status: 400, param, message: expect.stringContaining(message) });
  },
);
