import { parseBindLine } from '../config/bind.ts';
import type { BindConfig } from '../config/types.ts';

/** Where messages about `-S` point to. */
const COMMAND_LINE = { file: '-S', line: 0 };

/**
 * The sockets of the master CLI from `-S ADDRESS[,OPTION...]`, with the options of `bind` lines; of level admin and for the owner
 * only unless they say otherwise. Throws an Error for operators.
 */
export function masterSockets(values: readonly string[]): BindConfig[] {
  return values.flatMap((value) => {
    const words = value.split(',');
    const { binds, addressError, report } = parseBindLine(words, { at: COMMAND_LINE, tls: null });
    const problem = addressError ?? report.error;
    if (problem !== null) throw new Error(`${problem}: master CLI socket '${value}' (-S)`);
    return binds.map((bind) => ({
      ...bind,
      level: words.includes('level') ? bind.level : 'admin',
      mode: bind.mode ?? 0o600,
    }));
  });
}
