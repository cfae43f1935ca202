/** What a transaction does besides the configuration: files that are kept, and Changes of the running process. */

import type { Change } from '../../change/change.ts';
import type { AreaName } from '../storage/areas.ts';

export type Step =
  | {
      readonly kind: 'file';
      readonly area: AreaName;
      readonly name: string;
      /** Base64; null: it is deleted. */
      readonly content: string | null;
    }
  | {
      readonly kind: 'changes';
      /** As it was asked for: `PUT runtime/maps/...`. */
      readonly title: string;
      readonly changes: readonly Change[];
    };

export type FileStep = Extract<Step, { readonly kind: 'file' }>;

/** A step in a line, for people. Contents are not told: keys are among them. */
export function stepText(step: Step): string {
  if (step.kind === 'changes') return step.title;
  const path = `storage/${step.area}/${step.name}`;
  if (step.content === null) return `${path}: deleted`;
  return `${path}: ${Buffer.from(step.content, 'base64').length} bytes`;
}

/** What a transaction makes of a file so far: its content, null where it is deleted, undefined where it is left alone. */
export function stagedContent(steps: readonly Step[], area: AreaName, name: string): Buffer | null | undefined {
  const step = steps.findLast((one): one is FileStep => one.kind === 'file' && one.area === area && one.name === name);
  if (step === undefined) return undefined;
  return step.content === null ? null : Buffer.from(step.content, 'base64');
}
