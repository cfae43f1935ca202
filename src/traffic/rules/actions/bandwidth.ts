import { parseSize, parseTime } from '../../../config/units.ts';
import { isAvailable } from '../../../expr/compile.ts';
import { SOURCES } from '../../../expr/row.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { useKeyOf } from '../../../expr/tables.ts';
import type { BandwidthFilter, BandwidthKey } from '../bandwidth.ts';
import { waitsFor } from '../inspect.ts';
import { type ActionRow, type RuleEnv, type Run, Verdict, type Words } from '../types.ts';
import { compileValue, type ValueOf } from '../value.ts';

/** `set-bandwidth-limit <name> [limit {<expr>|<size>}] [period {<expr>|<time>}]` (manual, section 4.4). */
export const bandwidthAction: ActionRow = {
  name: 'set-bandwidth-limit',
  kinds: ['http-request', 'http-response', 'tcp-request content', 'tcp-response content'],
  compile(words, env) {
    const name = words.peek();
    if (name === undefined) return { error: 'missing bwlim filter name' };
    words.take();
    const filter = env.bandwidth.get(name);
    if (filter === undefined)
      return { error: `unable to find bwlim filter '${name}' referenced by set-bandwidth-limit rule` };
    const values: { limit: ValueOf | null; period: ValueOf | null } = { limit: null, period: null };
    for (let option = words.peek(); option === 'limit' || option === 'period'; option = words.peek()) {
      words.take();
      if (filter.key !== null)
        return { error: `set-bandwidth-limit rule cannot define a ${option} for a shared bwlim filter` };
      const value = compileAmount(words, env, option);
      if (typeof value !== 'function') return value;
      values[option] = value;
    }
    return filter.key === null ? ownLimit(filter, values.limit, values.period) : sharedLimit(filter, filter.key, env);
  },
};

/** A size or a time as configurations write it, or an expression. */
function compileAmount(words: Words, env: RuleEnv, option: 'limit' | 'period'): ValueOf | ExprError {
  const word = words.peek();
  if (word === undefined) return { error: `missing ${option} value or expression` };
  const amount = option === 'limit' ? parseSize(word) : parseTime(word);
  if (typeof amount === 'number') {
    words.take();
    return () => amount;
  }
  if (amount.error === 'overflow') return { error: `'${word}' is too large for the ${option}` };
  const value = compileValue(words, env, 'sint');
  if (typeof value === 'function') return value;
  return { error: `'${option}': invalid ${option === 'limit' ? 'size' : 'time'} value or expression : ${value.error}` };
}

/** Values that are none, or not above 0, leave it to the filter. */
function ownLimit({ limit }: BandwidthFilter, bytes: ValueOf | null, period: ValueOf | null): Run {
  return (stream) => {
    const limitNow = Math.max(0, Number(bytes?.(stream) ?? 0));
    const periodNow = Math.max(0, Number(period?.(stream) ?? 0));
    stream.throttle(limit.upload).keep(limit, limitNow, periodNow);
    return Verdict.next;
  };
}

/** The key is made of the stream; without one, or where the table is full, there is no limit. */
function sharedLimit(
  { limit }: BandwidthFilter,
  { compiled, word, table, of }: BandwidthKey,
  env: RuleEnv,
): Run | ExprError {
  if (!isAvailable(compiled, env.expr.places)) {
    const needs = SOURCES[compiled.source].text;
    return {
      error: `bwlim filter '${limit.name}' uses a key extracting information from '${needs}' ('${word}'), none of which is available here`,
    };
  }
  return (stream) => {
    const value = of(stream);
    if (env.kind === 'tcp-request content' && waitsFor(stream, compiled)) return Verdict.more;
    if (value === undefined) return Verdict.next;
    useKeyOf(table, value);
    stream.throttle(limit.upload).join(limit, table, stream.env.tables.ledger, stream.env.now());
    return Verdict.next;
  };
}
