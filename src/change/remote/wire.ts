/** A command of the Runtime API, unquoted. */
export interface Command {
  readonly words: readonly string[];
  /** Lines, for commands that take some. No empty ones: HAProxy before 2.9 takes such for the end. */
  readonly payload?: string;
  /** It needs experimental mode on the same connection. */
  readonly experimental?: boolean;
  /** It needs expert mode. */
  readonly expert?: boolean;
  /** The payload, or the last word where there is none, is not to be shown. */
  readonly secret?: boolean;
}

/** What was answered. */
export interface WireAnswer {
  /** Syslog number: 3 error, 4 warning, 5 notice, 6 info; null for dumps, for success without a word, and where it is not told. */
  readonly severity: number | null;
  readonly text: string;
}

/** How commands get to one HAProxy. */
export interface Wire {
  /** Rejects with a RuntimeClientError when no whole answer comes; the command may have been executed all the same. */
  ask(command: Command): Promise<WireAnswer>;
  /**
   * Sends commands one after the other without waiting, as they come, and takes the answers meanwhile. Resolves with the number sent when all are
   * answered with silence; the first that says something ends it: then the rest is not sent, and it is that one's number and words.
   */
  pour(commands: Iterable<Command>): Promise<{ readonly sent: number; readonly objection: WireAnswer | null }>;
  /** Connects anew: an older process serves the connections that it has, after a reload another one listens. */
  renew(): Promise<void>;
}

/** The command as somebody would type it into socat. */
export function commandText({ words, payload, experimental, expert, secret }: Command): string {
  const shown = secret && payload === undefined ? [...words.slice(0, -1), '(withheld)'] : words;
  const line = (experimental ? 'experimental-mode on;' : expert ? 'expert-mode on;' : '') + shown.map(quoted).join(' ');
  if (payload === undefined) return line;
  const lines = payload.replace(/\n+$/, '').split('\n');
  return secret || lines.length > MOST_LINES
    ? `${line} << (${lines.length} lines, ${payload.length} bytes)`
    : `${line} <<\n${lines.join('\n')}\n`;
}

const MOST_LINES = 10;

/** A backslash makes the next character an ordinary one (management.txt, section 9.3). */
function quoted(word: string): string {
  return word.replace(/[\\ \t;]|^</g, '\\$&');
}
