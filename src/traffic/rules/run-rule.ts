import type { Stream } from '../stream.ts';
import { type Rule, Verdict } from './types.ts';

/** Does what a rule is for, and notes it as the last one unless the next one follows. The stream may be gone afterwards. */
export function runRule(stream: Stream, rule: Rule): number {
  const before = stream.lastRule;
  stream.ruleBefore = before;
  stream.lastRule = rule.at;
  const verdict = rule.run(stream);
  if (verdict === Verdict.next) stream.lastRule = before;
  return verdict;
}
