/** How a report is printed: for a reader, or for a program. */
export type OutputFormat = 'table' | 'wide' | 'json' | 'ndjson';
export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'ndjson'] as const;

export const isForMachines = (format: OutputFormat | undefined): format is 'json' | 'ndjson' =>
  format === 'json' || format === 'ndjson';
