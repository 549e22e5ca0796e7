import type { Updated } from './effect.js';
import type { Key } from './keys.js';
import type { ViewState } from './view.js';

const LONGEST_INPUT = 512;

/** A key while something is typed into the last line. */
export const typed = (view: ViewState, key: Key): Updated => {
  const { prompt } = view;
  if (prompt === undefined) return { view };
  const leave: ViewState = { ...view, prompt: undefined };
  switch (key.name) {
    case 'C-c':
      return { view: leave, effect: { kind: 'quit', status: 130 } };
    case 'escape':
      return { view: prompt.kind === 'filter' ? { ...leave, filter: '' } : leave };
    case 'enter':
      return entered(leave, prompt.kind, prompt.text);
    case 'backspace':
      return { view: retyped(view, [...prompt.text].slice(0, -1).join('')) };
    case 'C-u':
      return { view: retyped(view, '') };
    case 'C-w':
      return { view: retyped(view, prompt.text.replace(/\S*\s*$/, '')) };
    default:
      if (key.text === undefined || prompt.text.length >= LONGEST_INPUT) return { view };
      return { view: retyped(view, prompt.text + key.text) };
  }
};

/** The filter works while it is typed; a path and a time only when they are complete. */
const retyped = (view: ViewState, text: string): ViewState => {
  if (view.prompt === undefined) return view;
  const prompt = { ...view.prompt, text };
  return prompt.kind === 'filter' ? { ...view, prompt, filter: text } : { ...view, prompt };
};

const entered = (view: ViewState, kind: 'filter' | 'save' | 'seek', text: string): Updated => {
  const given = text.trim();
  if (kind === 'filter' || given === '') return { view };
  if (kind === 'save') return { view, effect: { kind: 'save', path: given } };
  const seconds = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(given);
  if (seconds === null) return { view, effect: { kind: 'seek-to', text: given } };
  const [, whole = '0', fraction = ''] = seconds;
  return { view, effect: { kind: 'seek', at: BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')) } };
};
