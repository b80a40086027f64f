/** One server-sent event of Anthropic's protocol. */
export interface MessageEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The events of a body; the name of each must be the type in its data. */
export function messageEventsOf(body: string): MessageEvent[] {
  return body
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event) => {
      const match = /^event: (\w+)\ndata: ([^\n]*)$/.exec(event);
      if (match === null) throw new Error(`not a named event: ${event}`);
      const data = JSON.parse(match[2]!) as MessageEvent;
      if (data.type !== match[1]) throw new Error(`event ${match[1]} carries ${data.type}`);
      return data;
    });
}
