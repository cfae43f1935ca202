import type { Refusal } from '../edit/problem.ts';

/** A request that cannot be done: the HTTP status, and why, the reason first. */
export class ApiError extends Error {
  readonly status: number;
  /** Further members of the answer, texts: `file`, `line`, `column`, `field`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

const STATUS: Readonly<Record<Refusal['refused'], number>> = { missing: 404, exists: 409, invalid: 400, conflict: 400 };

/** The error for an edit that cannot be made. */
function errorOf({ refused, text, field }: Refusal): ApiError {
  return new ApiError(STATUS[refused], text, field === '' ? {} : { field });
}

/** What was made, or the error for the refusal. */
export function orThrow<T>(result: T | Refusal): T {
  if (result !== null && typeof result === 'object' && 'refused' in result) throw errorOf(result as Refusal);
  return result as T;
}
