import { RuntimeClientError } from '../client/failures.ts';
import { RuntimeCommandError } from '../client/refusals.ts';

/** What an operation can end with other than success. Each row: exit status, what it means, what to do. docs/reference/operations.md is made from it. */
export const ERRORS = {
  refused: {
    status: 1,
    means: 'The load balancer refused a change; nothing of that step was made.',
    hint: 'Read the reason; earlier steps of the operation stay as the report says.',
  },
  failed: {
    status: 1,
    means: 'Something needed for the operation could not be done (a file, a journal, an answer that makes no sense).',
    hint: 'Read the reason.',
  },
  usage: {
    status: 2,
    means: 'The command line was not understood, or names something that does not exist; nothing was asked or changed.',
    hint: 'sluice OPERATION --help',
  },
  unknown: {
    status: 2,
    means: 'A backend, server, frontend, certificate or the like is not there; nothing was changed.',
    hint: 'sluice status lists what there is.',
  },
  guarded: {
    status: 3,
    means: 'A guard refused: the change would take capacity away that is needed. Nothing was changed.',
    hint: '--force with a --reason does it all the same, and the reason is recorded.',
  },
  denied: {
    status: 3,
    means: 'The policy does not let this person do it. Nothing was changed.',
    hint: 'sluice policy explain tells which rule decides.',
  },
  waiting: {
    status: 8,
    means: 'The policy wants a second person to agree. Nothing was changed yet; the request waits.',
    hint: 'Somebody else: sluice approve OPERATION',
  },
  unreachable: {
    status: 4,
    means: 'No load balancer was found, or it gave no whole answer in time.',
    hint: '--target names one; sluice send SOCKET "show info" tries the socket alone.',
  },
  timeout: {
    status: 5,
    means:
      'What was waited for did not come about in time. The change stays in force unless the report says otherwise.',
    hint: 'A longer --timeout, or --at-timeout to say what is to happen.',
  },
  overtaken: {
    status: 5,
    means: 'Somebody else changed the same thing while the operation waited.',
    hint: 'sluice history OBJECT tells who.',
  },
  unconfirmed: {
    status: 6,
    means: 'The operation wants a confirmation and had none. Nothing was changed.',
    hint: '--yes where nobody can be asked.',
  },
  reverted: {
    status: 7,
    means:
      'A check between steps failed, or one of several load balancers, and what the operation had changed was taken back.',
    hint: 'Read the reason.',
  },
  interrupted: {
    status: 130,
    means: 'Stopped by a signal. What had been changed stays, and the report says what that is.',
    hint: 'sluice undo OPERATION takes it back.',
  },
} as const satisfies Record<string, { readonly status: number; readonly means: string; readonly hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** The worst first: of several load balancers the one that did worst gives the exit status. */
const WORST: readonly ErrorCode[] = [
  'failed',
  'interrupted',
  'timeout',
  'overtaken',
  'reverted',
  'refused',
  'unreachable',
  'denied',
  'guarded',
  'waiting',
  'unconfirmed',
  'unknown',
  'usage',
];

/** The worst of some codes, of which there is at least one; what is none of them is 'failed'. */
export function worstOf(codes: readonly string[]): ErrorCode {
  return WORST.find((code) => codes.includes(code)) ?? 'failed';
}

/** Why an operation does not go on: a row of ERRORS and the text for the operator. */
export class OperationError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The row of ERRORS that an exception belongs to. */
export function errorCode(error: unknown): ErrorCode {
  if (error instanceof OperationError) return error.code;
  if (error instanceof RuntimeClientError) return 'unreachable';
  return error instanceof RuntimeCommandError ? 'refused' : 'failed';
}
