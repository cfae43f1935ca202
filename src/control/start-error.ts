import { diagnosticLine } from '../config/diagnostics.ts';
import type { Diagnostic } from '../config/types.ts';
import type { Print } from './types.ts';

/** Why a start was given up: lines for the operator, without the `[ALERT]` in front. */
export class StartError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** Prints what operators should know. Throws a StartError where something keeps the process from starting. */
export function printOrThrow(diagnostics: readonly Diagnostic[], print: Print): void {
  const alerts = diagnostics.filter(({ severity }) => severity === 'alert');
  if (alerts.length > 0) throw new StartError(alerts.map(diagnosticLine));
  for (const diagnostic of diagnostics) print('WARNING', diagnosticLine(diagnostic));
}
