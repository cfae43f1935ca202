import { messageText } from '../../runtime/answer.ts';
import { shown } from '../../util/shown.ts';
import type { Terminal } from '../ops/terminal.ts';

/** An answer to one command. */
export interface Told {
  readonly command: string;
  readonly ok: boolean;
  readonly severity: number | null;
  /** With the line ends that belong to it. */
  readonly body: string;
}

/** How answers are shown. */
export interface Answers {
  tell(answer: Told): void;
  /** A line of an answer that goes on. */
  line(text: string): void;
  /** What is to be known beside the answer. */
  note(text: string): void;
  /** `set severity-output`. */
  severity: 'none' | 'number' | 'string';
}

/**
 * Answers as socat shows them: the text, then an empty line; with `json` an object a line. On a terminal nothing of them is obeyed by it.
 */
export function answersOn({ out, err }: Terminal, json: boolean): Answers {
  // Backslashes are the answer's own.
  const safe = (text: string) => (out.isTerminal ? text.replace(/[^\n\t\\]+/g, shown) : text);
  return {
    severity: 'none',
    tell({ command, ok, severity, body }) {
      if (json) return out.write(`${JSON.stringify({ command, ok, severity, text: body.replace(/\n+$/, '') })}\n`);
      const text = severity === null || this.severity === 'none' ? body : messageText(severity, body, this.severity);
      out.write(`${safe(text)}\n`);
    },
    line: (text) => out.write(json ? `${JSON.stringify({ line: text })}\n` : `${safe(text)}\n`),
    note: (text) => err.write(`sluice: ${shown(text)}\n`),
  };
}
