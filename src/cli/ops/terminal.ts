/** Where an operation is typed and read: the process's own streams, or those of a test. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** Asks on the terminal, answered by y or yes; null when nobody can be asked. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<boolean>) | null;
}

export interface Output {
  write(text: string): void;
  /** Lines can be overwritten. */
  readonly isTerminal: boolean;
  /** Colours are shown, and NO_COLOR (no-color.org) does not forbid them. */
  readonly hasColours: boolean;
}

/** The streams of this process. A reader who is gone does not end what was begun. */
export function ownTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  return { out: output(stdout), err: output(stderr), ask: stdin.isTTY && stderr.isTTY ? ask : null };
}

function output(stream: NodeJS.WriteStream): Output {
  stream.on('error', () => undefined);
  const isTerminal = stream.isTTY === true;
  return {
    write: (text) => void stream.write(text),
    isTerminal,
    hasColours: isTerminal && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  };
}

async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // In this mode the terminal sends Ctrl-C as a key, not as a signal.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
