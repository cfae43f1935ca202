import type { Lesson } from '../../control/peers/lesson.ts';
import { LinkStatus, type Peer } from '../../control/peers/peer.ts';
import type { PeersSection } from '../../control/peers/section.ts';
import { dateText, shortTime } from '../time.ts';

/** What `show peers` calls the ends of connections. */
const STATUS: Readonly<Record<number, string>> = {
  [LinkStatus.connecting]: 'CONN',
  [LinkStatus.connected]: 'HSHK',
  [LinkStatus.success]: 'ESTA',
  300: 'RETR',
  501: 'PROT',
  502: 'VERS',
  503: 'NAME',
  504: 'UNKN',
};

/** Things are told apart by numbers that look like HAProxy's pointers. */
const BASE = 0x5700_0000_0000;
const ids = new WeakMap<object, string>();
let given = 0;

function idOf(thing: object): string {
  const known = ids.get(thing);
  if (known !== undefined) return known;
  const id = `0x${(BASE + ++given * 0x40).toString(16)}`;
  ids.set(thing, id);
  return id;
}

const ahead = (at: number | null, now: number): string =>
  at === null ? '<NEVER>' : at <= now ? '<PAST>' : shortTime(at - now);

/** A section of `show peers`, its first line and then each peer; the newest first, as HAProxy has them. */
export function* sectionLines(section: PeersSection, dictionaries: boolean): Generator<string> {
  const now = Date.now();
  const { resync } = section;
  const date = dateText(section.startedAt).replace(/\.\d+$/, '');
  const flags = `disabled=0 flags=0x${resync.flags.toString(16)}`;
  yield `${idOf(section)}: [${date}] id=${section.name} ${flags} resync_timeout=${ahead(resync.until, now)} task_calls=${section.ticks}\n`;
  for (const peer of section.peers.toReversed()) yield `${peerLines(peer, dictionaries, now).join('\n')}\n`;
}

function peerLines(peer: Peer, dictionaries: boolean, now: number): string[] {
  const active = peer.session !== null || peer.retryAt !== null;
  const { target, counters } = peer;
  const where = target === null ? ':0' : target.to.family === 'unix' ? 'unix:0' : `${target.to.host}:${target.to.port}`;
  const kind = `${peer.local ? 'local' : 'remote'},${active ? 'active' : 'inactive'}`;
  const state = `app_state=${peer.open ? 'RUNNING' : 'STOPPED'} learn_state=${peer.learning}`;
  const since = peer.lastHandshake === 0 ? '<NEVER>' : shortTime(now - peer.lastHandshake);
  return [
    `  ${idOf(peer)}: id=${peer.name}(${kind}) addr=${where} ${state} last_status=${STATUS[peer.status] ?? 'NONE'} last_hdshk=${since}`,
    `        reconnect=${ahead(peer.reconnectAt, now)} heartbeat=${ahead(peer.heartbeatAt, now)} confirm=${peer.confirm}` +
      ` tx_hbt=${counters.heartbeatsSent} rx_hbt=${counters.heartbeatsGot} no_hbt=${counters.silences}` +
      ` new_conn=${counters.connects} proto_err=${counters.errors} coll=${counters.collisions}`,
    `        flags=0x${flagsOf(peer).toString(16)}${active ? connection(peer) : ''}`,
    ...current('remote_table', peer.remoteLesson),
    ...current('last_local_table', peer.localLesson),
    ...(peer.lessons.length > 0 ? ['        shared tables:'] : []),
    ...peer.lessons.toReversed().flatMap((lesson) => lessonLines(peer, lesson, dictionaries)),
  ];
}

function flagsOf(peer: Peer): number {
  return (
    (peer.teaching ? 0x1 : 0) |
    (peer.taughtAll ? 0x2 : 0) |
    (peer.notUpToDate ? 0x8 : 0) |
    (peer.open ? 0x20 : 0) |
    (peer.downgraded ? 0x80 : 0) |
    (peer.resyncRequested ? 0x10_0000 : 0)
  );
}

/** Numbers of HAProxy's states of a session, and names of those of its connection. */
const STAGES = {
  hello: ['1', 'EST'],
  connecting: ['6', 'CON'],
  status: ['6', 'EST'],
  open: ['7', 'EST'],
  closed: ['11', 'CLO'],
} as const;

function connection(peer: Peer): string {
  const { session } = peer;
  if (session === null) return ` appctx:${idOf(peer.lessons)} st0=6 st1=0 task_calls=0 state=TAR`;
  const { stage, localHost, localPort, remoteHost, remotePort, secure } = session.facts;
  const [number, state] = STAGES[stage];
  const line = ` appctx:${idOf(session)} st0=${number} st1=0 task_calls=${session.turns} state=${state}`;
  if (session.outgoing) return line;
  return `${line}\n        xprt=${secure ? 'SSL' : 'RAW'} src=${remoteHost}:${remotePort} addr=${localHost}:${localPort}`;
}

function current(what: string, lesson: Lesson | null): string[] {
  if (lesson === null) return [];
  const { table, localId, remoteId } = lesson;
  return [`        ${what}:${idOf(lesson)} id=${table.name} local_id=${localId} remote_id=${remoteId}`];
}

function lessonLines(peer: Peer, lesson: Lesson, dictionaries: boolean): string[] {
  const { table, remoteForm } = lesson;
  const data = (remoteForm?.columns ?? []).reduce((bits, { type }) => bits + 2 ** type.id, 0);
  const update = table.localUpdate();
  return [
    `          ${idOf(lesson)} local_id=${lesson.localId} remote_id=${lesson.remoteId} flags=0x${lesson.taught ? 3 : 0} remote_data=0x${data.toString(16)}`,
    `              last_acked=${lesson.lastAcked} last_pushed=${lesson.lastPushed} last_get=${lesson.lastGet} teaching_origin=${lesson.teachingOrigin} update=${lesson.update}`,
    `              table:${idOf(table)} id=${table.name} update=${update} localupdate=${update} refcnt=1`,
    ...(dictionaries ? dictionaryLines(peer) : ['        Dictionary cache not dumped (use "show peers dict")']),
  ];
}

function dictionaryLines({ sent, received }: Peer): string[] {
  return [
    '        TX dictionary cache:',
    ...inFours(sent.texts),
    '        RX dictionary cache:',
    ...inFours(received.texts.map((text) => text ?? '-')),
  ];
}

function inFours(texts: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < texts.length; at += 4) {
    const words = texts.slice(at, at + 4).map((text, i) => `  ${String(at + i).padStart(3)} -> ${text}`);
    lines.push(`        ${words.join('')}`);
  }
  return lines;
}
