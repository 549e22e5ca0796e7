import type { MappingClass, MappingVerdict } from '../src/model/verdict.js';
import { permissionsOf, sizeOf, type Vma } from '../src/model/vma.js';
import { printable } from '../src/text/escape.js';
import { type Canvas, line, paragraph, type Span, span } from './line.js';
import { glyphs, type Style } from './theme.js';
import { plural, sizeWord } from './words.js';

const CLASS_STYLE: Record<MappingClass, Style> = {
  genuine: 'good',
  decoy: 'error',
  'criu-runtime': 'accent',
  'criu-proxy': 'accent',
  'not-vdso': 'dim',
};

/**
 * The address space drawn by address, low first: what the judge named, whatever the kernel named in brackets, and
 * the direct neighbours of both. The rest is counted, not listed. `vmas` undefined: only what the judge named.
 */
export const layoutLines = (
  vmas: readonly Vma[] | undefined,
  mappings: readonly MappingVerdict[],
  canvas: Canvas,
): readonly string[] => {
  const pieces = rememberedPieces(vmas, mappings);
  return pieces.flatMap((piece, index) => {
    const before = pieces[index - 1];
    const after = pieces[index + 1];
    const gap = before === undefined || before.end === piece.start ? [] : [gapLine(before, piece, canvas)];
    return [...gap, ...pieceLines(piece, before?.end === piece.start, after?.start === piece.end, canvas)];
  });
};

interface Piece {
  readonly start: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly name: string;
  readonly verdict: MappingVerdict | undefined;
  /** Place in the list of all VMAs, to count those left out. */
  readonly index: number;
}

/** A process may have 65,530 mappings, and the detail is drawn ten times a second. */
const rememberedPieces = (vmas: readonly Vma[] | undefined, mappings: readonly MappingVerdict[]): readonly Piece[] => {
  if (vmas === undefined) return piecesOf(vmas, mappings);
  const last = remembered.get(vmas);
  if (last?.mappings === mappings) return last.pieces;
  const pieces = piecesOf(vmas, mappings);
  remembered.set(vmas, { mappings, pieces });
  return pieces;
};

const remembered = new WeakMap<
  readonly Vma[],
  { readonly mappings: readonly MappingVerdict[]; readonly pieces: readonly Piece[] }
>();

const piecesOf = (vmas: readonly Vma[] | undefined, mappings: readonly MappingVerdict[]): readonly Piece[] => {
  const judged = new Map(mappings.map((mapping) => [mapping.start, mapping]));
  if (vmas === undefined) {
    return mappings.map((verdict, index) => ({ ...verdict, permissions: '', verdict, index }));
  }
  const marked = vmas.map((vma) => judged.has(vma.start) || isLandmark(vma));
  const near = (index: number, other: number): boolean => {
    const vma = vmas[index];
    const neighbour = vmas[other];
    if (vma === undefined || neighbour === undefined || !judged.has(neighbour.start)) return false;
    return vma.end === neighbour.start || neighbour.end === vma.start;
  };
  return vmas.flatMap((vma, index) =>
    marked[index] === true || near(index, index - 1) || near(index, index + 1)
      ? [
          {
            start: vma.start,
            end: vma.end,
            permissions: permissionsOf(vma),
            name: vma.name,
            verdict: judged.get(vma.start),
            index,
          },
        ]
      : [],
  );
};

/** [heap], [stack], [vvar]: what one finds one's way by. Not [vsyscall], which stands alone at the top of everything. */
const isLandmark = (vma: Vma): boolean => vma.name.startsWith('[') && vma.inode === 0n && vma.start < KERNEL_HALF;

const KERNEL_HALF = 1n << 63n;

const INDENT = 2;

const pieceLines = (piece: Piece, joinedBefore: boolean, joinedAfter: boolean, canvas: Canvas): readonly string[] => {
  const { top, middle, bottom, single, vertical } = glyphs(canvas.theme);
  const corner = joinedBefore ? (joinedAfter ? middle : bottom) : joinedAfter ? top : single;
  const { verdict } = piece;
  const quiet: Style | undefined = verdict === undefined ? 'dim' : undefined;
  const size = sizeWord(sizeOf(piece)).padStart(5);
  const head: Span[] = [
    span(' '.repeat(INDENT)),
    span(piece.start.toString(16).padStart(12), quiet),
    span(` ${corner} `, 'dim'),
    span(`${size} ${piece.permissions.padEnd(4)} `, quiet),
    span((piece.name === '' ? '(no name)' : printable(piece.name)).padEnd(10), quiet),
  ];
  if (verdict === undefined) return [line(head, canvas)];
  const named = [
    span(' '),
    span(verdict.class, CLASS_STYLE[verdict.class]),
    span(verdict.confidence === 'proven' ? ', proven' : `, ${verdict.confidence}`, 'dim'),
  ];
  const edge = span(`${' '.repeat(INDENT + 13)}${joinedAfter ? vertical : ' '}     `, 'dim');
  const reasons = verdict.evidence.flatMap((sentence) => paragraph([edge], sentence, canvas, 'dim', [edge]));
  return [line([...head, ...named], canvas), ...reasons];
};

const gapLine = (before: Piece, after: Piece, canvas: Canvas): string => {
  const between = after.index - before.index - 1;
  const others = between > 0 ? `, ${plural(between, 'other mapping')} between` : '';
  const text = `${glyphs(canvas.theme).gap} ${sizeWord(after.start - before.end)} apart${others}`;
  return line([span(' '.repeat(INDENT + 13)), span(text, 'dim')], canvas);
};
