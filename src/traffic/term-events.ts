import { Framing } from './h1/head.ts';
import type { Stream } from './stream.ts';

/*
 * What ended the parts of a stream, in HAProxy's code: a letter for the place (f, m, e: connection, multiplexer and end of the client; s, S:
 * the stream towards client and server; E, M, F: as the first three, of the server) and a digit (1: ended from here; 2: by the peer; 3: by an
 * error; 5, 6: the like before its time; 7: a timeout, of a connection its failure; 8: a rule; 9: what cannot be read), up to four in order.
 */

/** Where nothing can be told. */
const UNTOLD = '-';

/** The events that ended the parts of a stream so far (manual, `term_events`), as HAProxy 3.4 tells them of an exchange of HTTP. */
export function termEvents(stream: Stream): string {
  const { log } = stream;
  // What could not be read has become no stream.
  if (log.origin.startsWith('sess_')) return `{${unreadEvents(log.cause)},-,-,-,-,-}`;
  if (!log.logged) return `{,,,,,${stream.server === null ? '-,-' : ','}}`;
  return `{${clientEvents(stream)},${streamEvents(stream)},${serverEvents(stream)}}`;
}

function unreadEvents(cause: string): string {
  if (cause === 'C') return 'f2,m5';
  return cause === 'P' ? ',m9' : ',';
}

/** A client that left, and how. */
function leftBy({ clientEnded, log }: Stream): 'end' | 'error' | null {
  if (log.cause !== 'C') return null;
  return clientEnded ? 'end' : 'error';
}

function clientEvents(stream: Stream): string {
  const left = leftBy(stream);
  if (left === 'error') return 'f3,m1,e1';
  // A request that is not whole ended before its time.
  const early = stream.log.phase === 'R' ? 5 : 2;
  if (left === 'end') return `f2f1,m${early}m1,e${early}e1`;
  const { cause, phase } = stream.log;
  // What the answer to a request that is late, or a response that is cut, does to the connection comes behind the line, or before.
  const kept = (cause === 'c' && phase === 'R') || (stream.keepAlive && phase !== 'D');
  return kept ? ',,e1' : 'f1,m1,e1';
}

function streamEvents(stream: Stream): string {
  const { cause, phase } = stream.log;
  switch (cause) {
    case 'C':
      if (leftBy(stream) === 'error') return 's3s1S1';
      return phase === 'R' ? 's5s1S1' : 's2S1s1';
    case 'S':
      return phase === 'C' || phase === 'Q' ? 'S1s1' : 'S5s1';
    case 's':
      return 'S7S1s1';
    case 'c':
      return phase === 'R' ? 's8S1s1' : 's7S1s1';
    case '-':
      return endsByClose(stream) ? 'S2s1' : 's1S1';
    default:
      if (phase === 'R' || phase === 'T') return 's8S1s1';
      return isUnreadable(stream) ? 'S6S1S9s1' : 'S8S1s1';
  }
}

/** The response ends with its connection. */
const endsByClose = (stream: Stream): boolean => stream.resBody.framing === Framing.close;

/** The response cannot be read, and no rule stands in its place. */
const isUnreadable = ({ log, statusSent }: Stream): boolean => log.cause === 'P' && statusSent === 502;

/** End, multiplexer and connection of the server. */
function serverEvents(stream: Stream): string {
  const { server, serverError, serverEnded, serverBroken, log } = stream;
  if (server === null) return `,${UNTOLD},${UNTOLD}`;
  if (log.connectEnd === 0) return `,,${serverError !== 0 ? 'F7' : ''}`;
  switch (log.cause) {
    case 'S':
      return serverEnded && !serverBroken ? 'E5E1,M5M1,F2F1' : 'E6E1,M6M1,F3';
    case 's':
    case 'c':
    case 'C':
      return 'E1,M1,F1';
    case '-':
      return endsByClose(stream) ? 'E2E1,M2M1,F2F1' : 'E1,,';
    default:
      return isUnreadable(stream) ? 'E9E1,M1,F1' : 'E1,,';
  }
}
