import { connect as netConnect } from 'node:net';
import { address, type Target } from './connection.ts';
import { within } from './wait.ts';

/**
 * One line on the Runtime API: a connection of its own, half-closed after the line as `socat` does; the whole answer
 * up to the end, without its last empty line.
 */
export function cli(target: Target, line: string): Promise<string> {
  return cliBytes(target, line.endsWith('\n') ? line : `${line}\n`).then((answer) => answer.replace(/\n+$/, ''));
}

/** The same with bytes as they are, in both directions. */
export function cliBytes(target: Target, bytes: string, { halfClose = true } = {}): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    const socket = netConnect({ ...address(target), allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      socket.end();
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
    if (halfClose) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  });
  return within(answer, `the end of the answer to ${JSON.stringify(bytes)}`);
}

/** HAProxy's CSV (`show stat`, `;csv`): a header line that starts with `# `, rows, quotes doubled inside quotes. */
export function parseCsv(text: string): Record<string, string>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  const names = splitRow((lines.shift() ?? '').replace(/^# /, ''));
  return lines.map((line) => {
    const cells = splitRow(line);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

/** `key: value` lines (`show info`) as an object. */
export function parseInfo(text: string): Record<string, string> {
  const info: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf(':');
    if (at > 0) info[line.slice(0, at)] = line.slice(at + 1).trim();
  }
  return info;
}

/** `show servers state`: rows keyed by the names of its `# ` line; the first line (format version) is dropped. */
export function parseServersState(text: string): Record<string, string>[] {
  const [, names, ...rows] = text.split('\n').filter((line) => line !== '');
  const keys = (names ?? '').replace(/^# /, '').split(' ');
  return rows.map((row) => {
    const words = row.split(' ');
    return Object.fromEntries(keys.map((key, i) => [key, words[i] ?? '']));
  });
}

function splitRow(line: string): string[] {
  const cells: string[] = [];
  const cell = /"((?:[^"]|"")*)"(?:,|$)|([^,]*)(?:,|$)/y;
  while (cell.lastIndex < line.length) {
    const match = cell.exec(line);
    if (!match) throw new Error(`bad CSV row: ${line}`);
    cells.push(match[1] === undefined ? (match[2] as string) : match[1].replaceAll('""', '"'));
  }
  return cells;
}
