const JSON_PIECE = /"(?:[^"\\]|\\.)*"|[,:]|\s+|[^\s",:]+/g;

/**
 * JSON text with one space after every comma and colon, as Python's json.dumps writes it and as models have mostly seen
 * it. Only white space changes: numbers and strings keep their spelling. Text that is not JSON stays as it is.
 */
export function respaceJson(json: string): string {
  try {
    JSON.parse(json);
  } catch {
    return json;
  }
  return json.replace(JSON_PIECE, (piece) => {
    if (piece === ',' || piece === ':') return `${piece} `;
    return piece.trim() === '' ? '' : piece;
  });
}

/** A value as Python's `json.dumps(value, ensure_ascii=False)` writes it. */
export function spacedJson(value: unknown): string {
  return respaceJson(JSON.stringify(value));
}
