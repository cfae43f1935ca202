/** The kinds of aliases of log-formats: how their values are read. */

import { parseIpv4, parseIpv6 } from '../ip.ts';
import type { LogNeed } from '../row.ts';
import type { ExprContext, LogFacts } from '../types.ts';
import type { PiecesValue } from './encode.ts';

/** Flags of a node. */
export interface LogFlags {
  readonly quote: boolean;
  readonly hex: boolean;
  readonly escape: boolean;
  /** Print `-` for what is absent. */
  readonly mandatory: boolean;
  /** Encode as JSON, CBOR, and the latter as bytes instead of hex digits. */
  readonly json: boolean;
  /** JSON with the characters of UTF-8. */
  readonly utf8: boolean;
  readonly cbor: boolean;
  readonly binary: boolean;
}

/**
 * What an alias prints: text or an address (quoted, escaped, `-` when empty), part of a request line (as text, but may be empty),
 * a number, a port (`-` when there is none), captures (nothing when none are configured), or something with its own rules.
 */
type AliasKind = 'text' | 'address' | 'part' | 'number' | 'port' | 'list' | 'raw';

/** A row of the table. */
export interface AliasRow {
  readonly name: string;
  /** Only in `mode http`. */
  readonly http: boolean;
  readonly kind: AliasKind;
  readonly logNeed?: LogNeed;
  /** Of it nothing stays in a line when it is empty, not even a blank. */
  readonly vanishes?: true;
  /** A text that is made safe by `#XX`. */
  readonly encoded?: true;
  /** Value for a stream; `flags` for those whose form depends on them. */
  read(ctx: ExprContext, flags: LogFlags): string;
  /** Where lines are encoded, what is no single text; undefined: nothing. */
  list?(ctx: ExprContext): readonly PiecesValue[] | undefined;
}

/** In place of a request line that is not there, or of a part that it lacks. */
export const BAD = '<BADREQ>';

/** Part of the request line. */
export const part = (name: string, read: (line: string) => string): AliasRow => ({
  name,
  http: true,
  kind: 'part',
  read: (ctx) => read(ctx.log.requestLine || BAD),
});

type ReadNumber = (ctx: ExprContext, log: LogFacts) => number;

/** Text. */
export const text = (name: string, read: (ctx: ExprContext, log: LogFacts) => string, http = false): AliasRow => ({
  name,
  http,
  kind: 'text',
  read: (ctx) => read(ctx, ctx.log),
});

/** A fact of the TLS of the client; `-` stands for none. */
export const tls = (name: string, read: (log: LogFacts) => string): AliasRow =>
  text(name, (_ctx, log) => (read(log) === '-' ? '' : read(log)));

/** A number. */
export const number = (name: string, read: ReadNumber, http = false): AliasRow => ({
  name,
  http,
  kind: 'number',
  read: (ctx) => String(read(ctx, ctx.log)),
});

/** A number that flag X prints as at least four hex digits. */
export const hexable = (name: string, read: ReadNumber): AliasRow => ({
  name,
  http: false,
  kind: 'number',
  read: (ctx, flags) => {
    const value = read(ctx, ctx.log);
    return flags.hex ? hexOf(value, 4) : String(value);
  },
});

/** Bytes and total times are marked by `+` when the line is written before the end (`option logasap`). */
export const early = (name: string, read: ReadNumber, http = false): AliasRow => ({
  name,
  http,
  kind: 'number',
  read: (ctx) => (ctx.log.logAsap ? `+${read(ctx, ctx.log)}` : String(read(ctx, ctx.log))),
});

/** A date, or what is printed as it is. */
export const date = (name: string, read: (ctx: ExprContext, log: LogFacts) => string, http = false): AliasRow => ({
  name,
  http,
  kind: 'raw',
  read: (ctx) => read(ctx, ctx.log),
});

/** An address; flag X prints it in hex digits. */
export const address = (name: string, read: (ctx: ExprContext, log: LogFacts) => string): AliasRow => ({
  name,
  http: false,
  kind: 'address',
  read: (ctx, flags) => (flags.hex ? addressInHex(read(ctx, ctx.log)) : read(ctx, ctx.log)),
});

/** A port; `-1` stands for none. */
export const port = (name: string, read: (ctx: ExprContext, log: LogFacts) => number): AliasRow => ({
  name,
  http: false,
  kind: 'port',
  read: (ctx, flags) => {
    const value = read(ctx, ctx.log);
    return value < 0 ? '' : flags.hex ? hexOf(value, 4) : String(value);
  },
});

/** What is known at the end of a stream; so are, for HAProxy, the ID and the times that have passed. */
export const late = (row: AliasRow): AliasRow => ({ ...row, logNeed: 'end' });

/** This side's address of the server connection. */
export const local = (row: AliasRow): AliasRow => ({ ...row, logNeed: 'localAddress' });

/** In upper case, with zeros in front. */
export function hexOf(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

function addressInHex(host: string): string {
  const v4 = parseIpv4(host);
  if (v4 >= 0) return v4.toString(16).toUpperCase().padStart(8, '0');
  const groups = parseIpv6(host);
  if (groups === null) return host;
  return groups.map((group) => group.toString(16).toUpperCase().padStart(4, '0')).join('');
}
