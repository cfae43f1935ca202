import { parentPort, workerData } from 'node:worker_threads';
import { CounterStore } from '../model/counters.ts';
import type { ThreadInit, TrafficCommand, TrafficEvent } from '../model/messages.ts';
import { tcpTransport } from '../net/tcp.ts';
import { ThreadResources } from '../net/uring/resources.ts';
import { openUringTransport } from '../net/uring/transport.ts';
import { useFiles } from '../util/files.ts';
import { changeRootOfThread } from '../util/libc.ts';
import { execute, putProxy } from './commands.ts';
import { Env } from './env.ts';

/*
 * A traffic thread. It is given its proxies at start, carries out the commands of the control thread one after the other, and answers
 * each when it is in force here.
 */

const init = workerData as ThreadInit;
const port = parentPort!;
if (init.chroot !== null) changeRootOfThread(init.chroot);
useFiles(init.files);
const counters = new CounterStore(init.rows, init.chunks);

const env = new Env({
  thread: init.thread,
  threads: init.threads,
  transport: init.resources === null ? tcpTransport : openUringTransport(new ThreadResources(init.resources)),
  counters,
  global: init.global,
  httpErrors: init.httpErrors,
  logProfiles: init.logProfiles,
  userlists: init.userlists,
  caches: init.caches,
  limits: init.limits,
  patterns: init.patterns,
  databases: init.databases,
  tables: init.tables,
  tls: init.tls,
  tlsSessions: init.tlsSessions,
  processSlot: init.processSlot,
  startedAt: init.startedAt,
  holding: init.holding,
  post: (event: TrafficEvent) => port.postMessage(event),
});
for (const view of init.proxies) putProxy(env, view);

let last: Promise<unknown> = Promise.resolve();

port.on('message', ({ seq, command }: { seq: number; command: TrafficCommand }) => {
  last = last
    .then(() => execute(env, counters, command))
    .then(
      (value) => port.postMessage({ seq, value }),
      (error: Error) => port.postMessage({ seq, error: error.message }),
    );
});

env.post({ kind: 'ready' });
