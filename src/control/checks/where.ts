import { waitsFor } from './judge.ts';
import type { Program, Step } from './program.ts';

/** An error with the step of a `tcp-check` at which it happened; other checks tell the bare error. */
export function where(program: Program, at: number, error: string): string {
  if (program.flavour !== 'tcp-check') return error;
  const step = program.steps[at];
  if (!step || step.number === 0) return `${error} at initial connection step of tcp-check`;
  const comment = step.comment === null ? '' : ` comment: '${step.comment}'`;
  return `${error} at step ${step.number} of tcp-check${doing(step)}${comment}`;
}

function doing(step: Step): string {
  switch (step.kind) {
    case 'connect':
      return typeof step.port === 'number' ? ` (connect port ${step.port})` : ' (connect)';
    case 'expect':
      return waitsFor(step.pattern);
    case 'send':
    case 'http-send':
      return ' (send)';
    case 'var':
      return '';
  }
}
