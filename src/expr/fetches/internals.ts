/** Facts of the stream, its rules, its variables and the load (HAProxy manual, section 7.3.2). */

import type { Arg } from '../args.ts';
import { demanding } from '../demands.ts';
import type { FetchRow, Source } from '../row.ts';
import { bytesToHex, type Evaluate, type ExprError, type ValueType } from '../sample.ts';
import type { ExprContext, SampleType, SampleValue, Work } from '../types.ts';

const plain = (name: string, type: ValueType, source: Source, read: Evaluate): FetchRow => ({
  ...{ name, args: '', type, source },
  compile: () => read,
});

const placeOf = (rule: ExprContext['lastRule']): string | undefined =>
  rule == null ? undefined : `${rule.file}:${rule.line}`;

const SCOPES = ['proc', 'sess', 'txn', 'req', 'res', 'check'] as const;

/** `dump_all_vars([<scope>[,<prefix>[,<delimiter>]]])`: `name=value` of all variables, by their names. */
function compileDump([scopeArg, prefixArg, delimiterArg]: readonly Arg[]): Evaluate | ExprError {
  const scope = (scopeArg as string | undefined) ?? '';
  const prefix = (prefixArg as string | undefined) ?? '';
  const delimiter = delimiterArg === undefined || delimiterArg === '' ? ', ' : (delimiterArg as string);
  const scopes = SCOPES.filter((one) => scope === '' || one === scope);
  if (scopes.length === 0) return { error: `invalid scope '${scope}'` };
  return (ctx) => {
    const found: string[] = [];
    for (const one of scopes) {
      if (one === 'check' && scope === '') continue;
      for (const [name, variable] of ctx.vars(one))
        if (name.startsWith(prefix)) found.push(`${one}.${name}=${shown(variable)}`);
    }
    return found.sort().join(delimiter);
  };
}

function shown({ type, value }: { readonly type: SampleType; readonly value: SampleValue }): string {
  if (type === 'bin') return `x${bytesToHex(value as string)}`;
  if (type === 'str')
    return `"${(value as string).replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, (c) => (c === '\r' ? '\\r' : '\\n'))}"`;
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

/** What the stream has cost, none without a stream. */
const cost = (name: string, read: (work: Work) => number): FetchRow =>
  demanding(
    plain(name, 'sint', 'internal', ({ work }) => (work == null ? undefined : read(work))),
    'work',
  );

export const internalFetches: readonly FetchRow[] = [
  plain('last_rule_file', 'str', 'internal', (ctx) => ctx.lastRule?.file),
  plain('last_rule_line', 'sint', 'internal', (ctx) => ctx.lastRule?.line),
  plain('last_entity', 'str', 'internal', (ctx) => placeOf(ctx.lastRule)),
  plain('waiting_entity', 'str', 'internal', (ctx) => placeOf(ctx.waitingRule)),
  plain(
    'server_status',
    'sint',
    'serverConnection',
    (ctx) => ctx.serverStatus || (ctx.unread || ctx.log.status <= 0 ? undefined : 0),
  ),
  plain('term_events', 'str', 'internal', (ctx) => ctx.termEvents),
  plain('txn.id32', 'sint', 'internal', (ctx) => ctx.streamId),
  plain('internal.strm.is_htx', 'bool', 'internal', (ctx) => ctx.http),
  plain('cpu_usage_thr', 'sint', 'internal', (ctx) => ctx.process?.threadUse),
  cost('cpu_calls', (work) => work.calls),
  cost('cpu_ns_avg', (work) => Math.floor(work.busy / work.calls)),
  cost('cpu_ns_tot', (work) => work.busy),
  cost('lat_ns_avg', (work) => Math.floor(work.waited / work.calls)),
  cost('lat_ns_tot', (work) => work.waited),
  // All threads are one group.
  plain('cpu_usage_grp', 'sint', 'internal', (ctx) => ctx.process?.processUse),
  plain('cpu_usage_proc', 'sint', 'internal', (ctx) => ctx.process?.processUse),
  plain('quic_enabled', 'bool', 'constant', () => false),
  {
    ...{ name: 'dump_all_vars', args: '[string,string,string]', type: 'str', source: 'constant' },
    compile: compileDump,
  },
];
