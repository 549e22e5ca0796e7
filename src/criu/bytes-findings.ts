import { looksLikeVdso, readElfImage } from '../elf/image.js';
import { finding } from '../judge/finding-codes.js';
import { parseMark } from '../judge/mark.js';
import { findTrampolines } from '../judge/proxy.js';
import type { Finding } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import { isBlank } from './image-evidence.js';
import type { ImageLook } from './image-look.js';
import { hasStatus } from './status.js';

/** What the dumped bytes say: of the vDSO itself, and of other code that looks like one. */
export const bytesFindings = (look: ImageLook): readonly Finding[] => [
  ...vdsoFindings(look),
  ...changedFindings(look),
  ...pageFindings(look),
];

const vdsoFindings = ({ dumped, process, verdict }: ImageLook): readonly Finding[] => {
  if (dumped === undefined) return [];
  const { area, bytes, elf } = dumped;
  const pages = process.pages.get(area.start) ?? [];
  const missing = pages.flatMap((page, index) => (page === undefined ? [index] : []));
  const findings: Finding[] = [];
  if (missing.length > 0) {
    const unclear = verdict.mappings.find(({ start }) => start === area.start)?.confidence === 'unknown';
    const count = `Of the vDSO ${missing.length} of ${pages.length} pages are not in the image`;
    const more = unclear ? ' Without them it cannot be told whether it is the proxy of an earlier restore.' : '';
    findings.push(
      finding('image-vdso-pages-missing', {
        mapping: area.start,
        text: `${count}; a dump always writes all of them.${more}`,
        evidence: [`pagemap: no data for page ${missing.join(', ')}`],
        severity: missing.includes(0) ? 'error' : 'warning',
      }),
    );
  }
  if (bytes === undefined) return findings;
  if (elf === undefined || looksLikeVdso(elf) === 'no') {
    findings.push(
      finding('image-vdso-unreadable', {
        mapping: area.start,
        text: isBlank(bytes)
          ? `The vDSO at ${hex(area.start)} is nothing but zeros in the image, as a restore with --auto-dedup leaves it: the next restore fails.`
          : `The bytes CRIU took for the vDSO at ${hex(area.start)} are no vDSO image: a restore fails when it reads them.`,
        evidence: [`pages: begin with ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`],
        criuMessage: 'Invalid ELF magic',
      }),
    );
    return findings;
  }
  const jumps = findTrampolines(bytes, elf);
  if (jumps.length > 0) {
    const targets = [...new Set(jumps.map(({ target }) => hex(target & ~0xfffn)))];
    findings.push(
      finding('image-of-proxy', {
        mapping: area.start,
        text: `The vDSO is the proxy of an earlier restore: ${jumps.length} functions jump to a runtime vDSO that CRIU left out.`,
        evidence: [`pages: ${jumps.map(({ symbol }) => symbol).join(', ')} jump to ${targets.join(', ')}`],
      }),
    );
  }
  if (elf.linuxVersion !== undefined || elf.buildId !== undefined)
    findings.push(
      finding('image-kernel', {
        mapping: area.start,
        text: `The dumped vDSO is of Linux ${elf.linuxVersion ?? 'of unknown version'}, build ${elf.buildId ?? 'unknown'}.`,
        evidence: ['pages: ELF notes'],
      }),
    );
  return findings;
};

const changedFindings = ({ dumped }: ImageLook): readonly Finding[] => {
  const { area, elf, comparison } = dumped ?? {};
  const first = comparison?.changed[0];
  if (area === undefined || comparison === undefined || first === undefined) return [];
  const { changed, pages, from, sameBuild } = comparison;
  const symbol = [...(elf?.symbols ?? [])].find(([, offset]) => offset <= first && first < offset + 16)?.[0];
  const where = `0x${first.toString(16)}${symbol === undefined ? '' : `, in ${symbol}`}`;
  return [
    finding('image-vdso-changed', {
      mapping: area.start,
      text: `Somebody wrote into the dumped vDSO: ${changed.length} bytes differ from the kernel's, the first at ${where}. A restore in place drops them without a word.`,
      evidence: [
        `pages: page ${pages.join(', ')} differs from ${from} (${sameBuild ? 'same build' : 'same release and code'})`,
      ],
    }),
  ];
};

/** Marks and whole vDSO images in other executable memory, page by page. */
const pageFindings = ({ process, took, verdict }: ImageLook): readonly Finding[] => {
  const findings: Finding[] = [];
  for (const [start, pages] of process.pages) {
    const area = process.areas?.find((one) => one.start === start);
    for (const [index, page] of pages.entries()) {
      if (page === undefined || area === undefined) continue;
      const at = start + BigInt(index * process.pageSize);
      const mark = parseMark(page);
      if (mark !== undefined)
        findings.push(
          finding('image-mark', {
            mapping: at,
            text: `The page at ${hex(at)} begins with CRIU's mark of version ${mark.version}: the runtime vDSO of an earlier restore, or a forgery.`,
            evidence: [`pages: names ${hex(mark.proxy)} as the vDSO of the dumped task`],
          }),
        );
      if (hasStatus(area.status, 'vdso') || verdict.mappings.some((mapping) => mapping.start === at)) continue;
      const elf = page[0] === 0x7f ? readElfImage(page) : undefined;
      if (elf !== undefined && looksLikeVdso(elf) === 'yes')
        findings.push(
          finding('image-vdso-in-plain-memory', {
            mapping: at,
            text: `The memory at ${hex(at)} holds a vDSO image, and CRIU dumped it as plain memory${index === 0 ? '' : ', joined with its neighbour'}.`,
            evidence: [`mm: mapping ${hex(start)} has status 0x${area.status.toString(16)}`],
            severity: took.vdso.length === 0 ? 'error' : 'warning',
          }),
        );
    }
  }
  return findings;
};
