import type { LogStep } from '../../../config/types.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { compileProfile, type LogProfile, lineCompiler } from '../../compile-logger.ts';
import { logByRule } from '../../log.ts';
import { type ActionRow, type RuleEnv, type RuleKind, Verdict, type Words } from '../types.ts';
import { EVERYWHERE } from './kinds.ts';

/** How profiles call the lines of rules of each set. */
const STEPS: Readonly<Record<RuleKind, LogStep>> = {
  'tcp-request connection': 'tcp-req-conn',
  'tcp-request session': 'tcp-req-sess',
  'tcp-request content': 'tcp-req-cont',
  'tcp-response content': 'tcp-res-cont',
  'http-request': 'http-req',
  'http-response': 'http-res',
  'http-after-response': 'http-after-res',
};

function readProfile(words: Words, env: RuleEnv): LogProfile | null | ExprError {
  if (!words.skip('profile')) return null;
  const name = words.take() ?? '';
  const profile = env.logProfile(name);
  if (profile === null) return { error: `unable to find log-profile '${name}'` };
  return compileProfile(profile, lineCompiler(env.expr, env.http));
}

/** `do-log [profile <name>]`: a line in the middle of the rules. */
export const logAction: ActionRow = {
  name: 'do-log',
  kinds: EVERYWHERE,
  compile(words, env) {
    const profile = readProfile(words, env);
    if (profile !== null && 'error' in profile) return profile;
    const step = STEPS[env.kind];
    return (stream) => {
      logByRule(stream, step, profile);
      return Verdict.next;
    };
  },
};
