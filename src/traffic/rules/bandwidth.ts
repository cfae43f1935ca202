import { bytesOf } from '../../config/bytes.ts';
import { DATA } from '../../config/tables/data-types.ts';
import type { BandwidthFilterConfig, Diagnostic, ProxyConfig } from '../../config/types.ts';
import type { Compiled } from '../../expr/chain.ts';
import { compileExpression } from '../../expr/compile.ts';
import type { CompileEnv } from '../../expr/row.ts';
import type { ExprError } from '../../expr/sample.ts';
import { KEY_SAMPLES } from '../../expr/tables.ts';
import type { SampleValue } from '../../expr/types.ts';
import type { StickTable } from '../../model/tables/table.ts';
import type { BandwidthLimit } from '../filters/throttle.ts';
import type { Stream } from '../stream.ts';

/** A `filter bwlim-*` line of a proxy, compiled; `key` for those whose limit is shared. */
export interface BandwidthFilter {
  readonly limit: BandwidthLimit;
  readonly key: BandwidthKey | null;
}

export interface BandwidthKey {
  /** The expression, and its first word. */
  readonly compiled: Compiled;
  readonly word: string;
  readonly table: StickTable;
  /** The value that the key is made of (see `useKeyOf`); undefined for none. */
  readonly of: (stream: Stream) => SampleValue | undefined;
}

/** Compiles the filters of a proxy that limit bandwidth, by their names. `env`: for the expressions of one line. */
export function compileBandwidthFilters(
  { name, filters }: ProxyConfig,
  env: (filter: BandwidthFilterConfig) => CompileEnv,
  problems: Diagnostic[],
): ReadonlyMap<string, BandwidthFilter> {
  const compiled = new Map<string, BandwidthFilter>();
  for (const filter of filters) {
    if (filter.kind !== 'bwlim-in' && filter.kind !== 'bwlim-out') continue;
    const one = compileFilter(filter, name, env(filter));
    if ('error' in one) problems.push({ severity: 'alert', at: filter.at, text: `Proxy ${name} : ${one.error}` });
    else compiled.set(filter.name, one);
  }
  return compiled;
}

function compileFilter(filter: BandwidthFilterConfig, proxy: string, env: CompileEnv): BandwidthFilter | ExprError {
  const { kind, name, limit: bytes, period, minSize, shared } = filter;
  const base = { name, upload: kind === 'bwlim-in', bytes, minSize };
  if (shared === null) return { limit: { ...base, period, table: null, column: null }, key: null };
  const parsed = compileExpression(shared.key.map(bytesOf), env);
  if ('error' in parsed) return { error: `key of bwlim filter '${name}': ${parsed.error}` };
  if (parsed.next < shared.key.length)
    return { error: `unknown keyword '${shared.key[parsed.next]}' in the key of bwlim filter '${name}'` };
  const wanted = shared.table ?? proxy;
  const table = (env.table?.(wanted) ?? null) as StickTable | null;
  if (table === null) return { error: `unable to find table '${wanted}' referenced by bwlim filter '${name}'` };
  const type = base.upload ? 'bytes_in_rate' : 'bytes_out_rate';
  const column = table.column(DATA[type]!);
  const stored = table.config.data.find((data) => data.type === type);
  if (stored === undefined)
    return {
      error: `stick-table '${wanted}' uses a data type incompatible with bwlim filter '${name}'. It must be '${type}'`,
    };
  const { compiled } = parsed;
  const cast = compiled.castTo(KEY_SAMPLES[table.config.type]);
  if (cast === undefined)
    return { error: `stick-table '${wanted}' uses a key type incompatible with bwlim filter '${name}'` };
  const of = (stream: Stream) => {
    const value = compiled.evaluate(stream);
    return value === undefined || cast === null ? value : cast(value);
  };
  return {
    limit: { ...base, period: stored.period, table, column },
    key: { compiled, word: shared.key[0]!, table, of },
  };
}
