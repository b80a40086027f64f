import type { OpenAI } from 'openai';

export type ResponseEvent = OpenAI.Responses.ResponseStreamEvent;

/** The events of a body: the name of each must be the type in its data, and they must be numbered from 0. */
export function responseEventsOf(body: string): ResponseEvent[] {
  return body
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event, index) => {
      const match = /^event: ([\w.]+)\ndata: ([^\n]*)$/.exec(event);
      if (match === null) throw new Error(`not a named event: ${event}`);
      const data = JSON.parse(match[2]!) as ResponseEvent & { sequence_number: number };
      if (data.type !== match[1]) throw new Error(`event ${match[1]} carries ${data.type}`);
      if (data.sequence_number !== index) throw new Error(`event ${index} is numbered ${data.sequence_number}`);
      return data;
    });
}
