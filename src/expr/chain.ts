/** The steps of an expression, put together into one function. */

import type { CompiledFetch, Convert, ConverterRow, FetchRow, LogNeed, Scan, Source } from './row.ts';
import { type Cast, castBetween, type Evaluate, typeOfValue, type ValueType } from './sample.ts';
import type { ExprContext, SampleType, SampleValue } from './types.ts';

/** A compiled expression. */
export interface Compiled {
  /** Name of the sample fetch it starts with. */
  readonly keyword: string;
  /** How many converters follow it. */
  readonly converters: number;
  /** What the fetch draws on; see `SOURCES`. */
  readonly source: Source;
  readonly logNeed: LogNeed | null;
  /** Type of the value; `addr` and `any` are settled per value by `typeOf`. */
  readonly type: ValueType;
  /** The value, or undefined for "no sample". Never throws. */
  readonly evaluate: Evaluate;
  /** Visits each value in turn (several headers of one name, ...), as ACLs do; null when there is at most one. */
  readonly scan: Scan | null;
  /** How ACLs match the value when no method is named and no converter follows; null: by its type. */
  readonly match: CompiledFetch['match'] | null;
  /** Tells whether data that is still to come could change the value (see `ExprContext.final`). */
  mayChange(ctx: ExprContext): boolean;
  /** The cast from the values to a type: null when nothing is to be done, undefined when there is none. */
  castTo(type: ValueType): Cast | null | undefined;
  /** Actual type of the value that `evaluate` has just returned. */
  typeOf(value: SampleValue): SampleType;
}

type Step = (value: SampleValue, ctx: ExprContext) => SampleValue | undefined;

/** The steps of an expression while it is compiled. */
export class Chain {
  /** What the last step is declared to give. */
  type: ValueType;
  /** What it really gives: `any` where that shows only at run time. */
  #actual: ValueType;
  readonly #row: FetchRow;
  readonly #fetch: CompiledFetch;
  #steps: Step | null = null;
  /** Tells whether a converter needs more than there is. */
  #incomplete: ((ctx: ExprContext) => boolean) | null = null;
  #converters = 0;

  constructor(row: FetchRow, fetch: CompiledFetch) {
    this.#row = row;
    this.#fetch = fetch;
    this.type = row.type;
    this.#actual = row.type;
  }

  get keyword(): string {
    return this.#row.name;
  }

  add(row: ConverterRow, convert: Convert): void {
    this.#converters++;
    const from = this.#actual;
    const cast = castBetween(from, row.in)!;
    const target: ValueType = row.in === 'any' ? from : row.in;
    const before = this.#steps;
    const { incomplete } = row;
    if (incomplete !== undefined) {
      const { evaluate } = this.#fetch;
      this.#incomplete = (ctx) => {
        const value = evaluate(ctx);
        const given = value === undefined || before === null ? value : before(value, ctx);
        return typeof given === 'string' && incomplete(given);
      };
    }
    const convertCast: Step =
      cast === null
        ? (value, ctx) => bounded(convert(value, ctx, typeOfValue(value, target)))
        : (value, ctx) => {
            const changed = cast(value);
            return changed === undefined ? undefined : bounded(convert(changed, ctx, typeOfValue(changed, target)));
          };
    this.#steps =
      before === null
        ? convertCast
        : (value, ctx) => {
            const given = before(value, ctx);
            return given === undefined ? undefined : convertCast(given, ctx);
          };
    this.type = row.out;
    this.#actual = row.dynamic === true ? 'any' : row.out;
  }

  #mayChange(): (ctx: ExprContext) => boolean {
    const { evaluate } = this.#fetch;
    const ofFetch = this.#fetch.mayChange ?? changeOf(this.#row.source);
    const incomplete = this.#incomplete;
    if (incomplete === null) return ofFetch;
    // Who knows when a message is whole says so for what the fetch cannot know.
    return (ctx) => (evaluate(ctx) === undefined ? ofFetch(ctx) : incomplete(ctx));
  }

  finish(): Compiled {
    const actual = this.#actual;
    const { evaluate, scan } = this.#fetch;
    const steps = this.#steps;
    return {
      keyword: this.#row.name,
      converters: this.#converters,
      source: this.#row.source,
      logNeed: this.#row.logNeed ?? null,
      type: this.type,
      evaluate:
        steps === null
          ? evaluate
          : (ctx) => {
              const value = evaluate(ctx);
              return value === undefined ? undefined : steps(value, ctx);
            },
      scan: scan === undefined ? null : steps === null ? scan : scanThrough(scan, steps),
      match: steps === null ? (this.#fetch.match ?? null) : null,
      mayChange: this.#mayChange(),
      castTo: (type) => castBetween(actual, type),
      typeOf: (value) => typeOfValue(value, actual),
    };
  }
}

/**
 * A scan whose values go through converters first; it ends with the first value of which a converter makes none, as in HAProxy. The visitor
 * is handed over in a slot, as a closure per evaluation would cost an allocation; scans do not nest on one expression.
 */
function scanThrough(scan: Scan, steps: Step): Scan {
  let current: (value: SampleValue, ctx: ExprContext) => boolean = () => false;
  let failed = false;
  const convertAndVisit = (value: SampleValue, ctx: ExprContext): boolean => {
    const changed = steps(value, ctx);
    failed = changed === undefined;
    return failed || current(changed!, ctx);
  };
  return (ctx, visit) => {
    current = visit;
    return scan(ctx, convertAndVisit) && !failed;
  };
}

/** When the value of a fetch can still change: heads until they are there, buffers always. */
function changeOf(source: Source): (ctx: ExprContext) => boolean {
  switch (source) {
    case 'requestHeaders':
    case 'request':
    case 'eitherHeaders':
      return (ctx) => ctx.requestHead === null && ctx.notHttp !== true;
    case 'responseHeaders':
    case 'response':
      return (ctx) => ctx.responseHead === null;
    case 'requestBody':
      return (ctx) => ctx.requestHead !== null || ctx.notHttp !== true;
    case 'requestBuffer':
    case 'responseBuffer':
    case 'responseBody':
    case 'eitherBuffer':
      return () => true;
    default:
      return () => false;
  }
}

/** Bytes of a value, at most: what converters make of it must not grow without bound (HAProxy stops at tune.bufsize). */
const LENGTH_MAX = 65_536;

/** The value, unless it is too long: then there is none. */
function bounded(value: SampleValue | undefined): SampleValue | undefined {
  return typeof value === 'string' && value.length > LENGTH_MAX ? undefined : value;
}
