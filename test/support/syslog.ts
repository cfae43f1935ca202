import { createSocket } from 'node:dgram';
import { type Scope, within } from './wait.ts';

/** A receiver of syslog over UDP on 127.0.0.1. */
export interface Syslog {
  port: number;
  /** Datagrams as received, oldest first, with their `<PRI>`. */
  lines: string[];
  /** The first line that matches, among those already received and not yet given to an earlier `waitFor`, or to come. */
  waitFor(pattern: RegExp, ms?: number): Promise<string>;
  /** Forgets what has been received. */
  clear(): void;
}

/** Starts a receiver that is closed at the end of `scope`. */
export async function syslog(scope: Scope): Promise<Syslog> {
  const socket = createSocket('udp4');
  const fresh: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  const log: Syslog = {
    port: 0,
    lines: [],
    waitFor(pattern, ms) {
      const at = fresh.findIndex((line) => pattern.test(line));
      if (at >= 0) return Promise.resolve(fresh.splice(at, 1)[0] as string);
      const found = new Promise<string>((resolve) => waiting.push({ pattern, resolve }));
      return within(found, () => `a log line like ${pattern}; seen:\n${log.lines.join('\n')}`, ms);
    },
    clear() {
      log.lines.length = 0;
      fresh.length = 0;
    },
  };
  socket.on('message', (datagram) => {
    const line = datagram.toString('latin1').replace(/\n$/, '');
    log.lines.push(line);
    const at = waiting.findIndex(({ pattern }) => pattern.test(line));
    if (at >= 0) waiting.splice(at, 1)[0]?.resolve(line);
    else fresh.push(line);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  socket.setRecvBufferSize(4 << 20);
  scope.after(() => socket.close());
  log.port = socket.address().port;
  return log;
}
