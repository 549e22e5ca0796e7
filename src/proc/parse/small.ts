/** Small files of /proc/PID, each one line or one list. Latin1 text in, nothing escaped. */

/** Text of a namespace link, "uts:[4026531838]", to its inode number. */
export const parseNamespaceLink = (text: string): { readonly type: string; readonly inode: bigint } | undefined => {
  const match = /^([a-z_]{1,32}):\[(\d{1,20})\]\s*$/.exec(text);
  return match === null ? undefined : { type: match[1] ?? '', inode: BigInt(match[2] ?? '0') };
};

/** /proc/PID/comm: the name and one newline; a newline inside the name stays. */
export const parseComm = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);

/** /proc/PID/cmdline: arguments ended by NUL; empty for kernel threads. */
export const parseCmdline = (text: string): readonly string[] => {
  if (text === '') return [];
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0');
};
