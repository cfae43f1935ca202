/** Dates, timers and facts of the process and the stream (HAProxy manual, sections 7.3.2 and 7.3.6). */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Arg } from '../args.ts';
import { unitOf } from '../converters/dates.ts';
import type { CompileEnv, FetchRow, Source } from '../row.ts';
import type { Evaluate, ExprError, ValueType } from '../sample.ts';
import type { ExprContext, SampleValue } from '../types.ts';
import { asDynamic, parseVarName, readVar } from '../vars.ts';

type Read = (ctx: ExprContext) => SampleValue | undefined;

const plain = (name: string, type: ValueType, source: Source, read: Read): FetchRow => ({
  name,
  args: '',
  type,
  source,
  compile: () => read,
});

/** A time of the log, none while its phase has not been reached. */
const timer = (name: string, source: Source, read: (ctx: ExprContext) => number): FetchRow =>
  plain(name, 'sint', source, (ctx) => {
    const ms = read(ctx);
    return ms < 0 ? undefined : ms;
  });

/** A fact of the log that there is none of where a request could not be read. */
const ofRequest = (
  name: string,
  type: ValueType,
  source: Source,
  read: (log: ExprContext['log']) => SampleValue,
): FetchRow => plain(name, type, source, (ctx) => (ctx.unread ? undefined : read(ctx.log)));

/** Date in ms as an integer in units per second. */
function inUnit(ms: number, unit: number): number {
  return Math.floor((ms * unit) / 1000);
}

/** A date that may be asked for in `s`, `ms` or `us`. */
const date = (name: string, source: Source, read: (ctx: ExprContext) => number): FetchRow => ({
  name,
  args: '[string]',
  type: 'sint',
  source,
  compile: ([unitArg]) => {
    const unit = unitOf(unitArg);
    if (unit === null) return { error: `expects 's', 'ms' or 'us', got '${unitArg}'` };
    return (ctx) => inUnit(read(ctx), unit);
  },
});

function compileDate([offsetArg, unitArg]: readonly Arg[]): Evaluate | ExprError {
  const unit = unitOf(unitArg);
  if (unit === null) return { error: `expects 's', 'ms' or 'us', got '${unitArg}'` };
  const offset = Number(offsetArg ?? 0);
  return (ctx) => inUnit(ctx.now, unit) + offset;
}

function compileVar([nameArg, fallback]: readonly Arg[]): Evaluate | ExprError {
  const name = parseVarName(nameArg as string, 'read');
  if ('error' in name) return name;
  const missing = fallback === undefined ? undefined : asValue(fallback as string);
  return (ctx) => {
    const variable = (name.scope === 'parent' ? undefined : readVar(ctx, name)) ?? missing;
    return variable === undefined ? undefined : asDynamic(variable);
  };
}

const asValue = (value: string): { type: 'str'; value: string } => ({ type: 'str', value });

function compileRandom([rangeArg]: readonly Arg[]): Evaluate {
  // Without a range: 31 bits, as HAProxy gives.
  const range = rangeArg === undefined ? 0x80000000 : Math.max(Number(rangeArg), 0);
  return () => Math.floor(Math.random() * range);
}

/** A random UUID of version 7 (RFC 9562, section 5.7): milliseconds, then random bits. */
function uuid7(now: number): string {
  const time = Math.floor(now).toString(16).padStart(12, '0');
  const random = randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random}`;
}

function compileUuid([versionArg]: readonly Arg[]): Evaluate | ExprError {
  const version = Number(versionArg ?? 4);
  if (version === 4) return () => randomUUID();
  if (version === 7) return (ctx) => uuid7(ctx.now);
  return { error: `Unsupported UUID version: '${version}'` };
}

const node = hostname();

/** `acl(name,!other)`: true when all of them hold. */
function compileAclTest(args: readonly Arg[], env: CompileEnv): Evaluate | ExprError {
  const tests: ((ctx: ExprContext) => boolean)[] = [];
  for (const arg of args as readonly string[]) {
    const negated = arg.startsWith('!');
    const test = env.acl?.(negated ? arg.slice(1) : arg) ?? null;
    if (test === null) return { error: `ACL '${arg}' not found` };
    if (typeof test !== 'function') return test;
    tests.push(negated ? (ctx) => !test(ctx) : test);
  }
  return (ctx) => tests.every((test) => test(ctx));
}

const NAMES = new Array<string>(12).fill('string').join(',');

export const processFetches: readonly FetchRow[] = [
  { name: 'acl', args: `string[,${NAMES.slice(7)}]`, type: 'bool', source: 'constant', compile: compileAclTest },
  { name: 'date', args: '[integer,string]', type: 'sint', source: 'constant', compile: compileDate },
  plain('date_us', 'sint', 'constant', (ctx) => Math.floor((ctx.now * 1000) % 1_000_000)),
  date('accept_date', 'clientAddress', (ctx) => ctx.log.acceptDate),
  date('request_date', 'transactionStatistics', (ctx) => ctx.log.requestDate),
  timer('req.timer.idle', 'requestHeaders', (ctx) => ctx.log.idleTime),
  timer('req.timer.hdr', 'requestHeaders', (ctx) => ctx.log.requestTime),
  timer('req.timer.tq', 'requestHeaders', (ctx) =>
    ctx.log.requestTime < 0
      ? -1
      : Math.max(0, ctx.log.handshakeTime) + Math.max(0, ctx.log.idleTime) + ctx.log.requestTime,
  ),
  timer('req.timer.queue', 'serverConnection', (ctx) => ctx.log.queueTime),
  timer('res.timer.hdr', 'responseHeaders', (ctx) => ctx.log.responseTime),
  timer('res.timer.data', 'responseStatistics', (ctx) => ctx.log.dataTime),
  timer('txn.timer.total', 'transactionStatistics', (ctx) =>
    Math.max(0, ctx.now - ctx.log.acceptDate - Math.max(0, ctx.log.handshakeTime) - Math.max(0, ctx.log.idleTime)),
  ),
  timer('txn.timer.user', 'transactionStatistics', (ctx) =>
    Math.max(0, ctx.now - ctx.log.acceptDate - Math.max(0, ctx.log.idleTime)),
  ),
  ofRequest('bytes_in', 'sint', 'transactionStatistics', ({ bytesUploaded }) => bytesUploaded),
  ofRequest('bytes_out', 'sint', 'responseStatistics', ({ bytesRead }) => bytesRead),
  ofRequest('req.bytes_in', 'sint', 'transactionStatistics', ({ bytesUploaded }) => bytesUploaded),
  ofRequest('req.bytes_out', 'sint', 'transactionStatistics', ({ requestSent }) => requestSent),
  ofRequest('res.bytes_in', 'sint', 'responseStatistics', ({ responseReceived }) => responseReceived),
  ofRequest('res.bytes_out', 'sint', 'responseStatistics', ({ responseSent }) => responseSent),
  plain('txn.status', 'sint', 'serverConnection', (ctx) => ctx.log.status),
  ofRequest('txn.conn_retries', 'sint', 'serverConnection', ({ retries }) => retries),
  ofRequest('txn.redispatched', 'bool', 'serverConnection', ({ redispatched }) => redispatched),
  plain('txn.sess_term_state', 'str', 'internal', (ctx) => ctx.log.termination.slice(0, 2)),
  plain('http_first_req', 'bool', 'request', (ctx) => (ctx.unread ? undefined : ctx.firstRequest)),
  plain('unique-id', 'str', 'constant', (ctx) => ctx.uniqueId || undefined),
  plain('prio_class', 'sint', 'internal', (ctx) => (ctx.unread ? undefined : (ctx.priorityClass ?? 0))),
  plain('prio_offset', 'sint', 'internal', (ctx) => (ctx.unread ? undefined : (ctx.priorityOffset ?? 0))),
  plain('act_conn', 'sint', 'constant', (ctx) => ctx.log.processConnections),
  plain('hostname', 'str', 'constant', () => node),
  plain('pid', 'sint', 'constant', (ctx) => ctx.log.pid),
  // One process and one group of threads, whatever the machine; groups and threads count from 0.
  plain('nbproc', 'sint', 'constant', () => 1),
  plain('proc', 'sint', 'constant', () => 1),
  plain('tgroup', 'sint', 'constant', () => 0),
  plain('thread', 'sint', 'constant', (ctx) => (ctx.process?.thread ?? 1) - 1),
  plain('stopping', 'bool', 'internal', (ctx) => ctx.process?.stopping === true),
  plain('uptime', 'sint', 'constant', (ctx) =>
    ctx.process === undefined ? undefined : Math.floor((ctx.now - ctx.process.startedAt) / 1000),
  ),
  { name: 'rand', args: '[integer]', type: 'sint', source: 'constant', compile: compileRandom },
  { name: 'uuid', args: '[integer]', type: 'str', source: 'constant', compile: compileUuid },
  { name: 'var', args: 'string[,string]', type: 'any', source: 'constant', compile: compileVar },
  {
    name: 'env',
    args: 'string',
    type: 'str',
    source: 'constant',
    compile: ([name], env) => {
      const value = (env.environment ?? process.env)[name as string];
      return () => value;
    },
  },
];
