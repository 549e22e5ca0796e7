/**
 * Where the last line is the gate VMA of x86, which the kernel prints after all others (m_next: get_gate_vma), the
 * read that would only return 0 is saved: 1.3 of the 60 us of a process. No mapping of a process reaches that
 * address, so no name can play its part.
 */
export const endsWithGate = (buffer: Buffer, length: number): boolean => {
  const start = length - GATE_LENGTH;
  return (
    start >= 0 &&
    buffer[length - 2] === 0x5d &&
    (start === 0 || buffer[start - 1] === 0x0a) &&
    buffer.toString('latin1', start, start + GATE_START.length) === GATE_START
  );
};

const GATE_START = 'ffffffffff600000-';
const GATE_LENGTH = 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n'.length;
