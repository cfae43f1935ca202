import { createInterface } from 'node:readline';
import { OperationError } from '../../ops/errors.ts';

/** Where command lines come from. */
export interface Source {
  /** A person types: he is prompted, and nothing that he does wrong ends it. */
  readonly interactive: boolean;
  /** The next line, null at the end. Rejects with an OperationError when a line has no end. */
  next(prompt: string): Promise<string | null>;
  close(): void;
}

/** Most characters of a line. */
const LONGEST = 1024 * 1024;

/** The lines of a text. */
export function textSource(text: string): Source {
  const lines = text.replace(/\n$/, '').split('\n');
  return { interactive: false, next: async () => lines.shift() ?? null, close: () => undefined };
}

/** Standard input, as it comes. */
export function inputSource(input: AsyncIterable<string>): Source {
  const pieces = input[Symbol.asyncIterator]();
  let rest = '';
  let ended = false;
  return {
    interactive: false,
    async next() {
      for (;;) {
        const end = rest.indexOf('\n');
        if (end >= 0 || ended) {
          if (end < 0 && rest === '') return null;
          const line = end < 0 ? rest : rest.slice(0, end);
          rest = end < 0 ? '' : rest.slice(end + 1);
          return line;
        }
        if (rest.length > LONGEST)
          throw new OperationError('failed', `a line of more than ${LONGEST} characters is no command`);
        const { done, value } = await pieces.next();
        if (done) ended = true;
        else rest += value;
      }
    },
    close: () => undefined,
  };
}

/** A person at a terminal, with a prompt on stderr and the usual keys. */
export function terminalSource(): Source {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true, historySize: 500 });
  const waiting: string[] = [];
  let asking: ((line: string | null) => void) | null = null;
  let closed = false;
  const give = (line: string | null) => {
    const ask = asking;
    asking = null;
    if (ask !== null) ask(line);
    else if (line !== null) waiting.push(line);
  };
  lines.on('line', give);
  lines.on('SIGINT', () => lines.close());
  lines.on('close', () => {
    closed = true;
    give(null);
  });
  return {
    interactive: true,
    next(prompt) {
      const line = waiting.shift();
      if (line !== undefined) return Promise.resolve(line);
      if (closed) return Promise.resolve(null);
      lines.setPrompt(prompt);
      lines.prompt();
      return new Promise((resolve) => {
        asking = resolve;
      });
    },
    close: () => lines.close(),
  };
}
