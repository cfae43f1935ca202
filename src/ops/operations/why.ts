import type { JournalEntry } from '../../change/journal/journal.ts';
import { type CapturedError, parseErrors } from '../../client/parse/captured.ts';
import { shown } from '../../util/shown.ts';
import { findBackend, findServer } from '../find.ts';
import { numberKind, serverKind, textKind } from '../kinds.ts';
import { reading, type Situation } from '../operation.ts';
import type { BackendState, ServerState } from '../state.ts';
import { count, durationText, table } from '../text.ts';
import { dateText, entryRow } from './journal-text.ts';
import { logLines } from './log-lines.ts';

/** Moments that are told when nothing else is asked for. */
const TOLD = 30;

/** Something that happened; `date` in ms, null where the source tells none. */
interface Moment {
  readonly date: number | null;
  readonly source: 'change' | 'state' | 'error' | 'log';
  readonly text: string;
}

export const why = reading({
  name: 'why',
  group: 'looking',
  summary: 'why a server or a backend takes traffic or not, and what happened to it',
  parameters: {
    object: { kind: textKind('BACKEND[/SERVER]', 'a backend or a server', 'servers'), about: 'what it is about' },
  },
  options: { last: { kind: numberKind('N', 1, 1000), about: 'how many moments to tell; default 30' } },
  about: [
    'First what holds now, then a time line: changes from the journal, when checks last turned, captured malformed messages, and lines of the rings (`ring` sections that logs are sent to) that name it.',
    'Without a ring in the configuration there are no log lines here; look into the log itself.',
  ],
  examples: [{ command: 'why be_app/app1', about: 'who took it out, or which check failed' }],
  page: 'operations.md',
  async show({ object, last }, situation) {
    const { state } = situation;
    const server = object.includes('/') ? findServer(state, serverKind.parse(object)) : null;
    const backend = findBackend(state, server?.backend ?? object);
    const name = server === null ? backend.name : `${backend.name}/${server.name}`;
    const moments = await momentsOf(name, server === null ? backend.servers : [server], situation);
    const told = moments.slice(-(last ?? TOLD));
    const now = server === null ? backendNow(backend) : serverNow(server);
    const rows = told.map(({ date, source, text }) => [date === null ? '' : dateText(date), source, text].map(shown));
    return {
      records: [{ type: 'now', object: name, reasons: now }, ...told.map((moment) => ({ type: 'moment', ...moment }))],
      lines: [...now.map(shown), '', ...(rows.length === 0 ? ['nothing is known of the past'] : table(rows))],
    };
  },
});

/** Why a server takes traffic or not, the strongest reason first. */
function serverNow(server: ServerState): string[] {
  const { backend, name, admin, oper, status, check, weight, sessions, maxconn, queue, since } = server;
  const own = `${backend}/${name}`;
  const held = `for ${durationText(Math.max(0, since) * 1000)}`;
  const reasons: string[] = [];
  if (admin === 'maint') reasons.push(`${own} takes no traffic: in maintenance (${status})`);
  if (admin === 'drain') reasons.push(`${own} takes no new traffic: draining, ${count(sessions, 'session')} left`);
  if (oper === 'down' && admin !== 'maint') {
    const found = check === null ? status : `${check.status} ${check.lastText}`.trim();
    reasons.push(`${own} takes no traffic: down by checks ${held}: ${found}`);
  }
  if (weight === 0) reasons.push(`${own} takes no new traffic: its weight is 0 (the file says ${server.fileWeight})`);
  if (maxconn > 0 && sessions >= maxconn)
    reasons.push(`${own} is full: ${sessions} of ${maxconn} sessions, ${queue} queued`);
  if (reasons.length === 0)
    reasons.push(`${own} takes traffic: ${status} ${held}, ${count(sessions, 'session')}, weight ${weight}`);
  if (check !== null && !check.enabled) reasons.push('its health checks are switched off');
  return reasons;
}

function backendNow(backend: BackendState): string[] {
  const usable = backend.servers.filter((server) => server.usable);
  const sum = `backend '${backend.name}' is ${backend.status}: ${usable.length} of ${count(backend.servers.length, 'server')} usable, ${count(backend.sessions, 'session')}, ${backend.queue} queued`;
  return [sum, ...backend.servers.filter((server) => !server.usable).flatMap((server) => serverNow(server))];
}

/** All that is known of the past, oldest first; what has no date is last. A source that is refused (level, version) is left out and told. */
async function momentsOf(name: string, servers: readonly ServerState[], { target }: Situation): Promise<Moment[]> {
  const { client, ledger } = target;
  const sources: readonly (readonly [string, Promise<readonly Moment[]>])[] = [
    [
      'the journal',
      ledger.history({ object: name, last: TOLD, phase: 'outcome' }).then((all) => all.map(changeMoment)),
    ],
    ['captured errors', client.run(['show', 'errors']).then((text) => errorMoments(text, name))],
    ['rings', logLines(client, name).then((all) => all.map(({ date, text }) => ({ date, source: 'log', text })))],
  ];
  const found = await Promise.allSettled(sources.map(([, moments]) => moments));
  const moments = found.flatMap((result, i): readonly Moment[] => {
    if (result.status === 'fulfilled') return result.value;
    const reason = result.reason instanceof Error ? result.reason.message : String(result.reason);
    return [{ date: null, source: 'state', text: `${sources[i]![0]} could not be read: ${reason}` }];
  });
  moments.push(...servers.map(stateMoment));
  return moments.sort((a, b) => (a.date ?? Number.POSITIVE_INFINITY) - (b.date ?? Number.POSITIVE_INFINITY) || 0);
}

function stateMoment({ backend, name, since, oper, check }: ServerState): Moment {
  const found = check === null ? '' : ` (${check.status} ${check.lastText}`.trimEnd().concat(')');
  return { date: Date.now() - since * 1000, source: 'state', text: `${backend}/${name} became ${oper}${found}` };
}

function changeMoment(entry: JournalEntry): Moment {
  const [, ...words] = entryRow(entry);
  return { date: entry.date, source: 'change', text: words.filter((word) => word !== '').join('  ') };
}

function errorMoments(text: string, name: string): Moment[] {
  const [backend, server] = name.split('/') as [string, string | undefined];
  const facts = (error: CapturedError) => error.facts.join(' ');
  const about = (error: CapturedError) =>
    server === undefined
      ? error.proxy === backend || facts(error).includes(`backend ${backend} `)
      : facts(error).includes(`backend ${backend} `) && facts(error).includes(`server ${server} `);
  return parseErrors(text)
    .errors.filter(about)
    .map((error) => ({
      date: capturedDate(error.date),
      source: 'error',
      text: `invalid ${error.message}, byte ${error.position ?? '?'} (sluice errors ${error.proxy})`,
    }));
}

/** `21/Nov/2026:08:59:00.000`, in this machine's time zone. */
function capturedDate(text: string): number | null {
  const [, day, month, year, time] = /^(\d+)\/(\w+)\/(\d+):([\d:.]+)/.exec(text) ?? [];
  const date = Date.parse(`${day} ${month} ${year} ${time}`);
  return Number.isNaN(date) ? null : date;
}
