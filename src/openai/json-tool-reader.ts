import { CallOpener, charAtoms, NAME_ATOM, SPACE_ATOM as SPACE } from './call-opener.ts';
import { MAX_HELD_SPACE, shownLength } from './held-space.ts';
import { JsonExtent } from './json-extent.ts';
import { ToolReader } from './tool-reader.ts';

const FENCE = '```';

/** `{"name": "…", "arguments": {`, and `parameters`, which models write in its place. */
const BARE = ['arguments', 'parameters'].map((key) => [
  '\\{',
  SPACE,
  ...charAtoms('"name"'),
  SPACE,
  ':',
  SPACE,
  '"',
  NAME_ATOM,
  '"',
  SPACE,
  ',',
  SPACE,
  ...charAtoms(`"${key}"`),
  SPACE,
  ':',
  SPACE,
  '\\{',
]);
const WRAPPED = [[], [...charAtoms(FENCE), SPACE], [...charAtoms(`${FENCE}json`), SPACE]].flatMap((fence) =>
  [[], ['\\[', SPACE]].flatMap((bracket) => BARE.map((call) => [...fence, ...bracket, ...call])),
);
/** As a grammar has it. */
const exactOpener = new CallOpener([[...charAtoms('{"name": "'), NAME_ATOM, ...charAtoms('", "arguments": {')]]);
const bareOpener = new CallOpener(BARE);
const wrappedOpener = new CallOpener(WRAPPED);

/**
 * Reads calls written as `{"name": …, "arguments": {…}}` at the beginning of the answer or of a line: one object, several
 * ones after another, an array of them, any of it in a code fence. White space around calls is not text; whatever does
 * not turn out to be a call of a known tool is. Exact calls stand at the beginning of the answer, one on a line.
 */
export class JsonToolReader extends ToolReader {
  readonly #names: ReadonlySet<string>;
  readonly #isExact: boolean;
  #state: 'text' | 'arguments' | 'closing' | 'between' = 'text';
  /** In text: a call may begin here. */
  #atLineStart = true;
  #isAfterCall = false;
  #isFenced = false;
  #isBracketed = false;
  #extent = new JsonExtent();

  constructor(names: readonly string[], maxCalls: number, isExact: boolean) {
    super(maxCalls);
    this.#isExact = isExact;
    this.#names = new Set(names);
  }

  protected step(): boolean {
    switch (this.#state) {
      case 'text':
        return this.#atLineStart ? this.#stepLineStart() : this.#stepInLine();
      case 'arguments':
        return this.#stepArguments();
      case 'closing':
        return this.#stepClosing();
      case 'between':
        return this.#stepBetween();
    }
  }

  protected finish(): void {
    const isText = this.buffer.trim() !== '' || (this.#state === 'text' && !this.#isAfterCall);
    if (isText) this.emitText(this.buffer.length);
  }

  #stepLineStart(): boolean {
    const rest = this.buffer.trimStart();
    const space = this.buffer.length - rest.length;
    if (space > MAX_HELD_SPACE) {
      this.#isAfterCall = false;
      this.emitText(MAX_HELD_SPACE);
      return true;
    }
    const isExpected = !this.#isExact || this.buffer.slice(0, space) === (this.#isAfterCall ? '\n' : '');
    const opening = isExpected ? this.#open(rest, space, this.#isExact ? exactOpener : wrappedOpener) : 'no';
    if (opening !== 'no') return opening === 'call';
    this.#isAfterCall = false;
    this.#atLineStart = false;
    this.emitText(space + ((rest.codePointAt(0) ?? 0) > 0xffff ? 2 : 1));
    return true;
  }

  #stepInLine(): boolean {
    const newline = this.#isExact ? -1 : this.buffer.indexOf('\n');
    const line = newline < 0 ? this.buffer : this.buffer.slice(0, newline);
    this.emitText(shownLength(line));
    this.#atLineStart = newline >= 0;
    return this.#atLineStart;
  }

  #stepArguments(): boolean {
    const { length, isComplete } = this.#extent.take(this.buffer);
    this.emitArguments(length);
    if (isComplete) this.#state = 'closing';
    return isComplete;
  }

  #stepClosing(): boolean {
    const rest = this.buffer.trimStart();
    const space = this.buffer.length - rest.length;
    if (rest === '' && space <= MAX_HELD_SPACE) return false;
    if (rest.startsWith('}') && space <= MAX_HELD_SPACE) {
      this.drop(space + 1);
      this.#state = 'between';
    } else {
      this.#leaveCalls();
    }
    return true;
  }

  #stepBetween(): boolean {
    const rest = this.buffer.trimStart();
    const space = this.buffer.length - rest.length;
    if (space > MAX_HELD_SPACE) {
      this.#leaveCalls();
      return true;
    }
    if (rest === '') return false;
    if (this.#isBracketed) {
      if (rest.startsWith(']')) {
        this.#isBracketed = false;
        this.drop(space + 1);
        return true;
      }
      if (rest.startsWith(',')) {
        const next = rest.slice(1).trimStart();
        const opening = this.#open(next, this.buffer.length - next.length, bareOpener);
        if (opening !== 'no') return opening === 'call';
      }
    } else if (this.#isFenced) {
      if (FENCE.startsWith(rest.slice(0, FENCE.length))) {
        if (rest.length < FENCE.length) return false;
        this.#isFenced = false;
        this.drop(space + FENCE.length);
        return true;
      }
      const opening = this.#open(rest, space, bareOpener);
      if (opening !== 'no') return opening === 'call';
    }
    this.#leaveCalls();
    return true;
  }

  /** Begins the call that stands after `skipped` characters of the buffer. */
  #open(text: string, skipped: number, opener: CallOpener): 'call' | 'partial' | 'no' {
    const opening = opener.match(text);
    if (opening === 'partial' || opening === 'no') return opening;
    if (!this.#names.has(opening.name)) return 'no';
    if (opener === wrappedOpener) {
      this.#isFenced = opening.text.startsWith(FENCE);
      this.#isBracketed = opening.text.replace(/^```(?:json)?\s*/, '').startsWith('[');
    }
    // The brace that ends the opening is the first character of the arguments.
    this.drop(skipped + opening.length - 1);
    this.beginCall(opening.name);
    this.#extent = new JsonExtent();
    this.#state = 'arguments';
    return 'call';
  }

  #leaveCalls(): void {
    this.#state = 'text';
    this.#atLineStart = true;
    this.#isAfterCall = true;
    this.#isFenced = false;
    this.#isBracketed = false;
  }
}
