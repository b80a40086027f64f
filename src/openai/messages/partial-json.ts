/**
 * The object that a text of JSON spells; of one that was cut off, the members that are complete. `{}` when it is no object.
 */
export function parsePartialObject(text: string): Readonly<Record<string, unknown>> {
  const value = tryParse(text) ?? tryParse(completed(text));
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text up to the last place where it could be closed, closed. */
function completed(text: string): string {
  let closers = '';
  let end = 0;
  let closersAtEnd = '';
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (isInString) {
      if (char === '\\') i++;
      else if (char === '"') isInString = false;
      continue;
    }
    if (char === '"') isInString = true;
    else if (char === '{') closers = `}${closers}`;
    else if (char === '[') closers = `]${closers}`;
    else if (char === '}' || char === ']') closers = closers.slice(1);
    if (char === '{' || char === '[' || char === '}' || char === ']' || char === ',') {
      end = char === ',' ? i : i + 1;
      closersAtEnd = closers;
    }
  }
  return text.slice(0, end) + closersAtEnd;
}
