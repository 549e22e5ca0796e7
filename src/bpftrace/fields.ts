/** Fields of the records that the probes print. */

/** Sixteen bits; more stands for a member that the kernel does not have (compose.ts). */
export const statusOf = (text: string): number | undefined => {
  const status = Number(hexNumber(text));
  return status > 0xffff ? undefined : status;
};

/** A plain number while it is exact: BigInt("0x...") is slow. */
export const hexNumber = (text: string): bigint => {
  if (text === '0' || text === '' || text.length > 16) return 0n;
  return text.length <= 13 ? BigInt(Number.parseInt(text, 16)) : BigInt(`0x${text}`);
};

/** "61 62 00 .." to latin1 up to the first NUL. A few comms make up most records: those are remembered. */
export const commDecoder = (): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const bytes = Buffer.from(text.replaceAll(' ', ''), 'hex').toString('latin1');
    const end = bytes.indexOf('\0');
    const comm = end === -1 ? bytes : bytes.slice(0, end);
    if (known.size >= 1024) known.clear();
    known.set(text, comm);
    return comm;
  };
};
