/** The lines before the messages of the peers protocol (`doc/peers.txt` of HAProxy, "Handshake"). */

/** The name of the protocol, and the versions of it that are spoken: 2.1, and 2.0 without times of expiry. */
const NAME = 'HAProxyS';
const MAJOR = 2;
export const NEWEST_MINOR = 1;

/** Status codes of the answer to a hello. */
export const Status = {
  success: 200,
  tryAgain: 300,
  protocol: 501,
  version: 502,
  /** The name that the hello calls the local peer by is not its name. */
  localName: 503,
  /** The name of who connects is not in the section. */
  remoteName: 504,
} as const;

/** What who connects says first. */
export interface Hello {
  readonly minor: number;
  /** The peer it wants to reach. */
  readonly to: string;
  /** Its own name. */
  readonly from: string;
}

/** Longest hello, all lines together; and longest status line. */
export const LONGEST_HELLO = 1024;
const LONGEST_STATUS = 16;

/** The three lines of a hello. */
export function helloText({ minor, to, from }: Hello, pid: number): string {
  return `${NAME} ${MAJOR}.${minor}\n${to}\n${from} ${pid} 1\n`;
}

/**
 * Reads a hello from the beginning of what was received, as latin1: null while lines are missing, a status code when it is refused by its
 * first line or its form; else what it says and how many characters it took.
 */
export function readHello(text: string): { readonly hello: Hello; readonly length: number } | number | null {
  const lines: string[] = [];
  let at = 0;
  while (lines.length < 3) {
    const end = text.indexOf('\n', at);
    if (end < 0) return text.length >= LONGEST_HELLO ? Status.protocol : null;
    lines.push(text.slice(at, end).replace(/\r$/, ''));
    at = end + 1;
    const trouble = lines.length === 1 ? firstLineTrouble(lines[0]!) : null;
    if (trouble !== null) return trouble;
  }
  const [first, to, last] = lines as [string, string, string];
  const space = last.indexOf(' ');
  if (space < 0) return Status.protocol;
  return { hello: { minor: Number(first.split('.')[1]), to, from: last.slice(0, space) }, length: at };
}

function firstLineTrouble(line: string): number | null {
  if (!line.startsWith(`${NAME} `)) return Status.protocol;
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(line.slice(NAME.length + 1));
  const fits = match !== null && Number(match[1]) === MAJOR && Number(match[2]) <= NEWEST_MINOR;
  return fits ? null : Status.version;
}

/** Reads a status line: null while it is not complete; 0 for what is no number. */
export function readStatus(text: string): { readonly status: number; readonly length: number } | null {
  const end = text.indexOf('\n');
  if (end < 0) return text.length >= LONGEST_STATUS ? { status: 0, length: text.length } : null;
  const line = text.slice(0, end).replace(/\r$/, '');
  return { status: /^\d{3}$/.test(line) ? Number(line) : 0, length: end + 1 };
}
