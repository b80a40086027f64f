/** Paths (after /v1 or /beta) of APIs that clients may expect here, and what they are; `*` stands for whatever follows. */
const UNSUPPORTED: readonly (readonly [what: string, ...paths: string[]])[] = [
  ['embeddings', '/embeddings', '/embedding'],
  ['audio', '/audio*', '/realtime*'],
  ['images and video', '/images*', '/videos*'],
  ['moderation', '/moderations'],
  ['files and uploads', '/files*', '/uploads*'],
  ['batches', '/batches*', '/messages/batches*', '/chat/completions/batch'],
  ['fine-tuning', '/fine_tuning*', '/fine-tunes*'],
  ['assistants', '/assistants*', '/threads*'],
  ['vector stores', '/vector_stores*'],
  ['stored conversations', '/conversations*', '/chat/completions/*'],
  ['containers', '/containers*'],
  ['evaluations', '/evals*', '/graders*'],
  ['administration of an organization', '/organization*', '/organizations*', '/projects*'],
  ['reranking and scoring', '/rerank', '/reranking', '/score', '/classify', '/pooling'],
  ['LoRA adapters', '/load_lora_adapter', '/unload_lora_adapter', '/lora-adapters'],
  ['old completions of Anthropic', '/complete'],
  ["Ollama's own API", '/api/*'],
  ["llama.cpp's own API", '/completion', '/infill', '/props', '/slots*', '/apply-template'],
  ["SGLang's own API", '/generate', '/get_model_info', '/server_info'],
  ["SageMaker's API", '/invocations'],
  ['balance of an account', '/user/balance'],
];

const PATTERNS = UNSUPPORTED.map(([what, ...paths]) => {
  const alternatives = paths.map((path) => path.replaceAll('*', '(?:/.*)?').replaceAll('/(?:/.*)?', '/.*'));
  return { what, matches: new RegExp(`^(?:/v1|/v2|/beta|/anthropic/v1)?(?:${alternatives.join('|')})/?$`) };
});

/** What a path is for on other servers, where this one knows it but does not offer it. */
export function unsupportedEndpoint(path: string): string | null {
  return PATTERNS.find(({ matches }) => matches.test(path))?.what ?? null;
}
