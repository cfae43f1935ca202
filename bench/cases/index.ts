import type { Row } from '../measure.ts';
import type { Proxy } from '../programs.ts';
import { commits, manyCertificates } from './certificates.ts';
import { commandStart } from './command.ts';
import { dataPlane, dataPlaneReloads } from './dataplane.ts';
import { fleetStatus } from './fleet-status.ts';
import { journaledChanges } from './journal.ts';
import { liveMap } from './live-map.ts';
import { liveTable, tableUpdates } from './live-table.ts';
import { lookUps } from './look-ups.ts';
import { lostInDrains, lostInReloads } from './losses.ts';
import { mapImport } from './map-import.ts';
import { idleConnections, startTime } from './process.ts';
import { rules } from './rules.ts';
import { showStat } from './show-stat.ts';
import { readingState } from './status.ts';
import { tls } from './tls.ts';
import { bodies, closing, http2, keepAlive, tcp, twoThreads } from './traffic.ts';

/** What a case gets to work with. */
export interface Bench {
  backend: number;
  /** Proxies that run side by side: sluice, haproxy and whatever else is installed. */
  proxies: Proxy[];
  rounds: number;
  /** Length of one load in seconds. */
  seconds: number;
  quick: boolean;
}

export interface Case {
  name: string;
  about: string;
  run(bench: Bench): Promise<Row[]>;
}

export const cases: Case[] = [
  { name: 'keep-alive', about: 'HTTP/1.1 keep-alive, small answers: CPU per request', run: keepAlive },
  { name: 'close', about: 'a new connection for each request: CPU per request', run: closing },
  { name: 'bodies', about: 'bodies of 10 MB: CPU per MB', run: bodies },
  { name: 'tcp', about: 'TCP relay, small answers: CPU per request', run: tcp },
  { name: 'h2', about: 'HTTP/2 in clear text, 16 connections of 8 streams: CPU per request', run: http2 },
  { name: 'tls', about: 'TLS 1.3 to clients: requests, handshakes, bodies: CPU each', run: tls },
  {
    name: 'certificates',
    about: '10,000 certificates: start, memory of each, handshakes by name',
    run: manyCertificates,
  },
  { name: 'commits', about: 'a certificate replaced 200 times under handshakes: failures, waits', run: commits },
  { name: 'threads', about: 'two traffic threads against one: CPU per request', run: twoThreads },
  { name: 'idle', about: 'memory of an idle keep-alive client connection', run: idleConnections },
  { name: 'start', about: 'time from start to the first answer, also with 10,000 servers', run: startTime },
  { name: 'show-stat', about: 'show stat with 10,000 servers: time, and what requests wait meanwhile', run: showStat },
  { name: 'state', about: 'the state of 1,000 servers, read and parsed', run: readingState },
  {
    name: 'fleet-status',
    about: '`sluice status` of 20 HAProxys with 1,000 servers each, start of the command included',
    run: fleetStatus,
  },
  { name: 'command', about: 'short commands: CPU time from start to end', run: commandStart },
  {
    name: 'journal',
    about: 'Changes recorded on disk: one by one, by many clients, in batches',
    run: journaledChanges,
  },
  {
    name: 'map-import',
    about: 'a map of 1,000,000 entries put into haproxy: as a Change, by hand, with socat',
    run: mapImport,
  },
  {
    name: 'dataplane',
    about: 'the Data Plane API, 5,000 lines with 2,000 servers: edits one by one, together, by 50 clients; a large map',
    run: dataPlane,
  },
  {
    name: 'dataplane-reloads',
    about: 'reloads of haproxy for 100 servers that are added, weighed and removed over REST',
    run: dataPlaneReloads,
  },
  { name: 'rules', about: 'ten rules, ACL files, a map and a tracked entry: CPU per request', run: rules },
  { name: 'look-ups', about: 'look-ups among 1,000 to 1,000,000 patterns, by kind of match: CPU each', run: lookUps },
  { name: 'live-map', about: 'a map of 1,000,000 entries filled, emptied, replaced; memory of an entry', run: liveMap },
  { name: 'live-table', about: 'a stick table of 1,000,000 entries: memory, listing', run: liveTable },
  { name: 'table-updates', about: 'updates of a stick table by two threads', run: tableUpdates },
  { name: 'reloads', about: 'requests lost in 100 reloads under load', run: lostInReloads },
  { name: 'drains', about: 'requests lost in 100 drain/ready cycles under load', run: lostInDrains },
];
