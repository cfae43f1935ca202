/** `tune.*` of the global section (manual, section 3.2). */

import type { ConfigDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { Tunables } from '../types.ts';
import { integerArgument, sizeArgument } from './arguments.ts';
import { type Keyword, noticed, works } from './table.ts';

type Row = Keyword<ConfigDraft>;

function number(name: string, key: keyof Tunables, min: number, max: number, more: Partial<Row> = {}): Row {
  const parse = (line: Line, { global }: ConfigDraft) => {
    const value = integerArgument(line, { min, max });
    if (value !== null) global.tune[key] = value;
  };
  return works<ConfigDraft>(name, '<number>', parse, more);
}

function size(name: string, key: keyof Tunables, min: number, max: number): Row {
  return works<ConfigDraft>(name, '<size>', (line, { global }) => {
    const value = sizeArgument(line, { min, max });
    if (value !== null) global.tune[key] = value;
  });
}

const MAX = 2_147_483_647;

const FEWER_IDLE: Partial<Row> = {
  status: 'noticed',
  why: 'pool-max-conn and pool-purge-delay of the servers bound idle connections.',
};

const typed: Row[] = [
  size('tune.bufsize', 'bufsize', 1024, 0x1000_0000),
  size('tune.maxrewrite', 'maxrewrite', 0, 0x1000_0000),
  number('tune.http.maxhdr', 'maxhdr', 1, 32767),
  number('tune.http.logurilen', 'logurilen', 1, 65535),
  number('tune.http.cookielen', 'cookielen', 1, 65535),
  size('tune.cli.max-payload-size', 'cliMaxPayloadSize', 0, 0x1000_0000),
  size('tune.h2.initial-window-size', 'h2InitialWindowSize', 0, MAX),
  size('tune.h2.be.initial-window-size', 'h2BeInitialWindowSize', 0, MAX),
  number('tune.h2.be.max-concurrent-streams', 'h2BeMaxConcurrentStreams', 1, MAX),
  size('tune.h2.fe.initial-window-size', 'h2FeInitialWindowSize', 0, MAX),
  number('tune.h2.fe.max-concurrent-streams', 'h2FeMaxConcurrentStreams', 1, MAX),
  number('tune.h2.max-concurrent-streams', 'h2MaxConcurrentStreams', 1, MAX),
  size('tune.h2.header-table-size', 'h2HeaderTableSize', 4096, 65536),
  number('tune.pool-high-fd-ratio', 'poolHighFdRatio', 0, 100, FEWER_IDLE),
  number('tune.pool-low-fd-ratio', 'poolLowFdRatio', 0, 100, FEWER_IDLE),
  number('tune.maxaccept', 'maxaccept', -1, MAX, {
    status: 'noticed',
    why: 'all connections that wait are accepted at once.',
  }),
  size('tune.rcvbuf.client', 'rcvbufClient', 1, MAX),
  size('tune.rcvbuf.server', 'rcvbufServer', 1, MAX),
  size('tune.sndbuf.client', 'sndbufClient', 1, MAX),
  size('tune.sndbuf.server', 'sndbufServer', 1, MAX),
  number('tune.stick-counters', 'stickCounters', 0, 100),
  size('tune.vars.check-max-size', 'varsCheck', 0, MAX),
  size('tune.vars.proc-max-size', 'varsProc', 0, MAX),
  size('tune.vars.reqres-max-size', 'varsReqres', 0, MAX),
  size('tune.vars.sess-max-size', 'varsSess', 0, MAX),
  size('tune.vars.txn-max-size', 'varsTxn', 0, MAX),
  number('tune.pattern.cache-size', 'patternCacheSize', 0, MAX, {
    status: 'noticed',
    why: 'patterns are looked up without a cache.',
  }),
  number('tune.comp.maxlevel', 'comp_maxlevel', 1, 9),
];

export const TUNE_KEYWORDS: readonly Row[] = [
  ...typed,
  ...noticed<ConfigDraft>('frames of 16 kB are asked for, as the protocol has it without a word.', [
    'tune.h2.max-frame-size <size>',
  ]),
  ...noticed<ConfigDraft>('buffers come from the JavaScript heap.', [
    'tune.buffers.limit <number>',
    'tune.buffers.reserve <number>',
    'tune.bufsize.large <size>',
    'tune.bufsize.small <size>',
    'tune.memory.hot-size <size>',
    'tune.pipesize <size>',
    'tune.recv_enough <size>',
    'tune.chksize <size>',
    'tune.fail-alloc <number>',
    'tune.ring.queues <number>',
  ]),
  ...noticed<ConfigDraft>("Node's event loop schedules and polls.", [
    'tune.epoll.mask-events <events>',
    'tune.events.max-events-at-once <number>',
    'tune.fd.edge-triggered {on|off}',
    'tune.max-checks-per-thread <number>',
    'tune.max-rules-at-once <number>',
    'tune.maxpollevents <number>',
    'tune.runqueue-depth <number>',
    'tune.sched.low-latency {on|off}',
    'tune.streams-elasticity <number>',
    'tune.renice.runtime <number>',
    'tune.renice.startup <number>',
    'tune.takeover-other-tg-connections <mode>',
    'tune.idle-pool.shared {auto|full|on|off}',
  ]),
  ...noticed<ConfigDraft>('every traffic thread listens on its own socket (SO_REUSEPORT).', [
    'tune.listener.default-shards <mode>',
    'tune.listener.multi-queue <mode>',
  ]),
  ...noticed<ConfigDraft>('data is always copied through a buffer.', [
    'tune.applet.zero-copy-forwarding {on|off}',
    'tune.disable-fast-forward',
    'tune.disable-zero-copy-forwarding',
    'tune.h1.zero-copy-fwd-recv {on|off}',
    'tune.h1.zero-copy-fwd-send {on|off}',
    'tune.h2.zero-copy-fwd-send {on|off}',
    'tune.pt.zero-copy-forwarding {on|off}',
    'tune.quic.zero-copy-fwd-send {on|off}',
  ]),
  ...noticed<ConfigDraft>('invalid traffic is counted and logged, it is not scored.', [
    'tune.glitches.kill.cpu-usage <number>',
    'tune.h1.be.glitches-threshold <number>',
    'tune.h1.fe.glitches-threshold <number>',
    'tune.h2.be.glitches-threshold <number>',
    'tune.h2.fe.glitches-threshold <number>',
  ]),
  ...noticed<ConfigDraft>('frames are handled as they come, within fixed bounds.', [
    'tune.h2.be.max-frames-at-once <number>',
    'tune.h2.be.rxbuf <size>',
    'tune.h2.fe.max-frames-at-once <number>',
    'tune.h2.fe.max-rst-at-once <number>',
    'tune.h2.fe.max-total-streams <number>',
    'tune.h2.fe.rxbuf <size>',
    'tune.h2.log-errors <mode>',
  ]),
  ...noticed<ConfigDraft>('the kernel sizes these buffers.', [
    'tune.notsent-lowat.client <size>',
    'tune.notsent-lowat.server <size>',
    'tune.rcvbuf.backend <size>',
    'tune.rcvbuf.frontend <size>',
    'tune.sndbuf.backend <size>',
    'tune.sndbuf.frontend <size>',
  ]),
  ...noticed<ConfigDraft>('limits hold for scopes; what all connections have together is not bounded.', [
    'tune.vars.global-max-size <size>',
  ]),
  ...noticed<ConfigDraft>('sections of defaults take no memory at run time.', ['tune.defaults.purge']),
  ...noticed<ConfigDraft>('compression keeps no memory between the pieces of a body.', [
    'tune.zlib.memlevel <number>',
    'tune.zlib.windowsize <number>',
  ]),
  ...noticed<ConfigDraft>('what is taught at once is bounded by time, so that nothing else waits for it.', [
    'tune.peers.max-updates-at-once <number>',
  ]),
  ...noticed<ConfigDraft>('there is no Lua.', [
    'tune.lua.bool-sample-conversion <mode>',
    'tune.lua.burst-timeout <time>',
    'tune.lua.forced-yield <number>',
    'tune.lua.log.loggers {on|off}',
    'tune.lua.log.stderr <mode>',
    'tune.lua.maxmem <number>',
    'tune.lua.openlibs <list>',
    'tune.lua.service-timeout <time>',
    'tune.lua.session-timeout <time>',
    'tune.lua.task-timeout <time>',
  ]),
  ...noticed<ConfigDraft>('there is no QUIC.', [
    'tune.quic.be.cc.cubic-min-losses <number>',
    'tune.quic.be.cc.hystart {on|off}',
    'tune.quic.be.cc.max-frame-loss <number>',
    'tune.quic.be.cc.max-win-size <size>',
    'tune.quic.be.cc.reorder-ratio <number>',
    'tune.quic.be.max-idle-timeout <time>',
    'tune.quic.be.sec.glitches-threshold <number>',
    'tune.quic.be.stream.data-ratio <number>',
    'tune.quic.be.stream.max-concurrent <number>',
    'tune.quic.be.stream.rxbuf <size>',
    'tune.quic.be.tx.pacing {on|off}',
    'tune.quic.be.tx.udp-gso {on|off}',
    'tune.quic.cc-hystart {on|off}',
    'tune.quic.cc.cubic.min-losses <number>',
    'tune.quic.disable-tx-pacing',
    'tune.quic.disable-udp-gso',
    'tune.quic.fe.cc.cubic-min-losses <number>',
    'tune.quic.fe.cc.hystart {on|off}',
    'tune.quic.fe.cc.max-frame-loss <number>',
    'tune.quic.fe.cc.max-win-size <size>',
    'tune.quic.fe.cc.reorder-ratio <number>',
    'tune.quic.fe.max-idle-timeout <time>',
    'tune.quic.fe.sec.glitches-threshold <number>',
    'tune.quic.fe.sec.retry-threshold <number>',
    'tune.quic.fe.sock-per-conn <mode>',
    'tune.quic.fe.stream.data-ratio <number>',
    'tune.quic.fe.stream.max-concurrent <number>',
    'tune.quic.fe.stream.max-total <number>',
    'tune.quic.fe.stream.rxbuf <size>',
    'tune.quic.fe.tx.pacing {on|off}',
    'tune.quic.fe.tx.udp-gso {on|off}',
    'tune.quic.frontend.default-max-window-size <size>',
    'tune.quic.frontend.glitches-threshold <number>',
    'tune.quic.frontend.max-data-size <size>',
    'tune.quic.frontend.max-idle-timeout <time>',
    'tune.quic.frontend.max-streams-bidi <number>',
    'tune.quic.frontend.max-tx-mem <size>',
    'tune.quic.frontend.stream-data-ratio <number>',
    'tune.quic.frontend.conn-tx-buffers.limit <number>',
    'tune.quic.listen {on|off}',
    'tune.quic.max-frame-loss <number>',
    'tune.quic.mem.tx-max <size>',
    'tune.quic.reorder-ratio <number>',
    'tune.quic.retry-threshold <number>',
    'tune.quic.socket-owner <mode>',
  ]),
];
