import type { Finding } from '../model/verdict.js';
import { hex } from '../text/hex.js';
import { finding } from './finding-codes.js';
import type { Found } from './found.js';
import type { Judgement } from './mappings.js';
import type { Space } from './space.js';

/** What there is to say about mappings that look like the vDSO, and about the names. */
export const mappingFindings = (space: Space, found: Found): readonly Finding[] => [
  // An image without its dump.log does not have the kernel's names, a core file has none.
  ...(space.evidence.namesBy === 'criu' || space.evidence.source === 'core' ? [] : names(found)),
  ...found.judged.flatMap((one) => about(space, found, one)),
];

const names = ({ judged, pieces, vdso }: Found): readonly Finding[] => {
  const findings: Finding[] = [];
  const gained = judged.filter(({ traits, verdict }) => traits.named && verdict.class === 'decoy');
  const [first] = pieces;
  const other = gained[0]?.verdict.start;
  if (vdso && first !== undefined && !first.traits.named) {
    findings.push(
      finding('hint-lost', {
        mapping: vdso.start,
        text: `The vDSO at ${hex(vdso.start)} has no name${
          other === undefined ? '' : `; the memory at ${hex(other)} has it instead`
        }.`,
        evidence: first.verdict.evidence,
      }),
    );
  }
  for (const { traits, verdict } of gained)
    findings.push(
      finding('hint-gained', {
        mapping: verdict.start,
        text: `The memory at ${hex(verdict.start)} is named [vdso] and is not the vDSO${
          vdso ? `, which is at ${hex(vdso.start)}` : ''
        }.`,
        evidence: verdict.evidence,
        criuMessage: traits.vma.execute ? `Drop mishinted vDSO status at ${verdict.start.toString(16)}` : undefined,
      }),
    );
  return findings;
};

const about = (space: Space, found: Found, { traits, verdict }: Judgement): readonly Finding[] => {
  const { start: mapping, evidence } = verdict;
  const at = hex(mapping);
  switch (verdict.class) {
    case 'genuine':
      return [];
    case 'not-vdso':
      return [
        finding('name-spoofed', {
          mapping,
          text: `The mapping at ${at} only looks like [vdso] by its name.`,
          evidence,
        }),
      ];
    case 'criu-runtime': {
      const proxy = found.judged.find((one) => one.verdict.class === 'criu-proxy');
      const calls = proxy === undefined ? 'the dumped copy' : `the dumped copy at ${hex(proxy.verdict.start)}`;
      return [
        finding('criu-proxied', {
          mapping,
          text: `A CRIU restore left this vDSO at ${at}; the program calls ${calls}, which jumps here.`,
          evidence,
          criuMessage: `Found marked at ${mapping.toString(16)}`,
        }),
      ];
    }
    case 'criu-proxy': {
      const mark = found.judged.find((one) => one.verdict.class === 'criu-runtime')?.traits.mark;
      if (mark === undefined || mark.proxy === mapping) return [];
      return [
        finding('proxy-merged', {
          mapping,
          text: `The proxy at ${hex(mark.proxy)} is part of the mapping at ${at}: a second dump loses track of it.`,
          evidence,
          criuMessage: "Can't find vDSO area in image",
        }),
      ];
    }
    case 'decoy':
      if (traits.mark !== undefined) {
        const fatal = traits.mark.version < 3 && !traits.vma.write;
        return [
          finding('mark-forged', {
            mapping,
            text: `Ordinary memory at ${at} begins with a version ${traits.mark.version} CRIU mark; ${
              fatal ? 'a dump kills the process' : 'a dump leaves it out'
            }.`,
            evidence,
            criuMessage: fatal ? `${space.evidence.process.pid} was stopped by 11 unexpectedly` : undefined,
          }),
        ];
      }
      if (traits.named) return [];
      if (traits.atAuxv) {
        return [
          finding('decoy-at-auxv', {
            mapping,
            text: `auxv says the vDSO is at ${at}; what is there is not it.`,
            evidence,
          }),
        ];
      }
      return [finding('elf-copy', { mapping, text: `The memory at ${at} holds a copy of a vDSO image.`, evidence })];
  }
};
