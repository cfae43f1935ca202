import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Control } from '../../control/types.ts';
import { C, G } from '../../model/counters.ts';
import type { Activity } from '../../model/messages.ts';
import { RELEASE_DATE } from '../../util/version.ts';
import { uptimeText } from '../time.ts';
import { RUNTIME_VERSION } from '../version.ts';
import { INFO_TABLE, type InfoField } from './fields.ts';

/** Values of `show info` by field name. Fields that have no meaning in this program are left out: 0. */
export function infoValues(
  control: Control,
  activity: readonly Activity[],
  now: number,
): Record<string, string | number> {
  const { model } = control;
  const peers = control.peers.sections;
  const { counters, limits, processSlot: slot } = model;
  const { global } = model.config;
  const gauges = counters.gauges(slot);
  const memory = process.memoryUsage();
  const uptime = now - model.startedAt;
  const connections = gauges[G.current]!;
  const listeners = model.proxies.reduce(
    (sum, proxy) => sum + proxy.listeners.filter((listener) => listener.state === 'listening').length,
    0,
  );
  const [allocated, used] = [memory.heapTotal + memory.external, memory.heapUsed + memory.external];
  const sslRate = counters.rate(slot, C.sslRate, now);
  const keyRate = counters.rate(slot, C.sslKeyRate, now);
  const files = openFilesLimit();
  return {
    Name: 'Sluice',
    Version: RUNTIME_VERSION,
    Release_date: RELEASE_DATE,
    Nbthread: model.threads,
    Nbproc: 1,
    Process_num: 1,
    Pid: process.pid,
    Uptime: uptimeText(uptime),
    Uptime_sec: uptime / 1000,
    PoolAlloc_MB: allocated / 1048576,
    PoolUsed_MB: used / 1048576,
    'Ulimit-n': files,
    Maxsock: files,
    Maxconn: limits.maxconn,
    Hard_maxconn: limits.hardMaxconn,
    CurrConns: connections,
    CumConns: counters.sum(slot, C.connections),
    CumReq: counters.sum(slot, C.requests),
    ActivePeers: peers.reduce((sum, { sessions }) => sum + sessions.active, 0),
    ConnectedPeers: peers.reduce((sum, { sessions }) => sum + sessions.connected, 0),
    MaxSslConns: global.tls.maxConn,
    CurrSslConns: gauges[G.sslCurrent]!,
    CumSslConns: counters.sum(slot, C.sslConnections),
    ConnRate: counters.rate(slot, C.connRate, now),
    ConnRateLimit: limits.connRate,
    MaxConnRate: gauges[G.connRateMax]!,
    SessRate: counters.rate(slot, C.sessRate, now),
    SessRateLimit: limits.sessRate,
    MaxSessRate: gauges[G.sessRateMax]!,
    SslRate: sslRate,
    SslRateLimit: limits.sslRate,
    MaxSslRate: gauges[G.sslRateMax]!,
    SslFrontendKeyRate: keyRate,
    SslFrontendMaxKeyRate: gauges[G.sslKeyRateMax]!,
    SslFrontendSessionReuse_pct: sslRate > keyRate ? Math.floor(((sslRate - keyRate) * 100) / sslRate) : 0,
    SslBackendKeyRate: counters.rate(slot, C.sslBackendKeyRate, now),
    SslBackendMaxKeyRate: gauges[G.sslBackendKeyRateMax]!,
    SslCacheLookups: counters.sum(slot, C.sslCacheLookups),
    SslCacheMisses: counters.sum(slot, C.sslCacheMisses),
    CompressBpsIn: counters.rate(slot, C.compInRate, now),
    CompressBpsOut: counters.rate(slot, C.compOutRate, now),
    CompressBpsRateLim: limits.compRate,
    Tasks: activity.reduce((sum, thread) => sum + thread.timers + thread.streams, 0),
    Idle_pct: Math.min(control.idlePercent, ...activity.map((thread) => thread.idlePercent)),
    node: global.node ?? hostname(),
    description: global.description ?? '',
    Stopping: model.stopping ? 1 : 0,
    Jobs: connections + listeners,
    Listeners: listeners,
    DroppedLogs: control.logs.dropped,
    FailedResolutions: control.resolvers.statistics().reduce((sum, row) => sum + (row.counters['any_err'] ?? 0), 0),
    TotalBytesOut: activity.reduce((sum, thread) => sum + thread.bytesOut, 0),
    BytesOutRate: counters.rate(slot, C.bytesOutRate, now),
    CumRecvLogs: control.logForwards.received,
    'Build info': RUNTIME_VERSION,
    PoolAlloc_bytes: allocated,
    PoolUsed_bytes: used,
    Start_time_sec: model.startedAt / 1000,
    Tainted: '0',
    TotalWarnings: model.warnings,
    MaxconnReached: counters.sum(slot, C.strictMaxReached),
    CurrStreams: activity.reduce((sum, thread) => sum + thread.streams, 0),
    CumStreams: counters.sum(slot, C.h1Streams) + counters.sum(slot, C.h2Streams),
    NbThreadGroups: 1,
  };
}

/** The value of a field as it is printed; durations and dates get decimals with `float`. */
export function infoText(field: InfoField, values: Readonly<Record<string, string | number>>, float: boolean): string {
  const value = values[field.name] ?? (field.type === 'str' ? '' : 0);
  if (typeof value === 'string') return value;
  return float && (field.name === 'Uptime_sec' || field.name === 'Start_time_sec')
    ? value.toFixed(6)
    : String(Math.floor(value));
}

/** Fields that this program lists, with empty ones left out (`description` when there is none). */
export function listedFields(values: Readonly<Record<string, string | number>>): InfoField[] {
  return INFO_TABLE.filter((field) => values[field.name] !== '');
}

/** Soft limit on open files, 0 when the system does not tell. */
export function openFilesLimit(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
