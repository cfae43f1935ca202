/** An operation of the API: a row that its route, its description and its documentation are made from. */

import type { TSchema } from 'typebox';
import type { Requester } from '../balancer/balancer.ts';
import { ApiError } from '../service/error.ts';
import type { Service } from '../service/service.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly text: string;
}

/** What a request brings besides its path. */
export type BodyKind =
  | { readonly model: string; readonly many: boolean }
  /** `text/plain`. */
  | 'text'
  /** `multipart/form-data` with a field `file_upload`. */
  | 'file'
  /** JSON of no model of the tables. */
  | { readonly schema: TSchema }
  /** A list of such, maybe a long one. */
  | { readonly list: TSchema };

export interface Operation {
  readonly method: Method;
  /** From `/v3`, with `{name}` for what is in the path. */
  readonly path: string;
  readonly group: string;
  /** A sentence without subject: `reads a backend`. */
  readonly summary: string;
  readonly query: readonly Parameter[];
  readonly body: BodyKind | null;
  /** Statuses of success. */
  readonly success: readonly number[];
  /** What is answered: a model, a list of one, JSON of a form of its own or of any, text, or nothing. */
  readonly answer:
    | { readonly model: string; readonly many: boolean }
    | { readonly schema: TSchema }
    | 'json'
    | 'text'
    | null;
  run(call: Call): Promise<Reply>;
}

export interface Call {
  readonly service: Service;
  readonly requester: Requester;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** JSON as it fits the schema, a text, or a file with its name. */
  readonly body: unknown;
  readonly header: (name: string) => string | undefined;
}

export interface Reply {
  readonly status: number;
  /** JSON, a text with its type, or nothing. */
  readonly body?: unknown;
  readonly text?: string | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The query of a request. Methods throw ApiError 400. */
export class Query {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string | null {
    const value = this.#values[name];
    if (value === undefined || value === '') return null;
    if (typeof value !== 'string') throw new ApiError(400, `${name} is in the query more than once`);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === null) throw new ApiError(400, `${name} is missing in the query`);
    return value;
  }

  number(name: string): number | null {
    const value = this.text(name);
    if (value === null) return null;
    if (!/^\d{1,15}$/.test(value)) throw new ApiError(400, `${name} in the query is no number: '${value}'`);
    return Number(value);
  }

  flag(name: string): boolean {
    const value = this.text(name) ?? 'false';
    // Clients in Python write True; the original takes all these.
    if (/^(1|t|true)$/i.test(value)) return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw new ApiError(400, `${name} in the query is neither true nor false: '${value}'`);
  }
}

export const param = (name: string, type: Parameter['type'], text: string, required = false): Parameter => ({
  name,
  type,
  text,
  required,
});

export const TRANSACTION = param('transaction_id', 'string', 'The transaction that it is read from or made in.');
export const WRITE_QUERY: readonly Parameter[] = [
  TRANSACTION,
  param('version', 'integer', 'The version that the change is made on, where it is in no transaction.'),
  param('force_reload', 'boolean', 'Where a reload is needed, it is made at once and its end waited for.'),
];
export const FULL = param('full_section', 'boolean', 'With what stands in the section.');
