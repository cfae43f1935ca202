import { evaluateCondition } from '../config/conditions.ts';
import { PROGRAM_FACTS } from './facts.ts';
import type { StartupMessages } from './messages.ts';

/** `-cc`: the exit status: 0 when the condition holds, 1 when not, 2 (with a message) when it is not understood. */
export function conditionStatus(condition: string, messages: StartupMessages): number {
  const result = evaluateCondition(condition, { ...PROGRAM_FACTS, environment: (name) => process.env[name] });
  if (typeof result === 'boolean') return result ? 0 : 1;
  messages.alert(`config : Failed to evaluate condition: ${result.error}`);
  return 2;
}
