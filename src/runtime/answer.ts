/**
 * What a command answers. A `message` is text made while the command was parsed or applied: it carries a syslog severity, which
 * `set severity-output` puts in front, and ends with exactly one LF. A `dump` is streamed as it is, in slices.
 */
export type Answer =
  | { readonly kind: 'message'; readonly severity: number; readonly text: string }
  | { readonly kind: 'dump'; readonly pieces: Pieces }
  | { readonly kind: 'nothing' };

/** The text of a dump in pieces: each small enough that making it takes well under a millisecond. */
export type Pieces = Iterable<string> | AsyncIterable<string>;

/** Severities in syslog's numbers, as HAProxy attaches them. */
export const Severity = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/** Names of the severities in `set severity-output string`. */
const NAMES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

/** Success without a word. */
export const nothing: Answer = { kind: 'nothing' };

/** A failure (severity err). */
export function error(text: string): Answer {
  return { kind: 'message', severity: Severity.error, text };
}

export function warning(text: string): Answer {
  return { kind: 'message', severity: Severity.warning, text };
}

export function notice(text: string): Answer {
  return { kind: 'message', severity: Severity.notice, text };
}

export function info(text: string): Answer {
  return { kind: 'message', severity: Severity.info, text };
}

/** Text that is no message: no severity in front. Lines end with LF. */
export function dump(pieces: Pieces | string): Answer {
  return { kind: 'dump', pieces: typeof pieces === 'string' ? [pieces] : pieces };
}

export const denied: Answer = error('Permission denied');

/** The text of a message as it is sent, with its severity as the connection wants it. '' stays ''. */
export function messageText(severity: number, text: string, output: 'none' | 'number' | 'string'): string {
  if (text === '') return '';
  const body = text.replace(/\n*$/, '\n');
  if (output === 'none') return body;
  return `[${output === 'number' ? severity : NAMES[severity]}]: ${body}`;
}
