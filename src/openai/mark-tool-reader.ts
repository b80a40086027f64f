import { TOOL_CALL_BEGIN, TOOL_CALL_END, TOOL_CALLS_BEGIN, TOOL_CALLS_END, TOOL_SEP } from '../text/tool-marks.ts';
import { CallOpener, charAtoms, NAME_ATOM, SPACE_ATOM as SPACE } from './call-opener.ts';
import { MAX_HELD_SPACE, shownLength } from './held-space.ts';
import { ToolReader } from './tool-reader.ts';

const CALL = [
  ...charAtoms(`${TOOL_CALL_BEGIN}function${TOOL_SEP}`),
  SPACE,
  NAME_ATOM,
  SPACE,
  ...charAtoms('```json'),
  '\\s',
  SPACE,
];
const opener = new CallOpener([[...charAtoms(TOOL_CALLS_BEGIN), SPACE, ...CALL], CALL]);
const nextOpener = new CallOpener([CALL]);
const ENDS = [TOOL_CALL_END, TOOL_CALLS_END];

/**
 * Reads calls written with DeepSeek-V2.5's marks, text before and after them included. Arguments end at the mark, not
 * where their JSON does; white space around calls is not text. A mark that no call follows is text.
 */
export class MarkToolReader extends ToolReader {
  #state: 'text' | 'arguments' | 'between' = 'text';
  #isAfterCall = false;
  #hasArguments = false;

  protected step(): boolean {
    switch (this.#state) {
      case 'text':
        return this.#stepText();
      case 'arguments':
        return this.#stepArguments();
      case 'between':
        return this.#stepBetween();
    }
  }

  protected finish(): void {
    if (this.#state === 'arguments') this.#endArguments(this.buffer.length);
    const isText = this.buffer.trim() !== '' || (this.#state === 'text' && !this.#isAfterCall);
    if (isText) this.emitText(this.buffer.length);
  }

  #stepText(): boolean {
    for (let at = this.buffer.indexOf('<'); at >= 0; at = this.buffer.indexOf('<', at + 1)) {
      const opening = opener.match(this.buffer.slice(at));
      if (opening === 'no') continue;
      this.#showText(shownLength(this.buffer.slice(0, at)));
      if (opening === 'partial') return false;
      this.#begin(this.buffer.indexOf('<') + opening.length, opening.name);
      return true;
    }
    this.#showText(shownLength(this.buffer));
    return false;
  }

  #showText(length: number): void {
    if (length > 0) this.#isAfterCall = false;
    this.emitText(length);
  }

  #stepArguments(): boolean {
    const found = ENDS.map((end) => this.buffer.indexOf(end)).filter((at) => at >= 0);
    const at = Math.min(...found);
    if (found.length > 0) {
      this.#endArguments(at);
      if (this.buffer.startsWith(TOOL_CALL_END)) this.drop(TOOL_CALL_END.length);
      this.#state = 'between';
      return true;
    }
    const safe = withoutFence(this.buffer.slice(0, this.buffer.length - heldEnd(this.buffer)));
    if (safe > 0) this.#hasArguments = true;
    this.emitArguments(safe);
    return false;
  }

  /** @param end where the mark stands that ends the call */
  #endArguments(end: number): void {
    const length = withoutFence(this.buffer.slice(0, end));
    const rest = this.buffer.slice(end);
    if (length === 0 && !this.#hasArguments) {
      this.buffer = `{}${rest}`;
      this.emitArguments(2);
    } else {
      this.emitArguments(length);
      this.buffer = rest;
    }
  }

  #stepBetween(): boolean {
    const rest = this.buffer.trimStart();
    const skipped = this.buffer.length - rest.length;
    if (skipped > MAX_HELD_SPACE) {
      this.#leaveCalls();
      return true;
    }
    if (rest === '') return false;
    if (rest.startsWith(TOOL_CALLS_END)) {
      this.drop(skipped + TOOL_CALLS_END.length);
      this.#leaveCalls();
      return true;
    }
    const opening = nextOpener.match(rest);
    if (opening === 'partial' || TOOL_CALLS_END.startsWith(rest)) return false;
    if (opening === 'no') this.#leaveCalls();
    else this.#begin(skipped + opening.length, opening.name);
    return true;
  }

  #begin(opening: number, name: string): void {
    this.drop(opening);
    this.beginCall(name);
    this.#hasArguments = false;
    this.#state = 'arguments';
  }

  #leaveCalls(): void {
    this.#state = 'text';
    this.#isAfterCall = true;
  }
}

/** Length of the arguments in a text that may end in their code fence, or in the beginning of it. */
function withoutFence(text: string): number {
  const unfenced = text.slice(0, shownLength(text)).replace(/`{1,3}$/, '');
  return shownLength(unfenced);
}

/** How many characters at the end may begin a mark that ends the arguments. */
function heldEnd(text: string): number {
  const at = text.lastIndexOf('<');
  return at >= 0 && ENDS.some((end) => end.startsWith(text.slice(at))) ? text.length - at : 0;
}
