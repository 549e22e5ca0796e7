import { pagesWord, stateWord, vvarWord } from '../../judge/words.js';
import type { Judged } from '../../model/judged.js';
import { hex } from '../../text/hex.js';

/** "its x86_64 vDSO is at 0x7fe6875f1000 (r-xp, modified, pages copied 0,1, vvar attached, name hint ok)". */
export const stateSentence = ({ verdict }: Judged, tense: 'is' | 'was'): string => {
  const { vdso, abi, hint, applicable } = verdict;
  if (!applicable) return 'it has no memory';
  if (vdso === undefined) return `where its vDSO ${tense} cannot be told`;
  if (vdso === null) return tense === 'is' ? 'it has no vDSO' : 'it had no vDSO';
  const facts = [
    vdso.permissions,
    stateWord(verdict),
    `pages ${pagesWord(verdict) === '?' ? 'not known' : pagesWord(verdict)}`,
    ...(vvarWord(verdict) === '?' ? [] : [`vvar ${vvarWord(verdict)}`]),
    ...(hint === undefined ? [] : [`name hint ${hint}`]),
  ];
  const image = vdso.image ?? abi;
  const proxy = verdict.mappings.find((mapping) => mapping.class === 'criu-proxy');
  if (proxy !== undefined)
    return `it ${tense === 'is' ? 'calls' : 'called'} the copy of a vDSO at ${hex(proxy.start)}, which jumps into the ${image ?? ''} vDSO that a restore parked at ${hex(vdso.start)}`;
  return `its ${image === undefined ? '' : `${image} `}vDSO ${tense} at ${hex(vdso.start)} (${facts.join(', ')})`;
};

/** First letter up, one full stop at the end. */
export const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

/**
 * The end of a process in a line that the pipeline said of it (exitWords, pipeline/words.ts), and the signal that killed
 * it. Undefined: it tells of no end.
 */
export const endIn = (text: string): { readonly killer: string | undefined } | undefined => {
  const end = /^(?:exited|killed by ([^,]+)?)/.exec(text);
  return end === null ? undefined : { killer: end[1] };
};
