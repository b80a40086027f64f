import { Ajv } from 'ajv';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { useShippedServer } from '../support/shipped-server.ts';

const shipped = useShippedServer();

const city = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const minutes = {
  type: 'object',
  properties: { minutes: { type: 'integer', minimum: 1, maximum: 90 }, unit: { enum: ['min', 's'] } },
  required: ['minutes', 'unit'],
  additionalProperties: false,
};
const functionTool = (name: string, description: string, parameters: object): OpenAI.ChatCompletionTool => ({
  type: 'function',
  function: { name, description, parameters: parameters as Record<string, unknown> },
});
const tools = [
  functionTool('get_weather', 'Get the weather in a city', city),
  functionTool('set_timer', 'Set a timer', minutes),
];
const weatherOnly = tools.slice(0, 1);
const ask = (content: string): OpenAI.ChatCompletionMessageParam[] => [{ role: 'user', content }];

function callsOf(completion: OpenAI.ChatCompletion) {
  return (completion.choices[0]?.message.tool_calls ?? []).map((call) => {
    if (call.type !== 'function') throw new Error('a function was offered');
    return { name: call.function.name, arguments: JSON.parse(call.function.arguments) };
  });
}

describe('the shipped model', () => {
  it('calls a tool, takes its result and answers; the second prompt begins with the first', async () => {
    const messages = ask('What is the weather in Paris?');
    const first = await shipped.client.chat.completions.create({
      model: 'default',
      messages,
      tools: weatherOnly,
      temperature: 0,
    });
    expect(callsOf(first)).toEqual([{ name: 'get_weather', arguments: { city: 'Paris' } }]);
    expect(first.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    const message = first.choices[0]!.message;
    const result = '{"weather": "sunny", "temperature": 21}';
    messages.push(message, { role: 'tool', tool_call_id: message.tool_calls![0]!.id, content: result });
    const second = await shipped.client.chat.completions.create({
      model: 'default',
      messages,
      tools: weatherOnly,
      temperature: 0,
    });
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop' });
    expect(second.choices[0]!.message.content).toMatch(/sunny.*21|21.*sunny/);
    const { usage } = second;
    // The prompt and the call of the first round are in the cache, up to a whole block.
    expect(usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThan(first.usage!.prompt_tokens - 16);
  });

  it('streams the same call', async () => {
    const body = { model: 'default', messages: ask('How warm is it in Tokyo?'), tools: weatherOnly, temperature: 0 };
    const whole = await shipped.client.chat.completions.create(body);
    const streamed = await shipped.client.chat.completions.stream(body).finalChatCompletion();
    expect(callsOf(whole)).toEqual([{ name: 'get_weather', arguments: { city: 'Tokyo' } }]);
    expect(callsOf(streamed)).toEqual(callsOf(whole));
  });

  it('answers without a call where none is needed', async () => {
    const body = { model: 'default', messages: ask('Hello!'), tools: weatherOnly, temperature: 0 };
    const [choice] = (await shipped.client.chat.completions.create(body)).choices;
    expect(choice).toMatchObject({ finish_reason: 'stop', message: { content: expect.stringMatching(/hello|help/i) } });
    expect(choice!.message.tool_calls).toBeUndefined();
  });

  it('calls with arguments that validate where a call is required, at any temperature', async () => {
    const ajv = new Ajv();
    const validators = { get_weather: ajv.compile(city), set_timer: ajv.compile(minutes) };
    const questions = ['Tell me a story.', 'Hello!', 'What is 2 + 2?', 'Set a timer for 5 minutes.'];
    const completions = await Promise.all(
      questions.flatMap((question, i) =>
        [0, 1, 1.5].map((temperature) =>
          shipped.client.chat.completions.create({
            model: 'default',
            messages: ask(question),
            tools,
            tool_choice: 'required',
            parallel_tool_calls: false,
            temperature,
            seed: i,
            max_tokens: 200,
          }),
        ),
      ),
    );
    let numComplete = 0;
    for (const completion of completions) {
      const [choice] = completion.choices;
      // Random text inside a string may run on until max_tokens.
      if (choice!.finish_reason === 'length') continue;
      numComplete++;
      expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
      const calls = callsOf(completion);
      expect(calls).toHaveLength(1);
      for (const { name, arguments: args } of calls) {
        expect(validators[name as keyof typeof validators](args), JSON.stringify(args)).toBe(true);
      }
    }
    expect(numComplete).toBeGreaterThan(completions.length / 2);
  });

  it('calls the tool that is named, and ends with stop', async () => {
    const [choice] = (
      await shipped.client.chat.completions.create({
        model: 'default',
        messages: ask('What is the weather in Paris?'),
        tools,
        tool_choice: { type: 'function', function: { name: 'set_timer' } },
        temperature: 0,
      })
    ).choices;
    expect(choice).toMatchObject({
      finish_reason: 'stop',
      message: { content: null, tool_calls: [{ function: { name: 'set_timer' } }] },
    });
  });

  it('keeps strict arguments to their schema where it chooses freely', async () => {
    const described = { name: 'set_timer', description: 'Set a timer', parameters: minutes, strict: true };
    const strict = { type: 'function' as const, function: described };
    const body = { model: 'default', temperature: 0, tools: [strict] };
    const called = await shipped.client.chat.completions.create({
      ...body,
      messages: ask('Set a timer for 5 minutes.'),
    });
    expect(callsOf(called)).toMatchObject([{ name: 'set_timer', arguments: { minutes: 5, unit: expect.any(String) } }]);
    const [greeted] = (await shipped.client.chat.completions.create({ ...body, messages: ask('Hello!') })).choices;
    expect(greeted).toMatchObject({ finish_reason: 'stop', message: { content: expect.any(String) } });
  });

  it('calls a tool or keeps to the format, where both are offered', async () => {
    const body = {
      model: 'default',
      tools: weatherOnly,
      temperature: 0,
      response_format: { type: 'json_object' as const },
    };
    const called = await shipped.client.chat.completions.create({
      ...body,
      messages: ask('What is the weather in Paris?'),
    });
    expect(callsOf(called)).toEqual([{ name: 'get_weather', arguments: { city: 'Paris' } }]);
    const [choice] = (
      await shipped.client.chat.completions.create({
        ...body,
        messages: ask('Give me JSON with a name and an animal.'),
      })
    ).choices;
    expect(choice!.finish_reason).toBe('stop');
    expect(JSON.parse(choice!.message.content!)).toBeTypeOf('object');
  });

  it('goes on with the beginning of an answer', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      ...ask('What is the capital of France?'),
      { role: 'assistant', content: 'The capital of France is', prefix: true } as OpenAI.ChatCompletionMessageParam,
    ];
    const { choices } = await shipped.client.chat.completions.create({ model: 'default', messages, temperature: 0 });
    expect(choices[0]!.message.content).toMatch(/^ Paris/);
  });
});
