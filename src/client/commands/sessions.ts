import { type CapturedErrors, parseErrors } from '../parse/captured.ts';
import { type EventSink, parseSinks } from '../parse/names.ts';
import { parseSession, type SessionRow } from '../parse/sessions.ts';
import type { Session, StreamOptions } from '../session.ts';
import { parsed } from './parsed.ts';

export interface EventOptions extends Pick<StreamOptions, 'signal'> {
  /** Go on with new events as they come, until the caller has enough. */
  readonly follow?: boolean;
  /** Leave out what the sink holds already. */
  readonly onlyNew?: boolean;
}

/** Commands for streams, captured errors and events. */
export function sessionCommands({ run, batches }: Session) {
  return {
    /** The streams there are. For many: `sessions`. */
    async showSess(): Promise<SessionRow[]> {
      return parsed(await run(['show', 'sess']), parseSession);
    },
    /** The streams there are, one by one as they come. */
    async *sessions(options?: StreamOptions): AsyncGenerator<SessionRow, void, undefined> {
      for await (const lines of batches(['show', 'sess'], options))
        for (const line of lines) {
          const row = parseSession(line);
          if (row !== null) yield row;
        }
    },
    /** All that is known of one stream, as text. */
    showSession: (id: string): Promise<string> => run(['show', 'sess', id]),
    async shutdownSession(id: string): Promise<void> {
      await run(['shutdown', 'session', id]);
    },
    /** Malformed messages that proxies have kept; of one proxy (name or id), in one direction. */
    async showErrors(proxy?: string | number, direction?: 'request' | 'response'): Promise<CapturedErrors> {
      const filter = proxy === undefined && direction === undefined ? [] : [String(proxy ?? -1)];
      return parseErrors(await run(['show', 'errors', ...filter, ...(direction === undefined ? [] : [direction])]));
    },
    /** The sinks of events. */
    async showEvents(): Promise<EventSink[]> {
      return parseSinks(await run(['show', 'events']));
    },
    /** The events of a sink, a line each; with `follow` until the loop over them is left or the signal aborts. */
    async *events(sink: string, options: EventOptions = {}): AsyncGenerator<string, void, undefined> {
      const { follow = false, onlyNew = false, signal } = options;
      const command = ['show', 'events', sink, ...(follow ? ['-w'] : []), ...(onlyNew ? ['-n'] : [])];
      for await (const lines of batches(command, { endless: follow, signal })) yield* lines;
    },
  };
}
