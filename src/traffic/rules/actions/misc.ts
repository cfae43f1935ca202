import { compileExpression, evaluateText } from '../../../expr/compile.ts';
import { render } from '../../services.ts';
import { captureText } from '../../transport-facts.ts';
import { waitsFor } from '../inspect.ts';
import { type ActionRow, Verdict } from '../types.ts';
import { ALL_HTTP } from './kinds.ts';

const LEVELS: readonly string[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

/** `capture <sample> {len <length>|id <slot>}`: puts a value into the captures of the log. */
const capture: ActionRow = {
  name: 'capture',
  kinds: [...ALL_HTTP, 'tcp-request content'],
  compile(words, env) {
    const side = env.kind === 'http-response' || env.kind === 'http-after-response' ? 'response' : 'request';
    const parsed = compileExpression(words.left, env.expr);
    if ('error' in parsed) return parsed;
    words.at += parsed.next;
    const { compiled } = parsed;
    const how = words.take();
    const number = Number(words.take());
    if (!Number.isInteger(number) || number < (how === 'len' ? 1 : 0) || (how !== 'len' && how !== 'id'))
      return { error: "expects 'len <length>' or 'id <slot>'" };
    if (how === 'len' && (env.slots === null || side === 'response'))
      return { error: "expects 'id': only requests of frontends may take 'len'" };
    if (how === 'id' && env.slots !== null && env.slots[side].length <= number) {
      return { error: `unable to find capture id '${number}' referenced by ${env.kind} capture rule` };
    }
    const { file, line } = env.at;
    const own = () => env.slots!.request.findIndex(({ at }) => at.file === file && at.line === line);
    const id = how === 'id' ? number : own();
    const waits = env.kind === 'tcp-request content';
    // Of a `listen` section that is a backend the place is one of another frontend.
    const most = how === 'len' ? number : Infinity;
    return (stream) => {
      if (waits && waitsFor(stream, compiled)) return Verdict.more;
      const value = evaluateText(compiled, stream);
      if (value !== undefined) captureText(stream, side, id, value.slice(0, most));
      return Verdict.next;
    };
  },
};

/** Actions that neither edit the message nor end the exchange, and services. */
export const miscActions: readonly ActionRow[] = [
  capture,
  {
    name: 'set-log-level',
    kinds: [...ALL_HTTP, 'tcp-request content', 'tcp-response content'],
    compile(words) {
      const name = words.take() ?? '';
      const level = LEVELS.indexOf(name);
      if (level < 0 && name !== 'silent') return { error: `expects exactly 1 argument (log level name or 'silent')` };
      return (stream) => {
        stream.silentLog = level < 0;
        if (level >= 0) stream.logLevel = level;
        return Verdict.next;
      };
    },
  },
  {
    name: 'use-service',
    kinds: ['http-request'],
    compile(words) {
      const name = words.take() ?? '';
      if (name.startsWith('lua.')) return { error: `'${name}' is not supported: Lua is not built in` };
      if (name !== 'prometheus-exporter')
        return { error: `'${name}' is not a known service; 'prometheus-exporter' is` };
      return (stream) => {
        stream.log.service = '<PROMEX>';
        render(stream, 'prometheus', stream.frontend.id, false);
        return Verdict.done;
      };
    },
  },
];
