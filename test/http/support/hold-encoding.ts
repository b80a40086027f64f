import type { TestModel } from '../../openai/support/served.ts';

/** Lets a model's next prompt wait while it is encoded. */
export function holdEncoding(model: TestModel): { readonly started: Promise<void>; release(): void } {
  let release = () => {};
  const started = new Promise<void>((resolveStarted) => {
    model.text.encodePrompt = () =>
      new Promise((resolve) => {
        release = () => resolve([1, 2, 3]);
        resolveStarted();
      });
  });
  return { started, release: () => release() };
}
