/** What a Runtime API answered. */
export interface Answer {
  /** Syslog number: 3 error, 4 warning, 5 notice, 6 info; null for dumps, for success without a word, and from masters before 3.1. */
  readonly severity: number | null;
  /** Without the line ends after it. */
  readonly text: string;
}

/** Takes the severity (`[3]: `) off the text of an answer, and the line ends after it. */
export function parseAnswer(body: string): Answer {
  const match = /^\[([0-7])\]: /.exec(body);
  const text = match === null ? body : body.slice(match[0].length);
  return { severity: match === null ? null : Number(match[1]), text: withoutLineEnds(text) };
}

function withoutLineEnds(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 10) end--;
  return text.slice(0, end);
}
