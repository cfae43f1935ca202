import type { Kept } from '../change.ts';

/** The content itself. What is kept beside the journal has been put back before a row sees a Change; throws when it has not. */
export function plain<T extends string | readonly unknown[] | null>(content: T | Kept): T {
  if (typeof content === 'object' && content !== null && 'kept' in content)
    throw new Error(`the content ${content.kept.slice(0, 12)} is kept beside the journal and was not put back`);
  return content as T;
}
