import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { type Scope, until } from './wait.ts';

/** Why nothing can be run on a terminal here, or false. */
export const noTerminal: string | false =
  spawnSync('script', ['--version']).status === 0 ? false : 'script (bsdutils) is not installed';

/** A program on a terminal of its own, of 100 columns and 30 rows. */
export interface Terminal {
  /** Types keys. */
  type(keys: string): void;
  /** Waits until what was shown since the last call matches. */
  shows(pattern: RegExp): Promise<string>;
  /** All that was shown. */
  readonly all: string;
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>;
}

/** Runs a command of the shell on a terminal that script(1) makes; ended with `scope`. */
export function onTerminal(scope: Scope, command: string, env: NodeJS.ProcessEnv): Terminal {
  const child: ChildProcess = spawn('script', ['-qefc', `stty cols 100 rows 30; exec ${command}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let all = '';
  let seen = 0;
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => {
    all += piece;
  });
  child.stdin!.on('error', () => undefined);
  scope.after(() => child.kill());
  return {
    type: (keys) => void child.stdin!.write(keys),
    async shows(pattern) {
      const text = await until(
        () => `${pattern} on the terminal, which showed ${JSON.stringify(all.slice(seen))}`,
        () => pattern.exec(all.slice(seen)),
      );
      seen += text.index + text[0].length;
      return text[0];
    },
    get all() {
      return all;
    },
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
}
