/** What a row of the fetch and converter tables says, and where each kind of information may be asked for. */

import type { KeyObject } from 'node:crypto';
import type { TokenRules } from '../config/token-algorithms.ts';
import type { Arg } from './args.ts';
import type { PatternSource, PatternUse } from './patterns.ts';
import type { Evaluate, ExprError, ValueType } from './sample.ts';
import type { TableSource } from './tables.ts';
import type { ExprContext, SampleType, SampleValue } from './types.ts';

/** The places of a configuration that evaluate expressions, in the order of the columns of `-dKsmp`. */
export const PLACES = [
  'frontend tcp-request connection rule',
  'frontend tcp-request session rule',
  'frontend tcp-request content rule',
  'frontend http-request header rule',
  'frontend http-request body rule',
  'frontend use-backend rule',
  'backend tcp-request content rule',
  'backend http-request header rule',
  'backend http-request body rule',
  'backend use-server, balance or stick-match rule',
  'server source selection',
  'backend tcp-response content rule',
  'backend http-response header rule',
  'backend http-response body rule',
  'backend stick-store rule',
  'frontend tcp-response content rule',
  'frontend http-response header rule',
  'frontend http-response body rule',
  'logs',
  'backend tcp-check rule',
  'configuration parser',
  'CLI parser',
] as const;

/** Masks over `PLACES`: an expression is compiled for one place, or for several when a section is both. */
export const place = {
  tcpRequestConnection: 1 << 0,
  tcpRequestSession: 1 << 1,
  frontendTcpRequest: 1 << 2,
  frontendHttpRequest: 1 << 3,
  frontendHttpRequestBody: 1 << 4,
  useBackend: 1 << 5,
  backendTcpRequest: 1 << 6,
  backendHttpRequest: 1 << 7,
  backendHttpRequestBody: 1 << 8,
  /** use-server, balance, stick match. */
  useServer: 1 << 9,
  serverSource: 1 << 10,
  backendTcpResponse: 1 << 11,
  backendHttpResponse: 1 << 12,
  backendHttpResponseBody: 1 << 13,
  stickStore: 1 << 14,
  frontendTcpResponse: 1 << 15,
  frontendHttpResponse: 1 << 16,
  frontendHttpResponseBody: 1 << 17,
  logs: 1 << 18,
  tcpCheck: 1 << 19,
  configuration: 1 << 20,
  cli: 1 << 21,
} as const;

const ALL = (1 << 22) - 1;

/** Columns `from`..`to` (from 0), both included. */
function columns(from: number, to: number): number {
  return ((1 << (to + 1)) - 1) & ~((1 << from) - 1);
}

/** Kinds of information: how HAProxy names it in messages, and the places where it is there. */
export const SOURCES = {
  constant: { text: 'constants', places: ALL },
  internal: { text: 'internal state', places: ALL & ~place.configuration },
  anywhere: { text: 'internal state', places: columns(0, 19) },
  listener: { text: 'listener', places: columns(0, 18) },
  frontend: { text: 'frontend', places: columns(0, 18) },
  clientAddress: { text: 'client address', places: columns(0, 19) },
  clientConnection: { text: 'client-side connection', places: columns(1, 18) },
  requestBuffer: { text: 'request buffer', places: columns(2, 10) },
  requestHeaders: { text: 'HTTP request headers', places: columns(2, 10) },
  request: { text: 'HTTP request', places: columns(2, 18) },
  requestBody: { text: 'HTTP request body', places: columns(2, 10) },
  backend: { text: 'backend', places: columns(6, 19) },
  server: { text: 'server', places: columns(10, 19) },
  serverConnection: { text: 'server-side connection', places: columns(11, 19) },
  responseBuffer: { text: 'response buffer', places: columns(11, 17) | place.tcpCheck },
  responseHeaders: { text: 'HTTP response headers', places: columns(11, 17) | place.tcpCheck },
  response: { text: 'HTTP response', places: columns(11, 19) },
  anyResponse: { text: 'HTTP response', places: columns(10, 19) },
  responseBody: { text: 'HTTP response body', places: columns(11, 17) | place.tcpCheck },
  eitherBuffer: { text: 'request buffer', places: columns(2, 17) | place.tcpCheck },
  eitherHeaders: { text: 'HTTP request headers,HTTP response headers', places: columns(2, 17) | place.tcpCheck },
  requestStatistics: { text: 'request buffer statistics', places: columns(9, 18) },
  responseStatistics: { text: 'response buffer statistics', places: columns(9, 18) },
  transactionStatistics: { text: 'transaction statistics', places: columns(2, 18) },
} as const;

export type Source = keyof typeof SOURCES;

/** Gives each value of a fetch in turn until `visit` returns true; returns whether it did. */
export type Scan = (ctx: ExprContext, visit: (value: SampleValue, ctx: ExprContext) => boolean) => boolean;

/** What a fetch row compiles to: how to get its value and, for fetches with several values, how to visit each (as ACLs do). */
export interface CompiledFetch {
  readonly evaluate: Evaluate;
  readonly scan?: Scan;
  /** What an ACL on the value itself matches, where that is more than comparing texts: compiled from its patterns. */
  readonly match?: (patterns: readonly string[]) => ((value: SampleValue) => boolean) | ExprError;
  /** Tells whether data still to come could change the value; left out, the source says. */
  readonly mayChange?: (ctx: ExprContext) => boolean;
}

/** A `userlist`: checks passwords and knows groups. */
export interface Userlist {
  check(user: string, password: string): boolean;
  readonly groups: readonly string[];
  /** Whether the user belongs to the group. */
  isMember(user: string, group: string): boolean;
}

/** Facts about addresses. */
export interface AddressDatabase {
  /** What is known of an address: texts, numbers, lists and objects of them; null: nothing. Never throws. */
  lookup(address: string): unknown;
}

/** Public keys in files that expressions name, by the names that they give them. */
export interface TokenKeys {
  add(path: string, key: KeyObject): void;
  /** One that any expression has named; asked for at run time. */
  find(path: string): KeyObject | null;
}

/** What the names in expressions may be checked against while compiling. */
export interface CompileEnv {
  /** Mask of `place`: where the expression is evaluated. */
  readonly places: number;
  /** Name of the proxy that the expression stands in: what an empty `backend`, `frontend` or `server` argument means. */
  readonly proxy?: string;
  /** Says whether a proxy exists with that side; left out, names are found at run time only. */
  hasProxy?(name: string, side: 'frontend' | 'backend'): boolean;
  hasServer?(backend: string, server: string): boolean;
  /** The test of a named ACL, for `acl()`; null when there is none of that name. Left out, that fetch is refused. */
  acl?(name: string): ((ctx: ExprContext) => boolean) | ExprError | null;
  /** The users of a `userlist`, or null when there is none of that name. */
  userlist?(name: string): Userlist | null;
  /** Environment that `env()` reads; left out, the process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Content of a file as latin1 text, or null when it cannot be read. Left out, files are refused. */
  readFile?(path: string): string | null;
  /** The stick table of that name; null when there is none. Left out, there are none here. */
  table?(name: string): TableSource | null;
  /** The file of facts about addresses at a path (`mmdb`). Left out, there are none here. */
  database?(path: string): AddressDatabase | ExprError;
  /** What of tokens is taken. Left out, what holds by default. */
  readonly tokens?: TokenRules;
  /** Keys that tokens are verified by. Left out, an expression knows its own. */
  readonly tokenKeys?: TokenKeys;
  /** There is a ring, or a standard output, of that name. Left out, any name is taken. */
  hasRing?(name: string): boolean;
  /** Patterns that can be edited live. Left out, an ACL keeps its own for itself, and files and maps are refused. */
  patterns?(use: PatternUse): PatternSource | ExprError;
}

/** A name in an argument that nothing is called so: the message around the words for that argument. */
export interface Unresolved {
  readonly unresolved: readonly [before: string, after: string];
  /** Number of the argument, from 1; left out: the first. */
  readonly position?: number;
}

export function isUnresolved(made: object): made is Unresolved {
  return 'unresolved' in made;
}

/**
 * What a value needs to be told in a log line: that the line is made at the end of the stream, or that this side's address of
 * the server connection is kept until then.
 */
export type LogNeed = 'end' | 'localAddress';

/** A row of the table of sample fetches. */
export interface FetchRow {
  readonly name: string;
  /** Grammar of the arguments, as `-dKsmp` prints it. */
  readonly args: string;
  readonly type: ValueType;
  readonly source: Source;
  readonly logNeed?: LogNeed;
  compile(args: readonly Arg[], env: CompileEnv): CompiledFetch | Evaluate | ExprError | Unresolved;
}

/** One step of a compiled expression. `type` is the actual type of the value. */
export type Convert = (value: SampleValue, ctx: ExprContext, type: SampleType) => SampleValue | undefined;

/** A row of the table of converters. */
export interface ConverterRow {
  readonly name: string;
  readonly args: string;
  readonly in: ValueType;
  readonly out: ValueType;
  /** The type of the value shows only at run time (in `dynamic.type`), whatever `out` says. */
  readonly dynamic?: boolean;
  /** The value goes through as it is, which listings tell in the place of `out`. */
  readonly same?: boolean;
  /** The bytes that it gets are the beginning of a message: more of them could change what comes out. */
  readonly incomplete?: (bytes: string) => boolean;
  compile(args: readonly Arg[], env: CompileEnv): Convert | ExprError | Unresolved;
}
