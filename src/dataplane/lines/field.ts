import type { TSchema } from 'typebox';

/** A field of a resource that a form reads and writes. */
export interface Field {
  readonly name: string;
  readonly schema: TSchema;
  /** A line cannot be written without it. */
  readonly required: boolean;
  /** Its only value in this form (flags); undefined when the schema says all. */
  readonly constant?: unknown;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Why a resource cannot be written as a line. */
export interface FieldProblem {
  readonly field: string;
  readonly text: string;
}

/** A value that is as good as none: clients send empty ones for what is not set. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

export function isProblem(value: object): value is FieldProblem {
  return 'field' in value && 'text' in value;
}
