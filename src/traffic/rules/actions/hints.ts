import type { Stream } from '../../stream.ts';
import { compileText, headerSafe } from '../text.ts';
import { type ActionRow, type Rule, Verdict } from '../types.ts';

/** `early-hint <name> <fmt>`: a field of a `103 Early Hints` (RFC 8297), which rules without condition that follow each other share. */
export const hintAction: ActionRow = {
  name: 'early-hint',
  kinds: ['http-request'],
  compile(words, env) {
    const name = words.take();
    const format = words.take();
    if (name === undefined || format === undefined) return { error: 'expects exactly 2 arguments' };
    const text = compileText(format, env);
    if ('error' in text) return text;
    const lower = name.toLowerCase();
    return (stream) => {
      // Clients of HTTP/1.0 do not know interim responses.
      if (stream.clientVersion < 11) return Verdict.next;
      stream.hints ??= [];
      stream.hints.push([lower, headerSafe(text(stream))]);
      return Verdict.next;
    };
  },
};

/** What stands behind the last of several `early-hint` rules: sends what they have said. */
export const sendHints = (at: Rule['at']): Rule => ({ at, condition: null, decide: null, run: send });

function send(stream: Stream): number {
  const { hints, res } = stream;
  if (hints === null) return Verdict.next;
  stream.hints = null;
  res.reset();
  res.isRequest = false;
  res.version = 11;
  res.status = 103;
  res.reasonText = 'Early Hints';
  for (const [name, value] of hints) res.addHeader(name, value);
  stream.log.bytesRead += res.editedSize();
  stream.client!.sendInterim(stream);
  return Verdict.next;
}
