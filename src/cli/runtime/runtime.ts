/** `sluice runtime`: the Runtime API as socat gives it, with levels of its own, a journal and a policy. */
import { ERRORS, errorCode } from '../../ops/errors.ts';
import { openTarget } from '../../ops/open-target.ts';
import { shown } from '../../util/shown.ts';
import { ownTerminal } from '../ops/terminal.ts';
import { answersOn } from './answers.ts';
import { readOptions } from './options.ts';
import { runLines } from './run-lines.ts';
import { inputSource, type Source, terminalSource, textSource } from './source.ts';

/** Resolves to 0, to 1 when a command was refused, or to the exit status of what went wrong (src/ops/errors.ts). */
export async function runtime(args: readonly string[]): Promise<number> {
  const terminal = ownTerminal();
  try {
    const { target: name, level, json, command } = readOptions(args);
    const target = await openTarget(name);
    try {
      const ok = await runLines(sourceOf(command), target, level, answersOn(terminal, json));
      return ok ? 0 : ERRORS.refused.status;
    } finally {
      await target.close();
    }
  } catch (error) {
    terminal.err.write(`sluice: ${shown(error instanceof Error ? error.message : String(error))}\n`);
    return ERRORS[errorCode(error)].status;
  }
}

function sourceOf(command: string | null): Source {
  if (command !== null) return textSource(command);
  if (process.stdin.isTTY) return terminalSource();
  return inputSource(process.stdin.setEncoding('utf8') as AsyncIterable<string>);
}
