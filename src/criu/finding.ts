import type { Finding } from '../model/verdict.js';

/** A finding about an image or a log; `mapping` is the start of the mapping it is about. */
export const finding = (
  code: string,
  severity: Finding['severity'],
  mapping: bigint | undefined,
  text: string,
  evidence: readonly string[],
  criuMessage?: string,
): Finding => ({ code, severity, mapping, text, evidence, criuMessage });
