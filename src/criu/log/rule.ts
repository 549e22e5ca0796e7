/** What one kind of log line means. */
export interface LogRule {
  /** Stable kebab-case word. */
  readonly code: string;
  readonly pattern: RegExp;
  /** What the line begins with, for a quick choice; "" when it begins with a value. */
  readonly prefix: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** Printed in every log, says nothing by itself. */
  readonly routine: boolean;
  /** Index of the value that is the address of the mapping it is about. */
  readonly address: number | undefined;
  readonly meaning: (values: readonly string[]) => string;
  /** What it means does not depend on its values, so a line that was cut before them can be told. */
  readonly fixed: boolean;
}

interface Traits {
  readonly severity?: LogRule['severity'];
  readonly routine?: boolean;
  readonly address?: number;
}

/**
 * A rule from CRIU's own format string. `%x` stands for a hexadecimal number with or without 0x (restorer lines have
 * it), `%d` for a decimal one, `%s` for a word, `%*` for the rest of the line. The line must begin so.
 */
export const rule = (
  code: string,
  format: string,
  meaning: string | ((...values: string[]) => string),
  traits: Traits = {},
): LogRule => {
  const parts = format.split(/(%[xds*])/);
  const pattern = parts.map((part) => PLACES.get(part) ?? part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('');
  return {
    code,
    pattern: new RegExp(`^${pattern}`),
    prefix: parts[0] ?? '',
    severity: traits.severity ?? 'info',
    routine: traits.routine ?? false,
    address: traits.address,
    fixed: typeof meaning === 'string',
    meaning: typeof meaning === 'string' ? () => meaning : (values) => meaning(...values),
  };
};

/** Several lines of one meaning: wordings of different versions, or one story told in many words. */
export const rules = (
  code: string,
  formats: readonly string[],
  meaning: string | ((...values: string[]) => string),
  traits: Traits = {},
): readonly LogRule[] => formats.map((format) => rule(code, format, meaning, traits));

export const ERROR: Traits = { severity: 'error' };
export const WARNING: Traits = { severity: 'warning' };
export const ROUTINE: Traits = { routine: true };

const PLACES = new Map([
  ['%x', '(?:0x)?([0-9a-f]{1,16})'],
  ['%d', '(-?\\d{1,10})'],
  ['%s', '(\\S{1,64})'],
  ['%*', '(.*)'],
]);
