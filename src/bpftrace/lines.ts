/**
 * Chunks of a stream to whole lines, without their newline. The unterminated rest waits for its end; a killed
 * bpftrace leaves a cut record there, which nobody ever sees. A rest beyond any line bpftrace prints is given up as a
 * line of its own, so that garbage cannot fill the memory.
 */
export const lineSplitter = (longest = 65_536): ((chunk: string) => readonly string[]) => {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length <= longest) return lines;
    const tooLong = rest.slice(0, longest);
    rest = '';
    return [...lines, tooLong];
  };
};
