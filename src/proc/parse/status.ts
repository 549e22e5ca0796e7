/** The lines of /proc/PID/status that matter here; undefined where the line is missing. */
export interface Status {
  readonly tracer: number | undefined;
  /** Real uid. */
  readonly uid: number | undefined;
  readonly parent: number | undefined;
  /** The pid in each nested pid namespace, outermost first (4.1 and later). */
  readonly namespacePids: readonly number[] | undefined;
  /** False when there is no VmSize line: kernel threads and zombies have no memory. */
  readonly hasMemory: boolean;
}

/** The number of a process that is in a pid namespace below the reader's, there. */
export const insidePid = ({ namespacePids }: Status): { readonly insidePid?: number } => {
  const inside = namespacePids === undefined || namespacePids.length < 2 ? undefined : namespacePids.at(-1);
  return inside === undefined ? {} : { insidePid: inside };
};

/** Latin1 text of /proc/PID/status. The kernel escapes newlines in Name (escape_str), so lines cannot be forged. */
export const parseStatus = (text: string): Status => {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !fields.has(line.slice(0, colon))) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const namespacePids = fields.get('NSpid')?.split(/\s+/).map(integer);
  return {
    tracer: integer(fields.get('TracerPid')),
    uid: integer(fields.get('Uid')?.split(/\s+/)[0]),
    parent: integer(fields.get('PPid')),
    namespacePids:
      namespacePids === undefined ? undefined : namespacePids.filter((pid): pid is number => pid !== undefined),
    hasMemory: fields.has('VmSize'),
  };
};

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
