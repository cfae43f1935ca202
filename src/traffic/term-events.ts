import type { Stream } from './stream.ts';

/* What ended a stream, in HAProxy's code: a letter for the place (f, F: connection to client, server; s, S: the stream's side to them) and a digit. */

/** By the first letter of the termination state (manual, section 8.5). */
const STREAM_EVENTS: Readonly<Record<string, string>> = {
  // Aborted; a timeout; intercepted; an internal error.
  ...{ C: 'sc', K: 'sc', D: 'sc', U: 'sc' },
  ...{ c: 's7', s: 'S7' },
  ...{ P: 's8', L: 's8', R: 's8' },
  I: 'sa',
};

/** What a place that is not told apart, or that is not there, has. */
const UNTOLD = '-';

/**
 * The events that ended the parts of a stream so far (manual, `term_events`): connection, multiplexer and end of the client, the stream, and
 * those of the server. Of multiplexers and ends nothing is told apart here.
 */
export function termEvents(stream: Stream): string {
  return `{${clientEvent(stream)},${UNTOLD},${UNTOLD},${streamEvent(stream)},${UNTOLD},${UNTOLD},${serverEvent(stream)}}`;
}

function clientEvent({ clientEnded, log }: Stream): string {
  // The end of what it sends; an error.
  return clientEnded ? 'f2' : log.cause === 'C' ? 'f3' : '';
}

function streamEvent({ log, serverEnded, serverBroken }: Stream): string {
  if (log.cause !== 'S') return STREAM_EVENTS[log.cause] ?? '';
  // No connection; a response that was cut off by the end of the connection, or by an error.
  if (log.phase === 'C' || log.phase === 'Q') return 'Sb';
  return serverEnded && !serverBroken ? 'S5' : 'S6';
}

function serverEvent({ server, serverConn, serverEnded, serverBroken, serverError, log }: Stream): string {
  if (server === null && serverConn === null) return UNTOLD;
  if (serverError !== 0) return 'F7';
  if (serverEnded && !serverBroken) return 'F2';
  return log.cause === 'S' && log.phase !== 'C' ? 'F3' : '';
}
