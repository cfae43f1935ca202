import type { Control } from '../../control/types.ts';
import type { StreamView } from '../../model/messages.ts';
import { type Answer, dump, error, info } from '../answer.ts';
import { apply } from '../apply.ts';
import { serverArgument } from '../lookup.ts';
import type { Call, Command } from '../registry.ts';
import { parseSessionQuery, SESSION_HELP, type SessionQuery } from '../sessions/filter.ts';
import {
  type AskingSession,
  askingDetails,
  askingLine,
  type SessionStyle,
  sessionDetails,
  sessionLine,
} from '../sessions/render.ts';

/** A stream without progress for that long looks stuck. */
const STUCK_MS = 60_000;

async function showSessions(call: Call): Promise<Answer> {
  const { args, control, session } = call;
  const query = parseSessionQuery(args, control.model);
  if (typeof query === 'string') return query === SESSION_HELP ? info(query) : error(query);
  const answers = (await control.traffic.ask({ kind: 'streams.list', filter: query.filter })) as StreamView[][];
  const streams = answers.flat().filter((stream) => !query.suspicious || isSuspicious(stream, Date.now()));
  const asking: AskingSession = {
    id: session.id,
    unix: session.connection.socket.remoteAddress === undefined,
    source: session.connection.socket.remoteAddress === undefined ? 'unix:1' : session.from,
    startedAt: session.startedAt,
    timeout: session.connection.timeout,
  };
  const wantsAsking = listsAsking(query, asking);
  if (query.filter.id !== undefined && streams.length === 0 && !wantsAsking) return error('Session not found.');
  const style: SessionStyle = {
    now: Date.now(),
    anonKey: session.anonKey,
    uri: query.uri,
    filters: (frontend) => filtersOf(control, frontend),
  };
  return dump(render(streams, query, style, wantsAsking ? asking : null));
}

function* render(
  streams: readonly StreamView[],
  query: SessionQuery,
  style: SessionStyle,
  asking: AskingSession | null,
): Generator<string> {
  for (const stream of streams) yield query.detailed ? sessionDetails(stream, style) : sessionLine(stream, style);
  if (asking) yield query.detailed ? askingDetails(asking, style.now) : askingLine(asking, style.now);
}

/** The asking connection is listed unless a filter leaves it out. */
function listsAsking({ filter, suspicious }: SessionQuery, asking: AskingSession): boolean {
  if (filter.id !== undefined) return filter.id === asking.id;
  return (
    !suspicious && filter.backend === undefined && filter.frontend === undefined && filter.olderThanMs === undefined
  );
}

function isSuspicious(stream: StreamView, now: number): boolean {
  return (
    (stream.expires !== 0 && stream.expires < now) ||
    (!stream.queued && stream.expires === 0 && now - stream.lastActive > STUCK_MS)
  );
}

/** Names of the filters that the streams of a frontend pass. */
function filtersOf({ model }: Control, frontend: string): string[] {
  const config = model.proxies.find((proxy) => proxy.isFrontend && proxy.name === frontend)?.config;
  const rules = [...(config?.rules['http-request'] ?? []), ...(config?.rules['http-response'] ?? [])];
  return rules.some((rule) => rule.words[0]?.startsWith('cache-')) ? ['cache store filter'] : [];
}

function shutdownSession(call: Call): Answer | Promise<Answer> {
  const [id] = call.args;
  return id
    ? apply(call, { kind: 'session.kill', id: id.toLowerCase() })
    : error("Session pointer expected (use 'show sess').");
}

function shutdownServerSessions(call: Call): Answer | Promise<Answer> {
  const server = serverArgument(call, call.args[0]);
  return server.ok
    ? apply(call, { kind: 'sessions.kill-server', backend: server.value.proxy.name, server: server.value.name })
    : server.answer;
}

/** Streams that are in progress. */
export const sessionCommands: readonly Command[] = [
  {
    words: 'show sess',
    args: '[<id> | all | help] [<options>]',
    help: 'report the list of current streams or dump this exact stream',
    level: 'operator',
    where: 'worker',
    about: 'Options: `older <age>`, `susp`, `backend <b>`, `frontend <f>`, `server <b>/<s>`, `show-uri`.',
    run: showSessions,
  },
  {
    words: 'shutdown session',
    args: '[id]',
    help: 'kill a specific session',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: shutdownSession,
  },
  {
    words: 'shutdown sessions server',
    args: '<bk>/<srv>',
    help: 'kill sessions on a server',
    level: 'admin',
    where: 'worker',
    changes: true,
    run: shutdownServerSessions,
  },
];
