import { countPages, type Traits } from './traits.js';

/** What the pages, flags and bytes of a mapping say, one plain sentence each. */
export const pageSentences = (traits: Traits): readonly string[] => {
  const sentences: string[] = [];
  const numbers = (state: 'kernel' | 'copied', sure: boolean): string =>
    traits.pages
      .flatMap((page, index) => (page.state === state && page.sure === sure ? [index] : []))
      .slice(0, 8)
      .join(',');
  const clean = numbers('kernel', true);
  if (clean !== '') sentences.push(`pagemap: page ${clean} is the kernel's (not anonymous)`);
  const copied = numbers('copied', true);
  if (copied !== '') sentences.push(`pagemap: page ${copied} is a private copy (anonymous)`);
  const likelyClean = numbers('kernel', false);
  if (likelyClean !== '') sentences.push(`pagemap: frame of page ${likelyClean} lies among the kernel's`);
  const likelyCopied = numbers('copied', false);
  if (likelyCopied !== '') sentences.push(`pagemap: frame of page ${likelyCopied} lies among this process's own`);
  const known = traits.pages.find((page) => page.known !== undefined)?.known;
  if (known !== undefined) {
    sentences.push(
      `pagemap: the frame is that of the ${known.container ? "container's" : "host's"} ${known.image} vDSO`,
    );
  }
  if (countPages(traits, 'absent') === traits.pages.length && traits.pages.length > 0) {
    sentences.push('pagemap: no page is present, so none can be compared');
  }
  if (traits.pages.some(({ hidden }) => hidden))
    sentences.push('pagemap: page frame numbers are hidden from the reader');
  return [...sentences, ...flagSentences(traits), ...byteSentences(traits)];
};

const flagSentences = ({ special, smaps }: Traits): readonly string[] => [
  ...(special === true ? ['smaps: VmFlags has de, as every special mapping'] : []),
  ...(special === false ? ['smaps: VmFlags lacks de, so it is no special mapping'] : []),
  ...(smaps?.flags?.has('ac') === true && !smaps.flags.has('wr')
    ? ['smaps: VmFlags has ac: it was once writable']
    : []),
];

const byteSentences = (traits: Traits): readonly string[] => [
  ...(traits.filled.length === 0
    ? []
    : [`mem: page ${traits.filled.slice(0, 8).join(',')} is not empty and yet not mapped: the kernel is behind it`]),
  ...contentSentences(traits),
];

const contentSentences = ({ content, elf, mark }: Traits): readonly string[] => {
  if (mark !== undefined) return [`mem: begins with a version ${mark.version} CRIU mark`];
  if (content === 'vdso') return [`mem: an ELF image named ${elf?.soname ?? 'like a vDSO'}`];
  if (content === 'maybe') return ['mem: begins with an ELF header'];
  if (content === 'other') return ['mem: the bytes are no vDSO image'];
  return [];
};
